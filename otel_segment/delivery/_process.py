"""All that a fork would break: locks, threads, connections and what is queued; each process has its own."""

from typing import TYPE_CHECKING

from otel_segment._clock import Clock
from otel_segment.delivery._complaints import Complaints
from otel_segment.delivery._courier import Courier
from otel_segment.delivery._drainer import Drainer
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._from_memory import FromMemory
from otel_segment.delivery._from_spool import FromSpool
from otel_segment.delivery._health import health_for
from otel_segment.delivery._nowhere import Nowhere
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._reporter import Reporter
from otel_segment.delivery._requests import Requests
from otel_segment.delivery._route import DirectRoute, Route, SpoolRoute
from otel_segment.delivery._senders import Senders
from otel_segment.delivery._settlement import Settlement
from otel_segment.delivery._storer import Storer
from otel_segment.settings import Settings
from otel_segment.transport import Transport

if TYPE_CHECKING:
    from otel_segment.delivery._keeper import Keeper

__all__ = ["Process"]


class Process:
    """The parts that deliver for one exporter in one process.

    Args:
        settings: The settings.
        reporter: Tells the application.
        clock: The clock.
    """

    def __init__(self, settings: Settings, reporter: Reporter, clock: Clock) -> None:
        self.outbox = Outbox(settings.max_queue_bytes, settings.flush_interval, clock)
        self.requests = Requests()
        self.ending = Ending(clock)
        self.transport = _transport(settings)
        self.keeper = _keeper(settings, reporter, clock)
        self.drainer: Drainer | None = None
        self._health = health_for(settings.url, settings.write_key)
        self._health.forgive()
        self._settlement = Settlement(self.outbox, self.keeper, reporter)
        self._complaints = Complaints(settings)
        self._courier = Courier(settings, self.transport, self._health, self.requests, reporter, self.ending, clock)
        self.route = self._route(settings, reporter, clock)
        self.senders = Senders(settings.concurrency, self.outbox, self.route, reporter, self.ending, clock)

    def resume(self) -> None:
        """Begin to send what others have left in the spool, now and later."""
        if self.drainer is not None:
            self.drainer.ensure()

    def _route(self, settings: Settings, reporter: Reporter, clock: Clock) -> Route:
        from_memory = FromMemory(self._courier, self._settlement, self._health, self._complaints, self.ending, clock)
        direct = DirectRoute(from_memory, settings.max_retry_time)
        if self.keeper is None:
            return direct
        from_spool = FromSpool(self._courier, self._settlement, self._health, self._complaints, self.ending)
        storer = Storer(self.keeper, self.outbox, self._settlement, self.ending, settings.flush_interval)
        self.drainer = Drainer(
            self.keeper, from_spool, self._settlement, self._health, self.outbox, reporter, self.ending, clock
        )
        return SpoolRoute(
            direct, from_memory, from_spool, self.keeper, self._settlement, self._health, self.drainer, storer
        )

    def finish(self, deadline: float) -> None:
        """Deliver what can be delivered until a moment on the monotonic clock, and take nothing in any more."""
        if self.outbox.seal():
            self.route.store()
            self.senders.ensure()
            self.senders.help(deadline)
            self.outbox.wait_empty(deadline)
        if self.drainer is not None:
            self.drainer.finish(deadline)
            self.outbox.wait_empty(deadline)

    def end(self) -> None:
        """End all that runs, and let go of what is open."""
        self.ending.end()
        if self.drainer is not None:
            self.drainer.stop()
        if self.keeper is not None:
            self.keeper.retire()
        self.transport.close()


def _transport(settings: Settings) -> Transport:
    if settings.disabled:
        return Nowhere()
    # The HTTP client opens a socket as it is loaded, to see what the machine can do.
    from otel_segment.delivery._way_out import way_out

    return way_out(settings)


def _keeper(settings: Settings, reporter: Reporter, clock: Clock) -> "Keeper | None":
    if settings.spool is None or settings.disabled:
        return None
    # Without a spool nobody pays for SQLite.
    from otel_segment.delivery._keeper import Keeper

    return Keeper(settings, reporter.metrics, clock)
