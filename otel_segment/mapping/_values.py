"""Any value at all as one that JSON can carry.

NaN, infinities and bytes are left to the encoder, which writes null and base64.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "TRUNCATED", "TooManyValues", "json_value", "text", "without_surrogates"]

MAX_DEPTH = 32
"""Levels of lists and maps inside one property; what lies deeper is cut."""
MAX_INTEGER = 2**63 - 1
"""The largest integer, with either sign, that is written as a number."""
TRUNCATED = "[truncated]"
"""What stands for a list or a map that was cut."""

_SCALARS: frozenset[type] = frozenset({str, bool, float, type(None), bytes})
# An event of more values than this could not be encoded within Segment's limit in any case, and a list that holds
# itself twice would otherwise be walked 2^32 times.
_MAX_VALUES = 32_768


class TooManyValues(Exception):  # noqa: N818 - a finding, not an error
    """A value holds more values than an event may have bytes."""


def json_value(value: Any) -> Any:
    """Return a value that JSON can carry for any value at all.

    Booleans, text, numbers, lists and maps pass; integers outside ±(2^63-1) become text, tuples and sets lists, map
    keys text, and what is unknown its ``str()``. Lists and maps deeper than ``MAX_DEPTH`` are cut.

    Raises:
        TooManyValues: If the value is larger than any event may be.
    """
    return value if type(value) in _SCALARS else _Walk().convert(value, 1)


def text(value: Any) -> str:
    """Return the text of a value, whatever its ``__str__`` does."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return _digits(int(value))
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an application's __str__ may do anything
        return f"<{type(value).__name__}>"


def without_surrogates(value: Any) -> Any:
    """Return a JSON value with each lone surrogate, which UTF-8 does not have, replaced by U+FFFD."""
    if isinstance(value, str):
        # A pair of surrogates is one character written in two halves; only what is left over is replaced.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return [without_surrogates(item) for item in value] if isinstance(value, list | tuple) else value


class _Walk:
    """One walk through a value of any shape, bounded in depth and in the number of values."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_VALUES

    def convert(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise TooManyValues
        if value is None or isinstance(value, str | bool | int | float | bytes | bytearray | memoryview):
            return _scalar(value)
        if isinstance(value, Mapping | Sequence | AbstractSet):
            return TRUNCATED if depth > MAX_DEPTH else self._container(value, depth)
        return text(value)

    def _container(self, value: Any, depth: int) -> Any:
        try:
            if isinstance(value, Mapping):
                return {text(key): self.convert(value[key], depth + 1) for key in value}
            items = [self.convert(item, depth + 1) for item in value]
        except TooManyValues:
            raise
        except Exception:  # noqa: BLE001 - an application's container may do anything
            return text(value)
        # Sets have no order of their own; one that repeats keeps message ids repeatable.
        return sorted(items, key=repr) if isinstance(value, AbstractSet) else items


def _scalar(value: Any) -> Any:
    """Return the plain value behind a subclass, such as an enumeration's or a numeric library's."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if -MAX_INTEGER <= value <= MAX_INTEGER else _digits(int(value))
    return float(value) if isinstance(value, float) else bytes(value)


def _digits(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:
        # Python refuses to write very long integers in decimal, as that takes quadratic time.
        return hex(value)
