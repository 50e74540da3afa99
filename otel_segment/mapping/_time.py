"""Times as Segment writes them: ISO 8601, UTC, milliseconds, ``Z``."""

from datetime import datetime
from functools import lru_cache

__all__ = ["iso_time"]

_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799


_MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1000))


def iso_time(nanoseconds: int) -> str:
    """Return a time as text, truncated to milliseconds.

    Args:
        nanoseconds: Nanoseconds since 1970; what lies outside the years 1 to 9999 is moved to their edge.
    """
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return _second(seconds) + _MILLISECONDS[rest // 1_000_000]


# Events come in the order of time, nearly: the second is mostly that of the event before.
@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    seconds = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
    # fromtimestamp() asks the platform, which may not know times so far away.
    days, second = divmod(seconds, 86_400)
    date = datetime.fromordinal(719_163 + days)
    return f"{date:%Y-%m-%d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}".zfill(19)
