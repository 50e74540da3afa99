"""Which way a batch goes: from memory alone, or over the spool."""

from typing import TYPE_CHECKING, Protocol

from otel_segment.delivery._drainer import Drainer
from otel_segment.delivery._from_memory import FromMemory
from otel_segment.delivery._from_spool import FromSpool
from otel_segment.delivery._health import Health
from otel_segment.delivery._reporter import Fate
from otel_segment.delivery._settlement import Settlement
from otel_segment.delivery._storer import Storer
from otel_segment.reasons import DropReason
from otel_segment.wire import Batch

if TYPE_CHECKING:
    from otel_segment.delivery._keeper import Keeper

__all__ = ["DirectRoute", "Route", "SpoolRoute"]


class Route(Protocol):
    """The way of batches to their end."""

    def store(self) -> None:
        """Make what is due safe, before anything is sent."""
        ...

    def deliver(self, batch: Batch, deadline: float) -> bool:
        """See a batch to its end, here or in the spool; False where the time is over before."""
        ...


class DirectRoute:
    """From memory to the endpoint.

    Args:
        from_memory: Delivers.
        max_retry_time: Seconds for which a batch is tried again.
    """

    def __init__(self, from_memory: FromMemory, max_retry_time: float) -> None:
        self._from_memory = from_memory
        self._max_retry_time = max_retry_time

    def store(self) -> None:
        """Do nothing: there is no place but the memory."""

    def deliver(self, batch: Batch, deadline: float) -> bool:
        """See a batch to its end; False where the time is over before."""
        return self._from_memory.deliver(batch, deadline, self._max_retry_time, DropReason.RETRIES_EXHAUSTED)


class SpoolRoute:
    """Over the spool to the endpoint; where the spool fails, from memory.

    Args:
        direct: The way without a spool.
        from_memory: Delivers what there is no room for.
        from_spool: Delivers what is in the spool.
        keeper: The spool.
        settlement: Leaves messages in the spool.
        health: How the endpoint has answered of late.
        drainer: Sends what was left in the spool.
        storer: Puts into the spool what waits.
    """

    def __init__(
        self,
        direct: DirectRoute,
        from_memory: FromMemory,
        from_spool: FromSpool,
        keeper: "Keeper",
        settlement: Settlement,
        health: Health,
        drainer: Drainer,
        storer: Storer,
    ) -> None:
        self._direct = direct
        self._from_memory = from_memory
        self._from_spool = from_spool
        self._keeper = keeper
        self._settlement = settlement
        self._health = health
        self._drainer = drainer
        self._storer = storer

    def store(self) -> None:
        """Put what is due into the spool, in one transaction."""
        self._storer.store()

    def deliver(self, batch: Batch, deadline: float) -> bool:
        """Send a batch, or leave it in the spool; False where the time is over before."""
        if not batch.rows and not self._keeper.store([batch]):
            return self._deliver_without_room(batch, deadline)
        if not batch.rows:
            return self._direct.deliver(batch, deadline)
        self._drainer.ensure()
        self._storer.ensure()
        if self._health.is_well:
            self._from_spool.deliver(batch, deadline)
        else:
            self._settlement.leave(batch)
        if not self._health.is_well:
            self._drainer.wake()
        return True

    def _deliver_without_room(self, batch: Batch, deadline: float) -> bool:
        """Try once from memory what finds the spool full; not where that is known to be in vain."""
        if self._health.is_well:
            return self._from_memory.deliver(batch, deadline, 0.0, DropReason.SPOOL_FULL)
        self._settlement.settle(batch, batch.messages, Fate(DropReason.SPOOL_FULL))
        return True
