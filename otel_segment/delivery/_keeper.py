"""What delivery asks of the spool, and how it goes on where the spool fails."""

import logging
from collections.abc import Callable, Sequence

from otel_segment._clock import Clock
from otel_segment._log import say
from otel_segment.delivery._metrics import Metrics
from otel_segment.settings import Settings
from otel_segment.spool import Destination, Row, SpoolError, SpoolFull, spool_for
from otel_segment.wire import Batch

__all__ = ["Keeper"]

_FIRST_PAUSE = 1.0
"""Seconds for which a spool that has failed is left alone; twice as long each time, up to the other."""
_MOST_PAUSE = 30.0


class Keeper:
    """Keeps messages in the spool until they are settled.

    Where the spool cannot be used delivery goes on from memory: that is said when it begins and when it ends, and
    counted each time.

    Args:
        settings: The settings; ``spool`` is set.
        metrics: The exporter's instruments.
        clock: The clock.
    """

    def __init__(self, settings: Settings, metrics: Metrics, clock: Clock) -> None:
        self.destination = Destination.of(settings.url, settings.write_key)
        self._spool = spool_for(settings.spool or "", settings.spool_max_bytes)
        self._metrics = metrics
        self._clock = clock
        self._folder = settings.spool
        self._max_age = settings.spool_max_age
        self._is_failing = False
        self._is_full = False
        self._pause = _FIRST_PAUSE
        self._rest_until = 0.0
        self._error: Exception = SpoolError("not tried yet")

    @property
    def is_usable(self) -> bool:
        """Whether the last that is known is that messages can be written down."""
        return not (self._is_failing or self._is_full)

    def store(self, batches: Sequence[Batch]) -> bool:
        """Write batches down in one transaction; False where the spool is at its bound."""
        if not batches:
            return True
        if self._is_resting:
            self._metrics.spool_failed(self._error)
            return True
        try:
            rows = self._spool.write(self.destination, [batch.messages for batch in batches])
        except SpoolFull as error:
            self._metrics.spool_failed(error)
            self._is_full = True
            return False
        except Exception as error:  # noqa: BLE001 - SpoolError, or a defect of ours: a sick spool stops nothing
            self._metrics.spool_failed(error)
            self._fail(error)
            return True
        for batch, row in zip(batches, rows, strict=True):
            batch.rows = [row]
        self._work()
        return True

    def store_message(self, message: bytes) -> int | None:
        """Write one message down; None where that is not possible now."""
        if self._is_resting:
            self._metrics.spool_failed(self._error)
            return None
        try:
            row = self._spool.write_message(self.destination, message)
        except SpoolFull as error:
            self._metrics.spool_failed(error)
            return None
        except Exception as error:  # noqa: BLE001 - SpoolError, or a defect of ours: a sick spool stops nothing
            self._metrics.spool_failed(error)
            self._fail(error)
            return None
        self._work()
        return row

    def forget(self, rows: Sequence[int]) -> None:
        """Let messages go that are settled."""
        self._spool.delete(rows)

    def leave(self, rows: Sequence[int], left: Sequence[bytes], *, is_whole: bool, delay: float) -> None:
        """Leave messages in the spool to whoever takes them up.

        Args:
            rows: Their rows.
            left: What is not settled of them.
            is_whole: Whether that is all of them.
            delay: Seconds for which they are not to be taken up.
        """
        due = self._clock.time() + delay if delay else 0.0
        if is_whole:
            self._spool.release(rows, due, failed=bool(delay))
        else:
            self._spool.replace(rows, self.destination, left, due)

    def leave_apart(self, rows: Sequence[int], left: Sequence[bytes], delay: float) -> None:
        """Leave messages in the spool as two halves, which are taken up one by one."""
        middle = len(left) // 2
        half = Batch(left[middle:])
        self.store([half])
        if half.rows:
            self.leave(rows, left[:middle], is_whole=False, delay=delay)
            self.leave(half.rows, half.messages, is_whole=True, delay=delay)
        else:
            self.leave(rows, left, is_whole=True, delay=delay)

    def claim(self, most_events: int, most_bytes: int) -> Batch | None:
        """Take up the oldest messages that nobody sends; None where nothing is due, or the spool fails."""
        return self._claim(lambda: self._spool.claim(self.destination, most_events, most_bytes, self._clock.time()))

    def claim_newest(self) -> Batch | None:
        """Take up the newest row of messages that nobody sends; None where nothing is due, or the spool fails."""
        return self._claim(lambda: self._spool.claim_newest(self.destination, self._clock.time()))

    def claim_expired(self) -> Batch | None:
        """Take up messages that are older than the spool keeps them; None where there are none."""
        before = self._clock.time() - self._max_age
        return self._claim(lambda: self._spool.claim_expired(self.destination, before))

    def free_orphans(self) -> None:
        """Make what dead processes were about to send free for everybody."""
        if self._is_resting:
            return
        try:
            self._spool.free_orphans()
        except Exception as error:  # noqa: BLE001 - SpoolError, or a defect of ours: a sick spool stops nothing
            self._fail(error)

    def retire(self) -> None:
        """Say that this exporter sends no more: whoever sends with the same write key may take up what it has left."""
        self._spool.retire(self.destination)

    @property
    def has_own(self) -> bool:
        """Whether messages that this process wrote are in the spool, as far as can be known now."""
        if self._is_resting:
            return True
        try:
            return self._spool.has_left(self.destination, self._spool.owner)
        except Exception as error:  # noqa: BLE001
            self._fail(error)
            return False

    @property
    def state(self) -> tuple[int, float]:
        """How many messages with this write key are in the spool, and for how many seconds the oldest is there."""
        now = self._clock.time()
        try:
            found = [status for status in self._spool.status(now) if status.source == self.destination.source]
        except Exception as error:  # noqa: BLE001
            self._fail(error)
            found = []
        oldest = min((status.oldest for status in found), default=now)
        return sum(status.events for status in found), max(0.0, now - oldest)

    def mention_others(self) -> None:
        """Say where the spool holds messages for another write key, which nobody sends with this one."""
        try:
            events = self._spool.foreign(self.destination)
        except Exception as error:  # noqa: BLE001
            self._fail(error)
            return
        if events:
            say(
                f"spool {self._folder} of others",
                logging.INFO,
                "the spool %s holds %d event(s) for other write keys, too; where one was wrong, "
                "otel-segment spool drain --source sends its events with the right one",
                self._folder,
                events,
            )

    def _claim(self, claim: Callable[[], list[Row]]) -> Batch | None:
        if self._is_resting:
            return None
        try:
            rows = claim()
        except Exception as error:  # noqa: BLE001 - SpoolError, or a defect of ours: a sick spool stops nothing
            self._fail(error)
            return None
        return self._batch(rows)

    def _batch(self, rows: Sequence[Row]) -> Batch | None:
        if not rows:
            return None
        batch = Batch([message for row in rows for message in row.messages], [row.id for row in rows])
        batch.recovered = sum(len(row.messages) for row in rows if row.origin != self._spool.owner)
        batch.has_failed = any(row.failures for row in rows)
        return batch

    @property
    def _is_resting(self) -> bool:
        """Whether the spool has failed just now: another try may take seconds, and is not for each message."""
        return self._clock.monotonic() < self._rest_until

    def _fail(self, error: Exception) -> None:
        self._error = error.with_traceback(None)
        self._rest_until = self._clock.monotonic() + self._pause
        self._pause = min(_MOST_PAUSE, 2 * self._pause)
        if not self._is_failing:
            self._is_failing = True
            say(
                f"spool {self._folder} {error}",
                logging.ERROR,
                "the spool %s cannot be used: %s; events are delivered from memory until it can",
                self._folder,
                error,
            )

    def _work(self) -> None:
        self._is_full = False
        self._pause = _FIRST_PAUSE
        if self._is_failing:
            self._is_failing = False
            say(f"spool {self._folder} works", logging.INFO, "the spool %s can be used again", self._folder)
