"""Whether a program, not a person, asked: told from its user agent.

The list is the one of the package ``crawler-user-agents``. Its own function searches with a regular expression for
each entry, which takes up to milliseconds; nearly all entries are plain words, which an index finds in one pass.
"""

import importlib
import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from otel_segment._log import say_once

__all__ = ["is_bot"]

_LONGEST_AGENT = 512
_KEY = 3
"""Characters by which a word is found; no entry is shorter."""

_ESCAPED = re.compile(r"\\([^A-Za-z0-9])")
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")

# For want of the list: what programs that say what they are have in common. A "bot" that is part of a longer word in
# front, as in the telephone CUBOT, is none.
_COMMON = re.compile(
    r"bot\b(?<!cubot)|bots?[/_-]|crawl|spider|slurp|fetcher|monitor|preview|scrap|headless|lighthouse|facebookexternal"
    r"|^curl/|^wget/|^(?:python|go-http|okhttp|java|node|axios|ruby|perl|php|apache-http|libwww)",
    re.IGNORECASE,
)


def is_bot(user_agent: str) -> bool:
    """Return whether a user agent is a program's.

    Args:
        user_agent: The ``User-Agent`` header; its first 512 characters count.

    Returns:
        True where it is on the list of ``crawler-user-agents``, and where it is empty, as no browser's is. Without that
        package, where it looks like a program's; this is said in the log, once.
    """
    return _verdict(user_agent[:_LONGEST_AGENT])


@lru_cache(maxsize=4096)
def _verdict(user_agent: str) -> bool:
    return not user_agent.strip() or _listed()(user_agent)


@lru_cache(maxsize=1)
def _listed() -> Callable[[str], bool]:
    try:
        entries = importlib.import_module("crawleruseragents").CRAWLER_USER_AGENTS_DATA
        return _finder([entry["pattern"] for entry in entries])
    except (ImportError, OSError, AttributeError, LookupError, TypeError, ValueError, re.error):
        say_once(
            "bots",
            logging.WARNING,
            "The list of crawlers cannot be read, so only those that say it plainly are told from people; "
            "pip install crawler-user-agents",
        )
        return lambda user_agent: _COMMON.search(user_agent) is not None


def _finder(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Make the function that finds any of some regular expressions in a text."""
    words: dict[str, tuple[str, ...]] = {}
    others: list[str] = []
    for pattern in patterns:
        word = _ESCAPED.sub(r"\1", pattern)
        if len(word) < _KEY or _SPECIAL.search(_ESCAPED.sub("", pattern)):
            others.append(pattern)
        else:
            words[word[:_KEY]] = (*words.get(word[:_KEY], ()), word)
    rest = re.compile("|".join(f"(?:{pattern})" for pattern in others) or r"(?!)")

    def is_found(text: str) -> bool:
        for start in range(len(text) - _KEY + 1):
            found = words.get(text[start : start + _KEY])
            if found and text.startswith(found, start):
                return True
        return rest.search(text) is not None

    return is_found
