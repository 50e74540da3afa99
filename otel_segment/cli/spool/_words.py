"""Numbers, times and questions as people read them."""

import sys
from datetime import datetime, timezone

from otel_segment.cli._command import UNUSABLE, CommandError

__all__ = ["age", "confirmed", "count", "moment", "size"]

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_KILO = 1_000


def count(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Return a number of bytes."""
    for unit in ("B", "KB", "MB"):
        if number < _KILO:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _KILO
    return f"{number:.1f} GB"


def moment(seconds: float) -> str:
    """Return a time by ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(seconds: float) -> str:
    """Return how long something took or is old."""
    for length, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask, unless the answer was given beforehand.

    Raises:
        CommandError: There is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        msg = f"{question} There is nobody to ask: give --yes"
        raise CommandError(msg, UNUSABLE)
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
