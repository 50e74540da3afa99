"""The thread that sends what was left in the spool: by this process, by others, by those that have ended."""

import math
import threading
from typing import TYPE_CHECKING

from otel_segment._clock import Clock
from otel_segment.delivery._background import Background
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._from_spool import FromSpool
from otel_segment.delivery._health import Health
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._quiet import quietly
from otel_segment.delivery._reporter import Fate, Reporter
from otel_segment.delivery._settlement import Settlement
from otel_segment.reasons import DropReason
from otel_segment.wire import MAX_BATCH_EVENT_BYTES, MAX_BATCH_EVENTS, Batch

if TYPE_CHECKING:
    from otel_segment.delivery._keeper import Keeper

__all__ = ["Drainer"]

_LOOK_AROUND = 2.0
"""Seconds between two looks at what others have left."""


class Drainer:
    """Takes what is in the spool and sends it, oldest first, one request at a time.

    Args:
        keeper: The spool.
        delivery: Sends.
        settlement: Does what is to be done about what is too old.
        health: When it is time to try.
        outbox: Knows where every message is.
        reporter: Counts.
        ending: How much time there is.
        clock: The clock.
    """

    def __init__(
        self,
        keeper: "Keeper",
        delivery: FromSpool,
        settlement: Settlement,
        health: Health,
        outbox: Outbox,
        reporter: Reporter,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._keeper = keeper
        self._delivery = delivery
        self._settlement = settlement
        self._health = health
        self._outbox = outbox
        self._reporter = reporter
        self._ending = ending
        self._clock = clock
        self._work = threading.Event()
        self._thread = Background("drainer", self._drain)
        self._looked_around = -math.inf

    @property
    def is_here(self) -> bool:
        """Whether this is the drainer's own thread."""
        return self._thread.is_here

    def wake(self) -> None:
        """Have what was left in the spool looked at, soon."""
        self._work.set()
        self.ensure()

    def ensure(self) -> None:
        """See to it that somebody looks at the spool now and then."""
        if not self._ending.is_over:
            self._thread.ensure()

    def stop(self) -> None:
        """Have the thread see that the time is over."""
        self._work.set()

    def finish(self, deadline: float) -> None:
        """Send, in this thread too, what can be sent before a deadline; an endpoint that is ill is tried once."""
        with quietly():
            self._look_around()
            while self._ending.left(deadline) > 0 and not self._health.gate.wait() and self._step(deadline):
                if not self._health.is_well:
                    return

    def _drain(self) -> None:
        self._keeper.mention_others()
        while not self._ending.is_over:
            self._work.clear()
            self._look_around()
            if wait := self._health.wait():
                self._ending.sleep(min(wait, _LOOK_AROUND))
            elif not self._step(math.inf):
                self._work.wait(_LOOK_AROUND)
            elif pause := self._health.pause:
                self._ending.sleep(pause)

    def _look_around(self) -> None:
        """See, now and then, to what dead processes have left, and to what is too old."""
        now = self._clock.monotonic()
        if now - self._looked_around < _LOOK_AROUND:
            return
        self._looked_around = now
        self._keeper.free_orphans()
        while (batch := self._keeper.claim_expired()) is not None:
            self._take(batch)
            detail = "older than spool_max_age"
            self._settlement.settle(batch, batch.messages, Fate(DropReason.RETRIES_EXHAUSTED, detail))

    def _step(self, deadline: float) -> bool:
        """Send the oldest there is, or leave it again; False where there is nothing to send."""
        if self._health.is_refusing:
            # What is oldest may be what is wrong.
            batch = self._keeper.claim_newest()
        else:
            batch = self._keeper.claim(MAX_BATCH_EVENTS, MAX_BATCH_EVENT_BYTES)
        if batch is None:
            return False
        self._take(batch)
        self._send(batch, deadline)
        return True

    def _take(self, batch: Batch) -> None:
        self._outbox.unshelve(batch)
        if batch.recovered:
            self._reporter.metrics.recovered(batch.recovered)

    def _send(self, batch: Batch, deadline: float) -> None:
        metrics, events = self._reporter.metrics, len(batch)
        metrics.taken(events)
        try:
            self._delivery.deliver(batch, deadline)
        except BaseException:
            self._settlement.leave(batch)
            raise
        finally:
            metrics.released(events)
