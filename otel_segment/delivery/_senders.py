"""The threads that send: take a batch, post it, act on the answer, until it is settled."""

import logging
import math
import os
import random
import threading
import time
from typing import NamedTuple

import msgspec
from opentelemetry import context
from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY

from otel_segment._clock import Clock
from otel_segment._log import say, say_once
from otel_segment.delivery._gate import Gate
from otel_segment.delivery._outbox import Outbox
from otel_segment.delivery._reporter import Reporter
from otel_segment.delivery._signals import signals_held
from otel_segment.delivery._uwsgi import warn_where_threads_stand_still
from otel_segment.mapping import iso_time
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.transport import Reply, Transport
from otel_segment.wire import FIRST_DELAY, Batch, Verdict, backoff, judge, retry_after

__all__ = ["Senders"]

_PATIENCE = 10.0
"""Seconds after which a sender with nothing to do ends."""
_LEAST_TIMEOUT = 0.05
"""Seconds that a request gets even in the last moment."""
_CLOSING_DELAY = 0.5
"""Seconds between attempts, at most, once the time for shutting down runs."""


class _End(NamedTuple):
    """What became of a batch: no reason to drop it means that it has arrived."""

    reason: DropReason | None
    detail: str = ""


class Senders:
    """Sender threads of one process: started when there is work, ended when there is none.

    They are daemons, so that none of them keeps the interpreter from ending.

    Args:
        settings: The settings.
        outbox: Where batches come from.
        transport: The way to the endpoint.
        gate: When the endpoint may be asked.
        reporter: Hears what became of the messages.
        clock: The clock.
    """

    def __init__(
        self, settings: Settings, outbox: Outbox, transport: Transport, gate: Gate, reporter: Reporter, clock: Clock
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._transport = transport
        self._gate = gate
        self._reporter = reporter
        self._clock = clock
        self._write_key = msgspec.json.encode(settings.write_key).decode() if settings.auth == "body" else None
        self._deadline: float | None = None
        self._hurry = threading.Event()
        self._ended = threading.Event()
        self._pid = os.getpid()
        self._threads: set[int] = set()

    def ensure(self) -> None:
        """Start one more sender where that helps."""
        if not self._outbox.needs_sender(self._settings.concurrency):
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
        token = context.attach(_suppressed())
        try:
            while self._clock.monotonic() < deadline and (is_sender or not self._outbox.has_senders):
                batch = self._outbox.take_now()
                if batch is None or not self._deliver(batch, deadline):
                    return
        finally:
            context.detach(token)

    def hurry(self, deadline: float) -> None:
        """Let waits end now, and all attempts by a deadline."""
        self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
        self._hurry.set()

    def end(self) -> None:
        """Let every sender end as soon as its request has."""
        self._ended.set()

    def _run(self) -> None:
        context.attach(_suppressed())
        self._threads.add(threading.get_ident())
        batch: Batch | None = None
        try:
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
            if os.getpid() != self._pid:
                # A greenlet that gevent took across a fork; threading has forgotten it, and would fail at its end.
                threading.Event().wait()

    def _deliver(self, batch: Batch, deadline: float) -> bool:
        """See a batch to its end; False where the time for it is over and it is back in the outbox."""
        metrics = self._reporter.metrics
        end = None
        try:
            metrics.taken(len(batch))
            end = self._attempt(batch, deadline)
            metrics.released(len(batch))
        finally:
            if end is None:
                self._outbox.put_back(batch)
        if end is not None and self._outbox.settle(batch, end.reason):
            try:
                self._reporter.settled(batch.messages, end.reason, end.detail)
            finally:
                self._outbox.reported(batch)
        return end is not None

    def _attempt(self, batch: Batch, deadline: float) -> _End | None:
        """Post a batch until its fate is known; None where the time is over before."""
        failures = 0
        spent = 0.0
        while self._pass_gate(deadline):
            began = self._clock.monotonic()
            reply = self._post(batch, failures, deadline)
            verdict = judge(reply.status) if reply.status else Verdict.RETRY
            if verdict is Verdict.ACCEPTED:
                return _End(None)
            if verdict is not Verdict.RETRY:
                self._explain(verdict, reply)
                return _End(DropReason.REJECTED, _detail(reply))
            failures += 1
            say(f"retry {self._settings.url}", logging.WARNING, "%s; trying again", self._trouble(reply))
            delay = self._delay(reply, failures)
            spent += self._clock.monotonic() - began + delay
            if spent > self._settings.max_retry_time:
                return _End(DropReason.RETRIES_EXHAUSTED, _detail(reply))
            if not self._sleep(delay, deadline):
                break
        return None

    def _delay(self, reply: Reply, failures: int) -> float:
        """Return the seconds to wait besides those that the endpoint asks for, which use up no time for retries."""
        asked = retry_after(reply.headers, self._clock.time())
        if asked is not None:
            self._gate.close_for(asked)
            # An endpoint that asks for next to nothing, time after time, is not to be asked without a pause.
            if asked >= FIRST_DELAY:
                return 0.0
        return backoff(failures, random.random())  # noqa: S311 - jitter is no secret

    def _post(self, batch: Batch, failures: int, deadline: float) -> Reply:
        body = batch.body(iso_time(int(self._clock.time() * 1e9)), self._write_key)
        began = time.perf_counter()
        timeout = max(_LEAST_TIMEOUT, min(self._settings.timeout, self._left(deadline)))
        reply = self._transport.send(body, failures, timeout)
        seconds = time.perf_counter() - began
        self._outbox.requested(reply, len(body), failures > 0)
        self._reporter.metrics.requested(reply, seconds, len(body), failures > 0)
        return reply

    def _pass_gate(self, deadline: float) -> bool:
        """Wait until the endpoint may be asked; False where that is too late."""
        while (wait := self._gate.wait()) > 0:
            if self._clock.monotonic() + wait >= self._last_moment(deadline) or not self._sleep(wait, deadline):
                return False
        return self._clock.monotonic() < self._last_moment(deadline)

    def _sleep(self, seconds: float, deadline: float) -> bool:
        """Wait for some time, or until the process wants to end; False where there is no time left after it."""
        if self._hurry.is_set():
            self._ended.wait(min(seconds, _CLOSING_DELAY, max(0.0, self._left(deadline))))
        else:
            self._hurry.wait(min(seconds, threading.TIMEOUT_MAX, max(0.0, self._left(deadline))))
        return self._left(deadline) > 0

    def _left(self, deadline: float) -> float:
        return self._last_moment(deadline) - self._clock.monotonic()

    def _last_moment(self, deadline: float) -> float:
        # Threads do not cross a fork, but gevent's do; what the parent had is not theirs to send.
        if self._ended.is_set() or os.getpid() != self._pid:
            return -math.inf
        return deadline if self._deadline is None else min(deadline, self._deadline)

    def _trouble(self, reply: Reply) -> str:
        return f"Segment endpoint {self._settings.url}: {_detail(reply)}"

    def _explain(self, verdict: Verdict, reply: Reply) -> None:
        if verdict is Verdict.REDIRECTED:
            say_once(
                f"redirect {self._settings.url}",
                logging.ERROR,
                "configuration error: the endpoint %s answers %d and points to %s; set endpoint to where events go",
                self._settings.url,
                reply.status,
                reply.text or "nowhere",
            )
        else:
            say(
                f"rejected {self._settings.url}",
                logging.ERROR,
                "%s; such requests are not repeated",
                self._trouble(reply),
            )


def _suppressed() -> context.Context:
    """Return a context in which our own requests make no spans."""
    suppressed = context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)
    return context.set_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, suppressed)


def _detail(reply: Reply) -> str:
    if not reply.status:
        return f"{reply.error}: {reply.text}"
    text = " ".join(reply.text.split())[:200]
    return f"answered {reply.status}" + (f": {text}" if text else "")
