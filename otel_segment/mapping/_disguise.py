"""What is written in place of a value that may be told from others, but not read."""

import re
from hashlib import sha256
from typing import Any

from otel_segment.mapping._values import text

__all__ = ["Hash", "mask"]

_MASK = "***"
_SHOWN = 4
_EMAIL = re.compile(r"[^@]*(@[^@\s]*)")


class Hash:
    """Writes values as the hex SHA-256 of the salt and their text.

    Args:
        salt: The secret, without which the hash of a number can be undone by trying all of them.
    """

    def __init__(self, salt: str) -> None:
        self._salted = sha256(salt.encode("utf-8", "surrogatepass"))

    def __call__(self, value: Any) -> Any:
        """Return the hash of a value; nothing stays nothing."""
        if value is None:
            return None
        salted = self._salted.copy()
        salted.update(text(value).encode("utf-8", "surrogatepass"))
        return salted.hexdigest()


def mask(value: Any) -> Any:
    """Return the domain of an e-mail address, else the last four characters, behind a mask; nothing stays nothing."""
    if value is None:
        return None
    shown = text(value)
    if email := _EMAIL.fullmatch(shown):
        return _MASK + email[1]
    return _MASK + shown[-_SHOWN:] if len(shown) > _SHOWN else _MASK
