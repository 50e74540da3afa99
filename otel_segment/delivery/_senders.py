"""The threads that send: take a batch, put it in the spool where there is one, see it to its end."""

import logging
import math
import threading

from otel_segment._clock import Clock
from otel_segment._log import say
from otel_segment._signals import signals_held
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._quiet import quietly
from otel_segment.delivery._reporter import Reporter
from otel_segment.delivery._route import Route
from otel_segment.delivery._uwsgi import warn_where_threads_stand_still
from otel_segment.wire import Batch

__all__ = ["Senders"]

_PATIENCE = 10.0
"""Seconds after which a sender with nothing to do ends."""


class Senders:
    """Sender threads of one process: started when there is work, ended when there is none.

    They are daemons, so that none of them keeps the interpreter from ending.

    Args:
        most: Threads, at most.
        outbox: Where batches come from.
        route: Where they go.
        reporter: Counts what is under way.
        ending: How much time there is.
        clock: The clock.
    """

    def __init__(
        self, most: int, outbox: Outbox, route: Route, reporter: Reporter, ending: Ending, clock: Clock
    ) -> None:
        self._most = most
        self._outbox = outbox
        self._route = route
        self._reporter = reporter
        self._ending = ending
        self._clock = clock
        self._threads: set[int] = set()

    def ensure(self) -> None:
        """Start one more sender where that helps."""
        if not self._outbox.needs_sender(self._most):
            return
        try:
            with signals_held():
                threading.Thread(target=self._run, name="otel-segment-sender", daemon=True).start()
        except RuntimeError:
            # The interpreter is ending and starts no more threads: who waits for the batches sends them itself.
            # Or it has as many as it may have for now, and the next message tries again.
            self._outbox.sender_gone()
            self._outbox.short_handed = True
        warn_where_threads_stand_still()

    def help(self, deadline: float) -> None:
        """Send in this thread what is waiting, where nobody else does it.

        That is so where no thread can be started any more, and where a sender itself waits, in a hook.
        """
        is_sender = threading.get_ident() in self._threads
        with quietly():
            while self._clock.monotonic() < deadline and (is_sender or not self._outbox.has_senders):
                batch = self._outbox.take_now()
                if batch is None or not self._deliver(batch, deadline):
                    return

    def _run(self) -> None:
        self._threads.add(threading.get_ident())
        batch: Batch | None = None
        try:
            with quietly():
                while (batch := self._outbox.take(_PATIENCE)) is not None:
                    # The next batch may need somebody to send it, or to see to it that it does not wait too long.
                    self.ensure()
                    if not self._deliver(batch, math.inf):
                        return
        except Exception as error:  # noqa: BLE001 - a meter of the application, or a defect of ours
            say("sender", logging.ERROR, "a sender failed; the next event starts another one", exc_info=error)
        finally:
            self._threads.discard(threading.get_ident())
            if batch is not None:
                self._outbox.sender_gone()
            if self._ending.is_foreign:
                # A greenlet that gevent took across a fork; threading has forgotten it, and would fail at its end.
                threading.Event().wait()

    def _deliver(self, batch: Batch, deadline: float) -> bool:
        """See a batch to its end; False where the time for it is over and it is back in the outbox."""
        metrics, events = self._reporter.metrics, len(batch)
        metrics.taken(events)
        is_done = False
        try:
            is_done = self._route.deliver(batch, deadline)
        finally:
            metrics.released(events)
            if not is_done:
                self._outbox.put_back(batch)
        return is_done
