"""Delivery as the exporters see it: hand messages over, wait for them, end."""

import logging
import math
import os
import threading
from collections.abc import Collection

from otel_segment._clock import SYSTEM_CLOCK, Clock
from otel_segment._log import say
from otel_segment._types import Drop
from otel_segment.delivery._children import deliver_at_end_of_children
from otel_segment.delivery._live import register, unregister
from otel_segment.delivery._metrics import Metrics
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._process import Process
from otel_segment.delivery._reporter import Fate, OnLost, Reporter
from otel_segment.delivery._stats import Stats
from otel_segment.delivery._watcher import Watcher
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.wire import Batch, decode_message

__all__ = ["Delivery"]

_process_id = os.getpid

_TOO_LATE = "emitted after the exporter was shut down"
_LOOK_UP = 0.02
"""Seconds between two looks at whether the spool has let go of what this process wrote."""


class Delivery:
    """Delivers messages to the endpoint.

    It may be used by many threads, and goes on in a process that was forked from the one that made it: the child
    begins with nothing queued, and what the parent had queued stays the parent's business.

    Args:
        settings: The settings.
        component: The kind of exporter, for its metrics.
        signal: ``log`` or ``span``, for its metrics.
        clock: The clock.
        on_lost: Told of each message that is given up for good, whatever thread that happens on: refused, not
            delivered in time, or without room. Not of those that are left to the spool.
        watcher: Sees what is withheld, and what is dropped before it was to be sent.
    """

    def __init__(
        self,
        settings: Settings,
        component: str,
        signal: str,
        clock: Clock = SYSTEM_CLOCK,
        on_lost: OnLost | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._settings = settings
        self._is_disabled = settings.disabled
        self._watcher = watcher
        self._clock = clock
        self._metrics = Metrics(component, signal, settings.url)
        self._reporter = Reporter(settings, self._metrics, clock, on_lost)
        self._is_durable = settings.durable and settings.spool is not None
        self._processes: dict[int, Process] = {}
        self._closing_deadline: dict[int, float] = {}
        self._process()
        register(self)
        deliver_at_end_of_children()

    @property
    def attributes(self) -> dict[str, str | int]:
        """The attributes of this exporter's metrics."""
        return self._metrics.attributes

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self._settings

    @property
    def is_open(self) -> bool:
        """Whether it takes messages: until it is shut down."""
        return self._process().outbox.is_open

    @property
    def is_ending(self) -> bool:
        """Whether the time for shutting down runs."""
        return self._process().ending.is_near

    def put(self, message: bytes) -> None:
        """Hand over a message; it waits a moment for company. Never blocks, never raises."""
        process = self._processes.get(_process_id()) or self._process()
        outbox = process.outbox
        if self._is_disabled:
            self._withhold(outbox, message)
            return
        row = process.keeper.store_message(message) if self._is_durable and process.keeper else None
        reason = outbox.put(message, row)
        if outbox.short_handed:
            process.senders.ensure()
        if reason is not None:
            self._refused(process, reason, message, row)

    def _withhold(self, outbox: Outbox, message: bytes) -> None:
        """Count a message that is not to be sent, and show it."""
        if not outbox.is_open:
            self.drop(Drop(DropReason.SHUTDOWN, decode_message(message), _TOO_LATE))
            return
        outbox.count_withheld()
        if self._watcher is not None:
            self._watcher.withheld(message)

    def _refused(self, process: Process, reason: DropReason, message: bytes, row: int | None) -> None:
        """See to a message that found no room in memory."""
        if row is not None and process.keeper is not None:
            process.keeper.leave([row], [message], is_whole=True, delay=0.0)
            return
        detail = _TOO_LATE if reason is DropReason.SHUTDOWN else ""
        if self._reporter.dropped_messages([message], Fate(reason, detail)):
            process.outbox.buried(reason, 1)

    def drop(self, drop: Drop) -> None:
        """Count and report an event that was dropped before it was a message."""
        outbox = self._process().outbox
        outbox.count_dropped(drop.reason)
        if self._reporter.dropped([drop.message], Fate(drop.reason, drop.detail)):
            outbox.buried(drop.reason, 1)
        if self._watcher is not None:
            self._watcher.dropped(drop)

    def wait_window(self, timeout: float) -> bool:
        """Send what was handed over and wait until there is room for more requests.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether there is room.
        """
        process = self._process()
        deadline = self._clock.monotonic() + timeout
        if process.outbox.seal():
            process.route.store()
            process.senders.ensure()
            process.senders.help(deadline)
        return process.outbox.wait_window(self._settings.concurrency, deadline)

    def send(self) -> Collection[Batch]:
        """Send what was handed over without waiting for more; return all batches that are on their way."""
        process = self._process()
        batches = process.outbox.seal()
        if batches:
            process.route.store()
        process.senders.ensure()
        return batches

    def wait(self, batches: Collection[Batch], timeout: float | None) -> bool:
        """Wait until batches are settled, or left to the spool, and the hooks know.

        Args:
            batches: What ``send()`` returned.
            timeout: Seconds to wait at most; None to wait for ever.

        Returns:
            Whether all of them are settled: delivered, left to the spool, or dropped with a reason.
        """
        process = self._process()
        deadline = self._deadline(timeout)
        if batches:
            process.senders.help(deadline)
        return process.outbox.wait_settled(batches, deadline)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was handed over before is settled, what was left in the spool included.

        Args:
            timeout: Seconds to wait at most; None to wait for ever.

        Returns:
            Whether all of it is settled: delivered or dropped with a reason.
        """
        deadline = self._deadline(timeout)
        is_settled = self.wait(self.send(), timeout)
        return self.wait_for_spool(max(0.0, deadline - self._clock.monotonic())) and is_settled

    def wait_for_spool(self, timeout: float) -> bool:
        """Wait until what this process has left in the spool is settled, by whomever.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether nothing of it is left there.
        """
        process = self._process()
        if process.keeper is None or process.drainer is None or not process.outbox.has_left:
            return True
        if process.drainer.is_here:
            return False  # a hook that waits must not wait for itself
        process.drainer.wake()
        deadline = self._clock.monotonic() + timeout
        while process.keeper.has_own:
            if not process.ending.sleep(_LOOK_UP, deadline):
                return False
        return True

    def hurry(self, timeout: float) -> float:
        """Begin to end: retries wait no longer than the time that is left for shutting down.

        Args:
            timeout: Seconds until the end.

        Returns:
            The seconds that are left: the first call decides when the end is.
        """
        now = self._clock.monotonic()
        deadline = self._closing_deadline.setdefault(os.getpid(), now + timeout)
        self._process().ending.hurry(deadline)
        return max(0.0, deadline - now)

    def shutdown(self, timeout: float | None = None) -> bool:
        """Deliver what can be delivered in time, and end; what is left is dropped, counted and said.

        Args:
            timeout: Seconds that it may take; the default is the setting ``shutdown_timeout``.

        Returns:
            Whether nothing was left.
        """
        process = self._process()
        timeout = self._settings.shutdown_timeout if timeout is None else timeout
        try:
            process.finish(self._clock.monotonic() + self.hurry(timeout))
        except KeyboardInterrupt:
            # Nobody can catch it any more where the interpreter is ending.
            if threading.main_thread().is_alive():
                raise
        finally:
            # Whoever does not want to wait is told all the same what is left.
            lost = self._give_up(process)
            process.end()
            self._say_refused(process.outbox.stats())
        return not lost

    def _give_up(self, process: Process) -> bool:
        """Leave to the spool what is in it, and report the rest as lost; tell whether there was any."""
        keeper, left = process.keeper, process.outbox.close()
        for batch in left:
            if batch.rows and keeper is not None:
                keeper.leave(batch.rows, batch.messages, is_whole=batch.is_whole, delay=0.0)
        messages = [message for batch in left if not batch.rows for message in batch.messages]
        if messages and self._reporter.left(messages, self._settings.shown_url):
            process.outbox.buried(DropReason.SHUTDOWN, len(messages))
        return bool(messages)

    def vanish(self) -> None:
        """Be counted no more among the deliveries of this process."""
        unregister(self)

    def stats(self) -> Stats:
        """Return where the events of this process are."""
        process = self._process()
        return process.requests.added_to(process.outbox.stats())

    def spool_state(self) -> tuple[int, float] | None:
        """Return how many events are in the spool, and the seconds that the oldest is there; None without a spool."""
        keeper = self._process().keeper
        return None if keeper is None else keeper.state

    def _say_refused(self, stats: Stats) -> None:
        """Say how many events found the queue full: at the time, only the first of them is told about."""
        if refused := stats.dropped.get(DropReason.QUEUE_FULL):
            kind = f"queue full {id(self)}"
            say(kind, logging.WARNING, "%d event(s) in all were dropped because the queue was full", refused)

    def _deadline(self, timeout: float | None) -> float:
        return math.inf if timeout is None else self._clock.monotonic() + timeout

    def _process(self) -> Process:
        # Compared at every call, as some servers fork without Python's hooks.
        process = self._processes.get(_process_id())
        return process if process is not None else self._begin(_process_id())

    def _begin(self, pid: int) -> Process:
        """Make what this process needs, once even where several threads find it missing."""
        process = self._processes.setdefault(pid, Process(self._settings, self._reporter, self._clock))
        process.resume()
        for other in set(self._processes) - {pid}:
            self._processes.pop(other, None)
        return process
