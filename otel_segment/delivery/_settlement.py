"""What is done about messages whose fate is known, or which are left for later: count, forget, report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._reporter import Fate, Reporter
from otel_segment.wire import Batch

if TYPE_CHECKING:
    from otel_segment.delivery._keeper import Keeper

__all__ = ["Settlement"]


class Settlement:
    """Settles messages of one exporter in one process.

    Args:
        outbox: Knows where every message is.
        keeper: Keeps messages in the spool; None where there is none.
        reporter: Tells the application.
    """

    def __init__(self, outbox: Outbox, keeper: "Keeper | None", reporter: Reporter) -> None:
        self._outbox = outbox
        self._keeper = keeper
        self._reporter = reporter

    def settle(self, batch: Batch, messages: Sequence[bytes], fate: Fate) -> None:
        """Note the fate of messages of a batch; with the last of them the batch is done."""
        rows = batch.rows
        if not self._outbox.settle(batch, messages, fate.reason):
            if fate.reason is None:
                self._arrived_late(batch, messages)
            return
        is_done = not batch.messages
        try:
            if fate.reason is not None:
                # Before the spool lets go of it: whatever happens between, it is in one of the two files.
                self._report(messages, fate)
            if is_done:
                self._forget(rows)
            if fate.reason is None:
                self._report(messages, fate)
        finally:
            if is_done:
                self._outbox.reported(batch)

    def leave(self, batch: Batch, delay: float = 0.0) -> None:
        """Leave what is not settled of a batch to the spool, where it is."""
        left = self._outbox.shelve(batch)
        if left and batch.rows and self._keeper is not None:
            self._keeper.leave(batch.rows, left, is_whole=batch.is_whole, delay=delay)

    def leave_apart(self, batch: Batch, delay: float) -> None:
        """Leave what is not settled of a batch to the spool, in two halves: something in it may be at fault."""
        left = self._outbox.shelve(batch)
        if left and batch.rows and self._keeper is not None:
            self._keeper.leave_apart(batch.rows, left, delay)

    def _arrived_late(self, batch: Batch, messages: Sequence[bytes]) -> None:
        """Forget what has arrived when the process had given it up, and counted it as left to the spool."""
        batch.remove(messages)
        if not batch.messages:
            self._forget(batch.rows)

    def _forget(self, rows: Sequence[int]) -> None:
        if rows and self._keeper is not None:
            self._keeper.forget(rows)

    def _report(self, messages: Sequence[bytes], fate: Fate) -> None:
        if self._reporter.settled(messages, fate) and fate.reason is not None:
            self._outbox.buried(fate.reason, len(messages))
