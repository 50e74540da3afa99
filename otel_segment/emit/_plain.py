"""Any Python value as one that OpenTelemetry can carry.

| value | becomes |
| --- | --- |
| ``datetime`` | ISO 8601; a naive one is UTC and ends in ``Z`` |
| ``date``, ``time`` | ISO 8601 |
| ``Decimal`` | an integer where it is written as one, a float where that is the same number, else text |
| ``UUID``, anything not in this table | its ``str()`` |
| ``Enum`` | its value |
| dataclass instance, mapping | a map with text as keys |
| tuple (named ones too), set, ``deque``, ``range``, views of a dict | a list; sets sorted where they can be |
| ``bytes``, ``bytearray``, ``memoryview`` | base64 text |
| numpy scalar, numpy array | the Python value, lists |
| what is below 32 levels of lists and maps, or after 20,000 values | the text ``[truncated]`` |
"""

import sys
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum
from typing import Any, TypeAlias, cast

__all__ = ["TRUNCATED", "Plain", "plain", "plain_map", "text"]

Plain: TypeAlias = "str | bool | int | float | list[Plain] | dict[str, Plain] | None"
"""What :func:`plain` returns."""

TRUNCATED = "[truncated]"
"""What stands in the place of values beyond the bounds."""

MAX_DEPTH = 32
"""Levels of lists and maps inside one property."""

# Each value takes at least two bytes of JSON, so whatever meets this bound is beyond Segment's 32 KB anyway.
MAX_VALUES = 20_000

# A Decimal with so many digits always fits 64 bits.
_INTEGER_DIGITS = 18

_SCALARS = frozenset({str, bool, int, float, type(None)})
_TEXTS = frozenset({str})

_Converter: TypeAlias = "Callable[[Any, _Walk, int], Plain]"


def plain(value: object) -> Plain:
    """Make a value plain; never fails, never changes what it is given."""
    if type(value) in _SCALARS:
        return value  # type: ignore[return-value]
    return _Walk().value(value, 1)


def plain_map(value: Mapping[Any, object]) -> dict[str, Plain]:
    """Make a map of properties or traits plain: a copy, each of its values plain.

    The map itself is no level of depth: the bound holds for each property alone.
    """
    if type(value) is dict:
        # Another thread may be changing it; the copy is made in one step.
        value = value.copy()
        if _is_flat(value, MAX_VALUES):
            return value
    result: dict[str, Plain] = {}
    # A mapping of foreign make may fail in any way; what it gave until then is kept.
    with suppress(Exception):
        _Walk().fill(result, value, 0)
    return result


def text(value: object) -> str:
    """``str(value)``, or a text that names the type where that fails."""
    try:
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 - foreign code
        return f"<{type(value).__name__}>"


def _is_flat(value: dict[Any, Any], bound: int) -> bool:
    return (
        len(value) <= bound and _SCALARS.issuperset(map(type, value.values())) and _TEXTS.issuperset(map(type, value))
    )


class _Walk:
    """One pass over one value; counts what it has seen, so that no value can grow without end."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def value(self, value: object, level: int) -> Plain:
        self.left -= 1
        kind = type(value)
        if kind in _SCALARS:
            return value  # type: ignore[return-value]
        try:
            return (_COMMON.get(kind) or _converter(value))(value, self, level)
        except Exception:  # noqa: BLE001 - foreign code, or a stack that is nearly used up
            return text(value)

    def map(self, value: Mapping[Any, object], level: int) -> dict[str, Plain]:
        if type(value) is dict:
            value = value.copy()
            if _is_flat(value, self.left):
                self.left -= len(value)
                return value
        result: dict[str, Plain] = {}
        self.fill(result, value, level)
        return result

    def fill(self, result: dict[str, Plain], value: Mapping[Any, object], level: int) -> None:
        for key, item in value.items():
            if self.left <= 0:
                result[TRUNCATED] = TRUNCATED
                break
            result[key if type(key) is str else _key(key)] = self.value(item, level + 1)

    def list(self, values: Iterable[object], level: int) -> "list[Plain]":
        if type(values) is list:
            values = values.copy()
            if len(values) <= self.left and _SCALARS.issuperset(map(type, values)):
                self.left -= len(values)
                return values
        result: list[Plain] = []
        for item in values:
            if self.left <= 0:
                result.append(TRUNCATED)
                break
            result.append(self.value(item, level + 1))
        return result


def _key(key: object) -> str:
    value = plain(key)
    return value if type(value) is str else text(value)


def _converter(value: object) -> _Converter:
    # An Enum may be a str or an int as well, and an instance of a dataclass a Mapping: the order matters.
    kind = type(value)
    if isinstance(value, Enum):
        return _from_enum
    for base in kind.__mro__:
        if (found := _CONVERTERS.get(f"{base.__module__}.{base.__qualname__}")) is not None:
            return found
    if hasattr(kind, "__dataclass_fields__"):
        return _from_dataclass
    if isinstance(value, Mapping):
        return _from_mapping
    return _from_set if isinstance(value, AbstractSet) else _from_any


def _from_any(value: object, _walk: _Walk, _level: int) -> Plain:
    return text(value)


def _from_str(value: str, _walk: _Walk, _level: int) -> Plain:
    return str.__str__(value)


def _from_int(value: int, _walk: _Walk, _level: int) -> Plain:
    return int.__int__(value)


def _from_float(value: float, _walk: _Walk, _level: int) -> Plain:
    return float.__float__(value)


def _from_enum(value: Enum, walk: _Walk, level: int) -> Plain:
    # The value of an Enum may be an Enum; counted as a level, a strange one cannot go on for ever.
    return walk.value(value.value, level + 1) if level <= MAX_DEPTH else TRUNCATED


def _from_mapping(value: Mapping[Any, object], walk: _Walk, level: int) -> Plain:
    return walk.map(value, level) if level <= MAX_DEPTH else TRUNCATED


def _from_iterable(value: Iterable[object], walk: _Walk, level: int) -> Plain:
    return walk.list(value, level) if level <= MAX_DEPTH else TRUNCATED


def _from_set(value: Iterable[object], walk: _Walk, level: int) -> Plain:
    if level > MAX_DEPTH:
        return TRUNCATED
    items = walk.list(value.copy() if type(value) is set else value, level)
    try:
        cast("list[Any]", items).sort()
    except TypeError:
        items.sort(key=lambda item: (type(item).__name__, text(item)))
    return items


def _from_dataclass(value: Any, walk: _Walk, level: int) -> Plain:
    if level > MAX_DEPTH:
        return TRUNCATED
    # Whoever has an instance has the module.
    fields = sys.modules["dataclasses"].fields(value)
    return walk.map({field.name: getattr(value, field.name, None) for field in fields}, level)


def _from_bytes(value: bytes | bytearray | memoryview, _walk: _Walk, _level: int) -> Plain:
    return b2a_base64(bytes(value), newline=False).decode("ascii")


def _from_datetime(value: Any, _walk: _Walk, _level: int) -> Plain:
    # The "not a time" of pandas is a datetime that equals nothing.
    if value != value:  # noqa: PLR0124
        return None
    written: str = value.isoformat()
    if value.utcoffset() is None:
        return written + "Z"
    return written[:-6] + "Z" if written.endswith("+00:00") else written


def _from_date_or_time(value: Any, _walk: _Walk, _level: int) -> Plain:
    written: str = value.isoformat()
    return written


def _from_decimal(value: Any, _walk: _Walk, _level: int) -> Plain:
    if not value.is_finite():
        return float(value)
    _sign, digits, exponent = value.as_tuple()
    if exponent == 0 and len(digits) <= _INTEGER_DIGITS:
        return int(value)
    nearest = float(value)
    return nearest if sys.modules["decimal"].Decimal(repr(nearest)) == value else text(value)


def _from_numpy_scalar(value: Any, walk: _Walk, level: int) -> Plain:
    if value.dtype.kind in "mM":
        # As Python objects these lose their unit; the ISO text of numpy has no zone and means UTC.
        written = str(value)
        return written + "Z" if ":" in written else written
    item = value.item()
    return text(value) if type(item) is type(value) else walk.value(item, level)


def _from_numpy_array(value: Any, walk: _Walk, level: int) -> Plain:
    # Iterated rather than tolist(), which would build the whole of a large one before it is cut.
    if level > MAX_DEPTH:
        return TRUNCATED
    return walk.list(value, level) if value.ndim else walk.value(value[()], level + 1)


_COMMON: dict[type, _Converter] = {dict: _from_mapping, list: _from_iterable, tuple: _from_iterable}

_CONVERTERS: dict[str, _Converter] = {
    "builtins.str": _from_str,
    "builtins.int": _from_int,
    "builtins.float": _from_float,
    "builtins.dict": _from_mapping,
    "builtins.list": _from_iterable,
    "builtins.tuple": _from_iterable,
    "builtins.set": _from_set,
    "builtins.frozenset": _from_set,
    "builtins.range": _from_iterable,
    "builtins.dict_keys": _from_iterable,
    "builtins.dict_values": _from_iterable,
    "builtins.dict_items": _from_iterable,
    "collections.deque": _from_iterable,
    "builtins.bytes": _from_bytes,
    "builtins.bytearray": _from_bytes,
    "builtins.memoryview": _from_bytes,
    "datetime.datetime": _from_datetime,
    "datetime.date": _from_date_or_time,
    "datetime.time": _from_date_or_time,
    "decimal.Decimal": _from_decimal,
    "numpy.generic": _from_numpy_scalar,
    "numpy.ndarray": _from_numpy_array,
}
"""By name and not by class: a type whose module nobody has imported needs no import here either."""
