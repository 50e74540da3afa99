"""Delivery as the exporters see it: hand messages over, wait for them, end."""

import logging
import math
import os
from collections.abc import Collection
from typing import NamedTuple

from otel_segment._clock import SYSTEM_CLOCK, Clock
from otel_segment._log import say
from otel_segment._types import Drop
from otel_segment.delivery._children import deliver_at_end_of_children
from otel_segment.delivery._gate import gate_for
from otel_segment.delivery._live import register
from otel_segment.delivery._metrics import Metrics
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._reporter import Reporter
from otel_segment.delivery._senders import Senders
from otel_segment.delivery._stats import Stats
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.transport import HttpTransport
from otel_segment.wire import Batch

__all__ = ["Delivery"]

_process_id = os.getpid


class _Process(NamedTuple):
    """All that a fork would break: locks, threads, connections and what is queued; each process has its own."""

    outbox: Outbox
    senders: Senders
    transport: HttpTransport


class Delivery:
    """Delivers messages to the endpoint.

    It may be used by many threads, and goes on in a process that was forked from the one that made it: the child
    begins with nothing queued, and what the parent had queued stays the parent's business.

    Args:
        settings: The settings.
        component: The kind of exporter, for its metrics.
        signal: ``log`` or ``span``, for its metrics.
        clock: The clock.
    """

    def __init__(self, settings: Settings, component: str, signal: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._settings = settings
        self._is_disabled = settings.disabled
        self._clock = clock
        self._metrics = Metrics(component, signal, settings.url)
        self._reporter = Reporter(settings, self._metrics)
        self._processes: dict[int, _Process] = {}
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

    def put(self, message: bytes) -> None:
        """Hand over a message; it waits a moment for company. Never blocks, never raises."""
        process = self._processes.get(_process_id())
        outbox, senders, _ = self._process() if process is None else process
        if self._is_disabled:
            outbox.count_withheld()
            return
        reason = outbox.put(message)
        if outbox.short_handed:
            senders.ensure()
        if reason is not None:
            detail = "emitted after the exporter was shut down" if reason is DropReason.SHUTDOWN else ""
            self._reporter.dropped_messages(reason, [message], detail)

    def drop(self, drop: Drop) -> None:
        """Count and report an event that was dropped before it was a message."""
        self._process().outbox.count_dropped(drop.reason)
        self._reporter.dropped(drop.reason, [drop.message], drop.detail)

    def wait_window(self, timeout: float) -> bool:
        """Send what was handed over and wait until there is room for more requests.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether there is room.
        """
        outbox, senders, _ = self._process()
        deadline = self._clock.monotonic() + timeout
        if outbox.seal():
            senders.ensure()
            senders.help(deadline)
        return outbox.wait_window(self._settings.concurrency, deadline)

    def send(self) -> Collection[Batch]:
        """Send what was handed over without waiting for more; return all batches that are on their way."""
        outbox, senders, _ = self._process()
        batches = outbox.seal()
        senders.ensure()
        return batches

    def wait(self, batches: Collection[Batch], timeout: float | None) -> bool:
        """Wait until batches are settled, and the hooks know.

        Args:
            batches: What ``send()`` returned.
            timeout: Seconds to wait at most; None to wait for ever.

        Returns:
            Whether all of them are settled: delivered or dropped with a reason.
        """
        outbox, senders, _ = self._process()
        deadline = math.inf if timeout is None else self._clock.monotonic() + timeout
        if batches:
            senders.help(deadline)
        return outbox.wait_settled(batches, deadline)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was handed over before is settled.

        Args:
            timeout: Seconds to wait at most; None to wait for ever.

        Returns:
            Whether all of it is settled: delivered or dropped with a reason.
        """
        return self.wait(self.send(), timeout)

    def hurry(self, timeout: float) -> float:
        """Begin to end: retries wait no longer than the time that is left for shutting down.

        Args:
            timeout: Seconds until the end.

        Returns:
            The seconds that are left: the first call decides when the end is.
        """
        now = self._clock.monotonic()
        deadline = self._closing_deadline.setdefault(os.getpid(), now + timeout)
        self._process().senders.hurry(deadline)
        return max(0.0, deadline - now)

    def shutdown(self, timeout: float | None = None) -> bool:
        """Deliver what can be delivered in time, and end; what is left is dropped, counted and said.

        Args:
            timeout: Seconds that it may take; the default is the setting ``shutdown_timeout``.

        Returns:
            Whether nothing was left.
        """
        outbox, senders, transport = self._process()
        timeout = self._settings.shutdown_timeout if timeout is None else timeout
        deadline = self._clock.monotonic() + self.hurry(timeout)
        if outbox.seal():
            senders.ensure()
            senders.help(deadline)
            outbox.wait_empty(deadline)
        left = outbox.close()
        senders.end()
        transport.close()
        messages = [message for batch in left for message in batch.messages]
        if messages:
            self._reporter.left(messages, self._settings.url)
        self._say_refused(outbox)
        return not messages

    def stats(self) -> Stats:
        """Return where the events of this process are."""
        return self._process().outbox.stats()

    def _say_refused(self, outbox: Outbox) -> None:
        """Say how many events found the queue full: at the time, only the first of them is told about."""
        if refused := outbox.stats().dropped.get(DropReason.QUEUE_FULL):
            kind = f"queue full {id(self)}"
            say(kind, logging.WARNING, "%d event(s) in all were dropped because the queue was full", refused)

    def _process(self) -> _Process:
        # Compared at every call, as some servers fork without Python's hooks.
        process = self._processes.get(_process_id())
        return process if process is not None else self._begin(_process_id())

    def _begin(self, pid: int) -> _Process:
        """Make what this process needs, once even where several threads find it missing."""
        outbox = Outbox(self._settings.max_queue_bytes, self._settings.flush_interval, self._clock)
        transport = HttpTransport(self._settings)
        senders = Senders(self._settings, outbox, transport, gate_for(self._settings.url), self._reporter, self._clock)
        process = self._processes.setdefault(pid, _Process(outbox, senders, transport))
        for other in set(self._processes) - {pid}:
            self._processes.pop(other, None)
        return process
