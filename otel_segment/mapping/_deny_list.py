"""Names of secrets, told by the words that they are made of."""

import re
from enum import IntEnum

__all__ = ["Denial", "denial_of", "names_secret"]


class Denial(IntEnum):
    """Which values may not stand under a name."""

    NOTHING = 0
    """Any may."""
    COUNT = 1
    """Only numbers and booleans may: ``input_tokens`` is how many, ``tokens`` as text is which."""
    SECRET = 2
    """Only booleans may: that there is a password is no password."""
    ALL = 3
    """None may."""

    def holds_for(self, value: object) -> bool:
        """Tell whether a value has to go."""
        if self >= Denial.SECRET:
            return self is Denial.ALL or not isinstance(value, bool)
        return self is Denial.COUNT and not isinstance(value, bool | int | float)


# Segment's own field for push messages: it names a device to a messaging service and opens nothing.
_EXEMPT = frozenset({"analytics.device.token", "analytics.context.device.token"})

_SECRETS = (
    r"password|passwd|passphrase|secret|token|cookie|authorization|credential|apikey|privatekey"
    r"|(?<![^ ])(?:pass (?:word|wd|phrase)|api key|private key)"
)
# A word ends where no letter follows: so ``tokenizer`` and ``secretary`` are other words, and ``token2`` is this one.
_SECRET = re.compile(rf"(?:{_SECRETS})(?P<plural>s?)(?![^\W\d_])")
_COUNTED = re.compile(r" (?:counts?|length|size|limit|budget|total|usage|used)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN = re.compile(r"[\W_]+")


def denial_of(path: str) -> Denial:
    """Return which values may not stand under a name, or under a dotted path of names."""
    words = _BETWEEN.sub(" ", _CAMEL.sub(" ", path)).lower()
    found = [match["plural"] for match in _SECRET.finditer(words)]
    if not found or path in _EXEMPT:
        return Denial.NOTHING
    is_count = all(found) or _COUNTED.search(words)
    return Denial.COUNT if is_count else Denial.SECRET


def names_secret(key: str) -> bool:
    """Tell whether a key of a query names a secret; there, all values are text."""
    return denial_of(key) is not Denial.NOTHING
