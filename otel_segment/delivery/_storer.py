"""The thread that puts into the spool what no sender has time for."""

from typing import TYPE_CHECKING

from otel_segment.delivery._background import Background
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._settlement import Settlement

if TYPE_CHECKING:
    from otel_segment.delivery._keeper import Keeper

__all__ = ["Storer"]

_MOST_PAUSE = 0.25
_LEAST_PAUSE = 0.01


class Storer:
    """Looks after the events that wait while all senders wait for answers. It is there while something is sent.

    Args:
        keeper: The spool.
        outbox: Where events wait.
        settlement: Leaves to the spool what takes too much memory.
        ending: How much time there is.
        flush_interval: Seconds that an event may wait for company.
    """

    def __init__(
        self, keeper: "Keeper", outbox: Outbox, settlement: Settlement, ending: Ending, flush_interval: float
    ) -> None:
        self._keeper = keeper
        self._outbox = outbox
        self._settlement = settlement
        self._ending = ending
        self._pause = min(_MOST_PAUSE, max(_LEAST_PAUSE, flush_interval / 4))
        self._thread = Background("storer", self._look_after)

    def store(self) -> None:
        """Put what is due into the spool, in one transaction."""
        batches = self._outbox.take_unstored()
        try:
            self._keeper.store(batches)
        finally:
            for batch in reversed(batches):
                self._outbox.put_back(batch)

    def ensure(self) -> None:
        """See to it that what comes while a request is under way does not wait for its end."""
        self._thread.ensure()

    def _look_after(self) -> None:
        while not self._ending.is_over and self._outbox.is_busy:
            self._ending.sleep(self._pause)
            # What could not be stored is tried again by whoever sends it, not several times a second.
            if self._keeper.is_usable:
                self.store()
            for batch in self._outbox.take_surplus():
                self._settlement.leave(batch)
