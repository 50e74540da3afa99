"""The clocks, as one thing that a test may replace."""

import time
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock"]


class Clock(Protocol):
    """Where the time comes from."""

    def monotonic(self) -> float:
        """Return seconds that never go back: for waits and deadlines."""
        ...

    def time(self) -> float:
        """Return seconds since 1970: for what others read."""
        ...


class _SystemClock:
    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)


SYSTEM_CLOCK: Clock = _SystemClock()
