"""The thread that puts into the spool what no sender has time for."""

import logging
import threading
from typing import TYPE_CHECKING

from otel_segment._log import say
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._quiet import quietly
from otel_segment.delivery._settlement import Settlement
from otel_segment.delivery._signals import signals_held

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
        self._lock = threading.Lock()
        self._is_running = False

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
        if self._is_running:
            return
        with self._lock:
            if self._is_running:
                return
            self._is_running = True
        try:
            with signals_held():
                threading.Thread(target=self._run, name="otel-segment-storer", daemon=True).start()
        except RuntimeError:
            # The interpreter is ending, or has as many threads as it may have: the next batch tries again.
            self._is_running = False

    def _run(self) -> None:
        try:
            with quietly():
                while not self._ending.is_over and self._outbox.is_busy:
                    self._ending.sleep(self._pause)
                    # What could not be stored is tried again by whoever sends it, not several times a second.
                    if self._keeper.is_usable:
                        self.store()
                    for batch in self._outbox.take_surplus():
                        self._settlement.leave(batch)
        except Exception as error:  # noqa: BLE001 - a meter of the application, or a defect of ours
            say("storer", logging.ERROR, "the spool's storer failed; the next batch starts another", exc_info=error)
        finally:
            self._is_running = False
        if self._outbox.is_busy and not self._ending.is_over:
            self.ensure()  # a request has begun since this thread made up its mind to end
