"""Waiting for something that happens under a lock."""

import threading
from collections.abc import Callable

from otel_segment._clock import Clock

__all__ = ["Progress"]


class Progress:
    """Wakes those who wait for a change, and has them look whether it is what they wait for.

    Args:
        changed: What says that something has changed; whoever calls holds its lock.
        clock: The clock.
    """

    def __init__(self, changed: threading.Condition, clock: Clock) -> None:
        self._changed = changed
        self._clock = clock

    def made(self) -> None:
        """Wake all who wait."""
        self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], deadline: float) -> bool:
        """Wait until a condition holds; False where the deadline came first."""
        while not condition():
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return False
            self._changed.wait(min(left, threading.TIMEOUT_MAX))
        return True
