"""The batches that wait for a sender, in their order; the last of them waits for company first."""

from collections import deque
from collections.abc import Iterator

from otel_segment._clock import Clock
from otel_segment.wire import Batch

__all__ = ["Line"]

# What stands for the batch that waits for company while there is none: the next message begins one.
_NO_ROOM = Batch.without_room()


class Line:
    """Batches that wait; whoever calls holds the lock of the outbox that they belong to.

    Args:
        flush_interval: Seconds that a message may wait for company.
        clock: The clock.
    """

    def __init__(self, flush_interval: float, clock: Clock) -> None:
        self._flush_interval = flush_interval
        self._clock = clock
        self.open = _NO_ROOM
        """The batch that waits for company; without messages where there is none."""
        self.ready: deque[Batch] = deque()

    def __bool__(self) -> bool:
        return bool(self.ready or self.open.messages)

    def __iter__(self) -> Iterator[Batch]:
        yield from self.ready
        if self.open.messages:
            yield self.open

    def begin(self, message: bytes, row: int | None) -> None:
        """Begin a batch with a message for which the last one has no room, or is not there."""
        batch = Batch()
        batch.add(message, row)
        batch.due = self._clock.monotonic() + self._flush_interval
        full, self.open = self.open, batch
        if full.messages:
            self.ready.append(full)

    def end(self) -> None:
        """Let the batch that waits for company be sent."""
        batch, self.open = self.open, _NO_ROOM
        if batch.messages:
            self.ready.append(batch)

    def end_due(self) -> float:
        """Let the batch that waits for company be sent if it has waited long enough; return the time."""
        now = self._clock.monotonic()
        if self.open.messages and now >= self.open.due:
            self.end()
        return now

    def take(self, *, stored: bool) -> list[Batch]:
        """Take out the batches that are in the spool, or those that are not."""
        taken = [batch for batch in self.ready if bool(batch.rows) is stored]
        self.ready = deque(batch for batch in self.ready if bool(batch.rows) is not stored)
        return taken

    def clear(self) -> list[Batch]:
        """Take out all of them."""
        batches = [*self]
        self.open = _NO_ROOM
        self.ready.clear()
        return batches
