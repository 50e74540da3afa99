"""Names of secrets, told by the words that they are made of."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import IntEnum

__all__ = ["Denial", "denial_of", "names_secret"]


class Denial(IntEnum):
    """Which values may not stand under a name."""

    NOTHING = 0
    """Any may."""
    COUNT = 1
    """Only numbers and booleans may, also in maps and lists: ``input_tokens`` is how many, as text it is which."""
    SECRET = 2
    """Only booleans may: that there is a password is no password."""
    ALL = 3
    """None may."""

    def holds_for(self, value: object) -> bool:
        """Tell whether a value has to go; of what is in a list or a map, each has to be asked for."""
        if self >= Denial.SECRET:
            return self is Denial.ALL or not isinstance(value, bool)
        return self is Denial.COUNT and not isinstance(value, bool | int | float) and not _is_container(value)


# Segment's own field for push messages: it names a device to a messaging service and opens nothing.
_EXEMPT = frozenset({"analytics.device.token", "analytics.context.device.token"})

# Each name of a secret has one of these, which is quick to tell.
_HINTS = ("pass", "secret", "token", "cookie", "authorization", "credential", "api", "private")
_SECRETS = (
    r"password|passwd|passphrase|secret|token|cookie|authorization|credential|apikey|privatekey"
    r"|(?<![^ ])(?:pass (?:word|wd|phrase)|api key|private key)"
)
# A word ends where no letter follows: so ``tokenizer`` and ``secretary`` are other words, and ``token2`` is this one.
_SECRET = re.compile(rf"(?:{_SECRETS})(?:key|id|value|hash|string)?(?P<plural>s?)(?![^\W\d_])")
_COUNTED = re.compile(r" (?:counts?|length|size|limits?|budget|total|usage|used|balance)$")
# What is told of a secret, and is none.
_HARMLESS = re.compile(
    r" (?:amount|price|status|type|symbol|method|consent|choice|policy|name|currency"
    r"|(?:expires|expiry|expiration)(?: (?:at|in|on))?)s?$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# The other way to read capitals that small letters follow: ``TOKENvalue``.
_CAPITALS = re.compile(r"(?<=[A-Z]{2})(?=[a-z])")
_BETWEEN = re.compile(r"[\W_]+")
_DEEPEST = 32


def denial_of(path: str) -> Denial:
    """Return which values may not stand under a name, or under a dotted path of names."""
    lower = path.lower()
    for hint in _HINTS:
        if hint in lower:
            return Denial.NOTHING if path in _EXEMPT else _judge(path) or Denial.NOTHING
    return Denial.NOTHING


def names_secret(key: str) -> bool:
    """Tell whether a key of a query names a secret; there, all values are text."""
    return denial_of(key) is not Denial.NOTHING


def _judge(path: str) -> Denial | None:
    """Return what a path is denied; None where it has no word of a secret at all."""
    words = _words(_CAMEL.sub(" ", path))
    found = [match["plural"] for match in _SECRET.finditer(words)]
    if not found and _CAPITALS.search(path):
        words = _words(_CAPITALS.sub(" ", path))
        found = [match["plural"] for match in _SECRET.finditer(words)]
    if not found:
        return None
    if _HARMLESS.search(words):
        return Denial.NOTHING
    if all(found) or _COUNTED.search(words):
        return Denial.COUNT
    # What lies under a name that is no secret's is judged by its own.
    if path.count(".") > _DEEPEST:
        return Denial.SECRET
    outer, dot, key = path.rpartition(".")
    judged = _judge(outer) if dot else None
    if judged is None or judged >= Denial.SECRET:
        return Denial.SECRET
    return max(judged, _judge(key) or Denial.NOTHING)


def _words(path: str) -> str:
    return _BETWEEN.sub(" ", path).lower()


def _is_container(value: object) -> bool:
    if isinstance(value, str | bytes | bytearray | memoryview):
        return False
    return isinstance(value, Mapping | Sequence | AbstractSet)
