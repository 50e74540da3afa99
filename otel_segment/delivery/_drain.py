"""All that a process still has, in the SDK's queues and in ours."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial

from otel_segment._log import logger
from otel_segment.delivery._doors import door_processors
from otel_segment.delivery._live import deliveries
from otel_segment.emit import release

__all__ = ["call_in_time", "drain", "is_draining", "longest_shutdown", "time_to_wait"]

_LONG = 24 * 60 * 60
"""Seconds: the SDK has no word for as long as it takes."""

# How many drain, one for each process: whoever did so in a parent does not in its child.
_draining: Counter[int] = Counter()

_deadline: ContextVar[float | None] = ContextVar("otel_segment.deadline", default=None)


def drain(timeout: float | None = None) -> bool:
    """Wait until all that was emitted before is settled.

    Args:
        timeout: Seconds to wait at most; None to wait for ever.

    Returns:
        Whether everything is settled.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    millis = int(min(_LONG if timeout is None else timeout, _LONG) * 1_000)
    pid = os.getpid()
    _draining[pid] += 1
    try:
        release()
        # What an exporter that has ended has left in a spool is not this process's to wait for.
        still_open = [delivery for delivery in deliveries() if delivery.is_open]
        for delivery in still_open:
            delivery.send()
        flushes = [partial(processor.force_flush, millis) for processor in door_processors()]
        handed_over = call_in_time(flushes, deadline)
        # A list, not a generator: each is to be flushed, even where another could not be.
        return all([handed_over, *[delivery.flush(_left(deadline)) for delivery in still_open]])
    finally:
        _draining[pid] -= 1


def is_draining() -> bool:
    """Tell whether somebody waits for all that this process has, and so for the SDK's workers."""
    return _draining[os.getpid()] > 0


def time_to_wait(longest: float) -> float:
    """Return the seconds that an exporter may wait which the SDK calls, and tells nothing of time."""
    left = _left(_deadline.get())
    return longest if left is None else min(left, longest)


def longest_shutdown() -> float:
    """Return the seconds that the end of this process may take."""
    return max((delivery.settings.shutdown_timeout for delivery in deliveries()), default=0.0)


def call_in_time(calls: Iterable[Callable[[], object]], deadline: float | None) -> bool:
    """Make calls that know no deadline, all at the same time, and leave them to themselves when it is over.

    Where nothing is ever sent there is nothing that they could wait for: no thread is started then.

    Returns:
        Whether all came to their end. What they returned says nothing: a processor that was shut down before, or
        another exporter that fails, returns False too.
    """
    callers = [_Caller(call, deadline) for call in calls]
    may_wait = not all(delivery.settings.disabled for delivery in deliveries())
    for caller in callers:
        caller.begin(may_wait=may_wait)
    return False not in [caller.has_ended() for caller in callers]


class _Caller:
    """Makes a call on a thread of its own."""

    def __init__(self, call: Callable[[], object], deadline: float | None) -> None:
        self._call = call
        self._deadline = deadline
        self._is_well = False
        self._thread = threading.Thread(target=self._run, name="otel-segment-flush", daemon=True)

    def begin(self, *, may_wait: bool) -> None:
        """Make the call: at once where it has nothing to wait for, or the interpreter starts no more threads."""
        if not may_wait:
            self._run()
            return
        try:
            self._thread.start()
        except RuntimeError:
            self._run()

    def has_ended(self) -> bool:
        """Wait for the call; False where it failed, or the deadline came first."""
        if self._thread.ident is not None:
            self._thread.join(_left(self._deadline))
        return self._is_well

    def _run(self) -> None:
        token = _deadline.set(self._deadline)
        try:
            self._call()
            self._is_well = True
        except Exception:  # noqa: BLE001 - whatever hangs on a provider is not ours to judge
            logger.debug("%r failed", self._call, exc_info=True)
        finally:
            _deadline.reset(token)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
