"""The events of one process that are on their way, and where each of them is.

All of it is behind one lock, which is held for moments and never while anything else happens: no I/O, no log line,
no callback. A signal handler may emit, or wait, at any of these moments: so the lock is one that its own thread may
take again, and what belongs together is changed without a call in between, where a handler could run.
"""

import threading
from collections.abc import Collection, Iterable, Sequence

from otel_segment._clock import Clock
from otel_segment.delivery._line import Line
from otel_segment.delivery._progress import Progress
from otel_segment.delivery._stats import Counts, Stats
from otel_segment.reasons import DropReason
from otel_segment.wire import Batch

__all__ = ["Outbox"]

# What messages take in memory besides themselves: each its object's head and its place in a list; and all of them the
# bodies of the requests, and what the allocator cannot give back.
_HEAD = 51
_SHARE = 0.8

_CROWDED = 0.75
"""The share of the memory beyond which what is in the spool, too, is left there."""


class Outbox:
    """Holds messages until they are settled, bounded by their bytes.

    Args:
        max_bytes: Bytes of messages that may be unsettled.
        flush_interval: Seconds that a message may wait for company.
        clock: The clock.
    """

    def __init__(self, max_bytes: int, flush_interval: float, clock: Clock) -> None:
        self._max_bytes = max_bytes * _SHARE
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._progress = Progress(threading.Condition(self._lock), clock)
        self._counts = Counts()
        self._line = Line(flush_interval, clock)
        self._flying: set[Batch] = set()
        self._reporting: dict[Batch, int] = {}
        """Batches that are settled, but of which the application's hooks do not know yet; and who tells them."""
        self._bytes = 0
        self._idle = 0
        self._senders = 0
        self.is_open = True
        """Whether messages are taken in."""
        self.short_handed = False
        """Whether one more sender might have something to do; read without the lock, as a hint."""

    def put(self, message: bytes, row: int | None = None) -> DropReason | None:
        """Take a message in, with its row where it is in the spool; return why not where it is refused.

        A refused one is counted as dropped, or as left to the spool.
        """
        size = len(message) + _HEAD
        with self._lock:
            self._counts.accepted += 1
            if self._bytes + size > self._max_bytes or not self.is_open:
                reason = DropReason.QUEUE_FULL if self.is_open else DropReason.SHUTDOWN
                if row is None:
                    self._counts.dropped[reason] += 1
                else:
                    self._counts.spooled += 1
                return reason
            self._bytes += size
            if not self._line.open.add(message, row):
                self._line.begin(message, row)
                self.short_handed = not self._idle
                self._work.notify()
        return None

    def seal(self) -> list[Batch]:
        """Let the messages that wait for company go without it; return all that are on their way."""
        with self._lock:
            self._line.end()
            self._work.notify_all()
            return [*self._line, *self._flying, *self._reporting]

    def needs_sender(self, most: int) -> bool:
        """Tell whether one more sender would have something to do, and count it in."""
        with self._lock:
            self.short_handed = False
            busy = len(self._flying) + len(self._reporting)
            if not self._line or self._idle or self._senders >= most or self._senders > busy:
                return False
            self._senders += 1
            return True

    def sender_gone(self) -> None:
        """Count a sender out."""
        with self._lock:
            self._senders -= 1
            self._progress.made()

    @property
    def has_senders(self) -> bool:
        """Whether any sender is there."""
        return self._senders > 0

    def take(self, patience: float) -> Batch | None:
        """Return the next batch that is due, waiting for one; None where none came: the sender is counted out then.

        Args:
            patience: Seconds to wait while there is nothing at all.
        """
        with self._lock:
            batch = self._next(patience)
            if batch is None:
                # Under the same lock as the decision, so that whoever puts something in sees that nobody is left.
                self.sender_gone()
            return batch

    def take_now(self) -> Batch | None:
        """Return the next batch that is due, for one who is no sender."""
        with self._lock:
            return self._next(0)

    def take_unstored(self) -> list[Batch]:
        """Return the batches that are due and not in the spool yet, for one who puts them there and then back."""
        with self._lock:
            self._line.end_due()
            taken = self._line.take(stored=False)
            self._flying.update(taken)
            return taken

    def take_surplus(self) -> list[Batch]:
        """Return the batches that are in the spool and in memory where that is crowded, to be left to the spool."""
        with self._lock:
            surplus = self._line.take(stored=True) if self._bytes > self._max_bytes * _CROWDED else []
            self._flying.update(surplus)
            return surplus

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._line or self._flying)

    def _next(self, patience: float) -> Batch | None:
        while True:
            now = self._line.end_due()
            if self._line.ready:
                batch = self._line.ready.popleft()
                self._flying.add(batch)
                return batch
            if not self.is_open or not patience:
                return None
            self._idle += 1
            woken = self._work.wait(self._line.open.due - now if self._line.open.messages else patience)
            self._idle -= 1
            if not woken and not self._line:
                return None

    def settle(self, batch: Batch, messages: Sequence[bytes], reason: DropReason | None) -> bool:
        """Count messages of a batch as delivered, or as dropped; False where they were given up before.

        Whoever waits for the batch goes on waiting until all of it is settled, and then until ``reported()``.
        """
        with self._lock:
            if batch not in self._flying:
                return False
            self._release(batch, messages)
            if reason is None:
                self._counts.delivered += len(messages)
            else:
                self._counts.dropped[reason] += len(messages)
            if not batch.messages:
                self._flying.discard(batch)
                self._reporting[batch] = threading.get_ident()
            self._progress.made()
            return True

    def _release(self, batch: Batch, messages: Sequence[bytes]) -> None:
        self._bytes -= sum(map(len, messages)) + _HEAD * len(messages)
        batch.remove(messages)

    def buried(self, reason: DropReason, count: int) -> None:
        """Count dropped events as what they are: in the dead-letter file."""
        with self._lock:
            self._counts.dropped[reason] -= count
            self._counts.dead_lettered += count

    def shelve(self, batch: Batch) -> list[bytes]:
        """Let go of what is left of a batch that is in the spool, and return it."""
        with self._lock:
            if batch not in self._flying:
                return batch.messages
            self._flying.discard(batch)
            left, is_whole = batch.messages, batch.is_whole
            self._release(batch, left)
            batch.is_whole = is_whole  # nothing of it is settled by this
            self._counts.shelve(batch, len(left))
            self._progress.made()
            return left

    def unshelve(self, batch: Batch) -> None:
        """Take a batch in that comes from the spool, to be sent at once."""
        with self._lock:
            batch.was_left = True
            self._flying.add(batch)
            self._bytes += sum(map(len, batch.messages)) + _HEAD * len(batch)
            self._counts.unshelve(batch)

    @property
    def has_left(self) -> bool:
        """Whether anything that was left in the spool is not settled, as far as this process knows."""
        with self._lock:
            return self._counts.spooled > 0 or any(batch.was_left for batch in self._flying)

    def reported(self, batch: Batch) -> None:
        """Let a settled batch go, now that everybody knows of it."""
        with self._lock:
            self._reporting.pop(batch, None)
            self._progress.made()

    def put_back(self, batch: Batch) -> None:
        """Take a batch back in that could not be sent now, before all others."""
        with self._lock:
            if batch in self._flying:
                self._flying.discard(batch)
                self._line.ready.appendleft(batch)
                self._work.notify()

    def count_dropped(self, reason: DropReason) -> None:
        """Count an event that was dropped before it was a message."""
        with self._lock:
            self._counts.accepted += 1
            self._counts.dropped[reason] += 1

    def count_withheld(self) -> None:
        """Count an event that is converted but not to be sent."""
        with self._lock:
            self._counts.accepted += 1
            self._counts.withheld += 1

    def wait_settled(self, batches: Collection[Batch], deadline: float) -> bool:
        """Wait until none of the batches is on its way any more; False where the deadline came first."""
        me = threading.get_ident()
        with self._lock:
            return self._progress.wait(lambda: not any(self._is_under_way(batch, me) for batch in batches), deadline)

    def wait_window(self, width: int, deadline: float) -> bool:
        """Wait until no more batches are on their way than there may be requests."""
        with self._lock:
            return self._progress.wait(lambda: len(self._line.ready) + len(self._flying) <= width, deadline)

    def wait_empty(self, deadline: float) -> None:
        """Wait until everything is settled or everybody who could do it has given up."""
        with self._lock:
            self._progress.wait(
                lambda: not (self._flying or self._reporting or (self._line.ready and self._senders)), deadline
            )

    def close(self) -> list[Batch]:
        """Take nothing more in; return what waits, and what is on its way from memory alone.

        What is in memory alone is counted as dropped by the shutdown, the rest as left to the spool. What is there and
        on its way stays this process's until its request has ended.
        """
        with self._lock:
            self.is_open = False
            waiting, flying = self._line.clear(), [batch for batch in self._flying if batch.messages]
            self._flying.clear()
            self._bytes = 0
            if lost := _events(batch for batch in (*waiting, *flying) if not batch.rows):
                self._counts.dropped[DropReason.SHUTDOWN] += lost
            for batch in (*waiting, *flying):
                if batch.rows:
                    self._counts.shelve(batch, len(batch))
            self._work.notify_all()
            self._progress.made()
            return [*waiting, *(batch for batch in flying if not batch.rows)]

    def stats(self) -> Stats:
        """Return the counts as they are now."""
        with self._lock:
            return self._counts.snapshot(_events(self._line), _events(self._flying))

    def _is_under_way(self, batch: Batch, me: int) -> bool:
        # A hook that waits must not wait for itself.
        return batch in self._flying or batch in self._line.ready or self._reporting.get(batch, me) != me


def _events(batches: Iterable[Batch]) -> int:
    return sum(map(len, batches))
