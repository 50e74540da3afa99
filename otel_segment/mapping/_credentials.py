"""Credentials in the URLs that texts are, or hold: in their queries, and before their hosts."""

import re
from functools import lru_cache
from urllib.parse import unquote_plus

from otel_segment.mapping._cards import without_cards
from otel_segment.mapping._deny_list import names_secret

__all__ = ["may_be_among", "may_hold_credentials", "without_credentials"]

_REDACTED = "REDACTED"
_MOST_REMEMBERED = 2_048
"""Characters of a text up to which it is worth the memory to remember what it was without credentials."""
_DEEPEST = 3
"""How often a URL may be encoded within another to be looked into."""
_LONGEST_KEY = 256

# Signatures that open what they sign, named by the semantic conventions for url.full, beside what names itself.
_SIGNATURE = re.compile(r"(?:^|[-_])(?:awsaccesskeyid|signature|sig)$", re.IGNORECASE)

# One of these is in each name of a secret.
_PARTS = ("pass", "secret", "token", "cookie", "author", "credential", "key", "sig")

# A value goes on to the next pair: ? and ; end it only where a pair follows them.
_PAIR = re.compile(
    rf"(?:^|(?<=[?&#;\s]))([^=&?#;\s]{{1,{_LONGEST_KEY}}})="
    rf"((?:[^&#?;\s\"<>]|[?;](?![^=&?#;\s]{{1,{_LONGEST_KEY}}}=))*)"
)
# Where the whole text is a URL or a query, nothing else can end a value.
_WHOLE_PAIR = re.compile(
    rf"(?:^|(?<=[?&#;]))([^=&?#;]{{1,{_LONGEST_KEY}}})=((?:[^&#?;]|[?;](?![^=&?#;]{{1,{_LONGEST_KEY}}}=))*)"
)
# Within a text, a user without a password ends at what may stand between two words; with one, a host has to follow.
_PASSWORD = re.compile(r"(?<=://)(?:[^/?#\s\"<>:@]*:[^/?#\s\"<>]*|[^/?#\s\"<>:@,;()]*)@")
_ANY_USER = re.compile(r"//[^/?#\s\"<>]*@")
_USER = re.compile(r"(?:(?<=://)|(?<=^//))[^/?#]*@")


def may_hold_credentials(text: str) -> bool:
    """Tell, at the least cost, whether a text may hold a query or a password."""
    return "=" in text or ("@" in text and "//" in text)


def may_be_among(texts: str) -> bool:
    """Tell, at the least cost, whether one of many texts, written as JSON, may hold a credential."""
    if "@" in texts and _ANY_USER.search(texts) is not None:
        return True
    if "=" not in texts:
        return False
    return "%" in texts or "+" in texts or _names_some(texts.lower())


def without_credentials(text: str, *, is_url: bool = False) -> str:
    """Return a text without the credentials of its URLs; the text itself where there are none.

    Args:
        text: The text.
        is_url: Whether the text as a whole is a URL or a reference; of such a one the user goes, too.
    """
    if not may_hold_credentials(text) or not _is_worth_it(text):
        return text
    return _clean_often(text, is_url) if len(text) <= _MOST_REMEMBERED else _clean(text, is_url)


def _is_worth_it(text: str) -> bool:
    """Tell whether a text that holds a query may hold a credential: most hold none."""
    if "%" in text or "+" in text or "@" in text:
        return True
    return _names_some(text.lower())


def _names_some(lower: str) -> bool:
    for part in _PARTS:  # noqa: SIM110 - a loop takes half of the time
        if part in lower:
            return True
    return False


def _clean(text: str, is_url: bool, depth: int = 0) -> str:
    if "=" in text:
        pair = _WHOLE_PAIR if is_url else _PAIR
        text = pair.sub(lambda match: _pair(match[0], match[1], match[2], depth), text)
    if "@" in text:
        text = (_USER if is_url else _PASSWORD).sub("", text)
    return text


_clean_often = lru_cache(maxsize=1024)(_clean)


def _pair(pair: str, key: str, value: str, depth: int) -> str:
    if _is_credential(key) or _hides(value, depth):
        return f"{key}={_REDACTED}"
    return pair


@lru_cache(maxsize=1024)
def _is_credential(key: str) -> bool:
    name = unquote_plus(key)
    return names_secret(name) or _SIGNATURE.search(name) is not None


def _hides(value: str, depth: int) -> bool:
    """Tell whether an encoded value holds what may not be read when it is decoded."""
    if depth >= _DEEPEST or not ("%" in value or "+" in value):
        return False
    decoded = unquote_plus(value)
    return without_cards(decoded) != decoded or _clean(decoded, True, depth + 1) != decoded
