"""The types that a value of the mapping can be made into."""

import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timezone
from typing import Any

import msgspec

from otel_segment.mapping._lookup import MISSING
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import MAX_INTEGER, text, without_surrogates

__all__ = ["CONVERSIONS"]

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Units per second of a number that stands for a time, by its size: seconds, milliseconds, microseconds, nanoseconds.
# Each range reaches to the year 5138, and from 1973 where it is not the first.
_UNITS = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (1e20, 1_000_000_000))
_LAST_NUMBER = 1e20

# What ISO 8601 has for dates without hyphens could as well be a number.
_BASIC_DATE = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_YEAR = re.compile(r"\d{4}")


def to_string(value: Any) -> Any:
    """Return a value as text: booleans and null as JSON has them, lists and maps as JSON."""
    if value is None or isinstance(value, bool | list | tuple | dict):
        try:
            return msgspec.json.encode(value, enc_hook=text).decode()
        except (UnicodeEncodeError, ValueError, RecursionError):
            return msgspec.json.encode(without_surrogates(value), enc_hook=text).decode()
    return text(value)


def to_number(value: Any) -> Any:
    """Return a value as a number: texts by what they say, booleans as 0 and 1."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, float) and not math.isfinite(value):
        return MISSING
    return value if isinstance(value, int | float) else MISSING


def _parsed(value: str) -> Any:
    if _INTEGER.fullmatch(value) and value.isascii():
        return int(value) if abs(int(value)) <= MAX_INTEGER else float(value)
    return float(value) if _NUMBER.fullmatch(value) and value.isascii() else MISSING


def to_boolean(value: Any) -> Any:
    """Return a value as a boolean: ``true``, ``yes``, ``on`` and ``1``, their opposites, and the numbers 0 and 1."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in {0, 1} else MISSING
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else MISSING


def to_date(value: Any) -> Any:
    """Return a value as a time in ISO 8601, UTC, with milliseconds: ISO texts, or numbers since 1970 in any unit."""
    if isinstance(value, str):
        value = _moment(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        since = aware - _EPOCH
        return iso_time(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LAST_NUMBER:
        return MISSING
    unit = next(unit for bound, unit in _UNITS if abs(value) < bound)
    return iso_time(int(value * (1_000_000_000 // unit)))


def _moment(value: str) -> Any:
    """Return the time that a text says; a number in text is a number, a date alone is its first moment."""
    if _YEAR.fullmatch(value):
        return MISSING
    if _BASIC_DATE.fullmatch(value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if _NUMBER.fullmatch(value):
        return to_number(value)
    if not value.isascii():
        return MISSING
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, datetime)
    with suppress(msgspec.ValidationError):
        return msgspec.convert(value, date)
    return MISSING


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "string": to_string,
    "number": to_number,
    "boolean": to_boolean,
    "date": to_date,
}
