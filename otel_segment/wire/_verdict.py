"""What an answer means: the one table."""

import math
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from enum import Enum

__all__ = ["TOO_LARGE", "Verdict", "judge", "retry_after"]

_RETRYABLE_4XX = frozenset({408, 410, 429, 460})
_FINAL_5XX = frozenset({501, 505})
_UNAUTHORIZED = frozenset({401, 403})
TOO_LARGE = 413
_FOR_ITS_CONTENTS = frozenset({400, TOO_LARGE})

# A reset time is seconds from now or since 1970, depending on the server; nobody is asked to wait for thirty years.
_EPOCH_SECONDS = 1_000_000_000
_EPOCH_MILLISECONDS = 1_000_000_000_000


class Verdict(Enum):
    """What becomes of the messages of a request."""

    ACCEPTED = "accepted"
    """They have arrived, whatever the answer's body holds."""
    RETRY = "retry"
    """They may arrive later."""
    DIVIDE = "divide"
    """They were refused together, for what is in them or for their size; parts of them may arrive."""
    UNAUTHORIZED = "unauthorized"
    """The credentials are wrong, which a person can mend."""
    REJECTED = "rejected"
    """The endpoint takes no such requests, whatever is in them."""
    REDIRECTED = "redirected"
    """The endpoint is somewhere else, and that is for a person to decide."""


def judge(status: int) -> Verdict:
    """Return what an HTTP status means for the messages; 0 stands for no answer."""
    if not status:
        return Verdict.RETRY
    if 200 <= status < 300:  # noqa: PLR2004 - the table is of statuses
        return Verdict.ACCEPTED
    if 300 <= status < 400:  # noqa: PLR2004
        return Verdict.REDIRECTED
    if status in _RETRYABLE_4XX or (status >= 500 and status not in _FINAL_5XX):  # noqa: PLR2004
        return Verdict.RETRY
    if status in _FOR_ITS_CONTENTS:
        return Verdict.DIVIDE
    return Verdict.UNAUTHORIZED if status in _UNAUTHORIZED else Verdict.REJECTED


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that an answer asks to wait; None where it asks for nothing that can be understood.

    ``Retry-After`` (RFC 9110, 10.2.3) in seconds, fractions too, or as an HTTP date; else ``X-RateLimit-Reset``.

    Args:
        headers: The answer's headers, under names in lower case.
        now: Seconds since 1970.
    """
    if (wait := _seconds(headers.get("retry-after"))) is not None:
        return wait
    if (wait := _until_date(headers.get("retry-after"), now)) is not None:
        return wait
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if reset is None or reset < _EPOCH_SECONDS:
        return reset
    return max(0.0, (reset / 1000 if reset >= _EPOCH_MILLISECONDS else reset) - now)


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until_date(value: str | None, now: float) -> float | None:
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value)
        # The oldest form of HTTP dates names no time zone; all of them are in UTC.
        aware = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
        return max(0.0, aware.timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
