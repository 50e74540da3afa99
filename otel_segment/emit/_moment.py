"""The time of an event as OpenTelemetry has it: nanoseconds since 1970, in whole numbers throughout."""

import re
import sys
from typing import Any

__all__ = ["nanoseconds"]

_SECOND = 1_000_000_000

# OTLP has 64 bits for it, and takes 0 for "not known".
_LATEST = 2**63 - 1

# datetime.fromisoformat() knows neither "Z" before Python 3.11 nor nanoseconds at all.
_ISO_8601 = (
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?\s*([Zz]|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?)?)?"
)


def nanoseconds(value: object) -> int | None:
    """The time that a caller gave, in nanoseconds since 1970 in UTC.

    Args:
        value: A ``datetime``, a ``date`` (midnight), or either of them as ISO 8601 text; without an offset it is
            UTC. Digits of text beyond the ninth after the second are cut off.

    Returns:
        The time, or ``None`` where the value is no such thing, or is not after the start of 1970 and before 2262.
    """
    try:
        moment = _from_text(value.strip()) if isinstance(value, str) else _from_date(value)
    except Exception:  # noqa: BLE001 - subclasses of datetime and tzinfo are foreign code
        return None
    return moment if type(moment) is int and 0 < moment <= _LATEST else None


def _from_date(value: Any) -> int | None:
    # Whoever has a date has the module, which is dear to import.
    module = sys.modules.get("datetime")
    if module is None or not isinstance(value, module.date):
        return None
    if not isinstance(value, module.datetime):
        return _whole(value.year, value.month, value.day)
    offset = value.utcoffset()
    moment = _whole(value.year, value.month, value.day, value.hour, value.minute, value.second)
    if offset is not None:
        moment -= (offset.days * 86_400 + offset.seconds) * _SECOND + offset.microseconds * 1_000
    return moment + int(value.microsecond) * 1_000


def _from_text(value: str) -> int | None:
    found = re.fullmatch(_ISO_8601, value, re.ASCII)
    if found is None:
        return None
    *date_and_time, fraction, _zone, sign, hours, minutes = found.groups()
    moment = _whole(*(int(part or 0) for part in date_and_time))
    offset = int(hours or 0) * 3_600 + int(minutes or 0) * 60
    if sign == "-":
        offset = -offset
    return moment - offset * _SECOND + int((fraction or "").ljust(9, "0"))


def _whole(*parts: int) -> int:
    from datetime import datetime, timezone

    start = datetime(1970, 1, 1, tzinfo=timezone.utc)
    since = datetime(*parts, tzinfo=timezone.utc) - start  # type: ignore[misc,arg-type]
    return (since.days * 86_400 + since.seconds) * _SECOND
