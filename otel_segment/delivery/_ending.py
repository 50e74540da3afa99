"""How much time a process has left for delivery, and waits that end when it is over."""

import math
import os
import threading

from otel_segment._clock import Clock

__all__ = ["Ending"]

_CLOSING_DELAY = 0.5
"""Seconds that a wait takes, at most, once the time for shutting down runs."""


class Ending:
    """The end of the delivery of one process.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deadline: float | None = None
        self._hurry = threading.Event()
        self._ended = threading.Event()
        self._pid = os.getpid()

    def hurry(self, deadline: float) -> None:
        """Let waits end now, and all attempts by a deadline."""
        self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
        self._hurry.set()

    def end(self) -> None:
        """Let everything end as soon as the request that is under way has."""
        self._ended.set()
        self._hurry.set()

    @property
    def is_near(self) -> bool:
        """Whether the time for shutting down runs."""
        return self._hurry.is_set()

    @property
    def is_over(self) -> bool:
        """Whether there is no time left at all."""
        return self.left(math.inf) <= 0

    @property
    def is_foreign(self) -> bool:
        """Whether this is a process that was forked from the one that it is about.

        Threads do not cross a fork, but gevent's do; what the parent had is not theirs to send.
        """
        return os.getpid() != self._pid

    def left(self, deadline: float) -> float:
        """Return the seconds that are left until a deadline, or until the end where that comes first."""
        if self._ended.is_set() or self.is_foreign:
            return -math.inf
        last = deadline if self._deadline is None else min(deadline, self._deadline)
        return last - self._clock.monotonic()

    def sleep(self, seconds: float, deadline: float = math.inf) -> bool:
        """Wait for some time, or until the process wants to end; False where there is no time left after it."""
        left = max(0.0, self.left(deadline))
        if self._hurry.is_set():
            self._ended.wait(min(seconds, _CLOSING_DELAY, left))
        else:
            self._hurry.wait(min(seconds, threading.TIMEOUT_MAX, left))
        return self.left(deadline) > 0
