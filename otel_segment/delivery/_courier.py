"""Carrying messages to the endpoint, request by request, until an answer says what becomes of them."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from otel_segment._clock import Clock
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._health import Health
from otel_segment.delivery._reporter import Fate, Reporter
from otel_segment.delivery._requests import Requests
from otel_segment.mapping import iso_time
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.transport import Reply, Transport
from otel_segment.wire import TOO_LARGE, Isolation, Verdict, encode_body, judge, retry_after

__all__ = ["Carriage", "Courier", "Outcome", "Settle"]

_LEAST_TIMEOUT = 0.05
"""Seconds that a request gets even in the last moment."""

Settle = Callable[[Sequence[bytes], Fate], None]
"""Called with messages whose fate is known."""


class Outcome(NamedTuple):
    """Where the way of some messages has ended for now."""

    verdict: Verdict
    """ACCEPTED where nothing is left to send; else what the last answer means for what is left."""
    reply: Reply
    """The last answer."""
    seconds: float
    """Seconds that the requests have taken; waits that the endpoint asked for are none of it."""


class Carriage(NamedTuple):
    """Messages on their way."""

    isolation: Isolation[Reply]
    settle: Settle


class Courier:
    """Carries messages for one exporter in one process.

    Args:
        settings: The settings.
        transport: The way to the endpoint.
        health: How the endpoint has answered of late.
        requests: Counts the requests.
        reporter: Hears of the requests.
        ending: How much time there is.
        clock: The clock.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        health: Health,
        requests: Requests,
        reporter: Reporter,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._health = health
        self._requests = requests
        self._reporter = reporter
        self._ending = ending
        self._clock = clock
        self._write_key = msgspec.json.encode(settings.write_key).decode() if settings.key_in_body else None

    def load(self, messages: Sequence[bytes], settle: Settle, credit: int = 0) -> Carriage:
        """Prepare messages for their way.

        Args:
            messages: The messages.
            settle: Called, in time, with those that have arrived and those that the endpoint will not have.
            credit: How many of them may be called offenders because the endpoint has accepted others.
        """
        health = self._health
        isolation = Isolation[Reply](messages, health.most_bytes, is_doubtful=health.is_refusing, credit=credit)
        return Carriage(isolation, settle)

    def carry(self, carriage: Carriage, failures: int, deadline: float) -> Outcome | None:
        """Send messages until all are settled, or an answer says that it is no use to go on now.

        Args:
            carriage: The messages; what is left of them may be carried again later.
            failures: How often that was tried before.
            deadline: When it is too late, on the monotonic clock.

        Returns:
            The outcome; None where the time is over before.
        """
        isolation, settle = carriage
        reply, seconds = None, 0.0
        while (part := isolation.next()) is not None:
            if not self._pass_gate(deadline):
                return None
            began = self._clock.monotonic()
            reply = self._post(part, failures, deadline)
            seconds += self._clock.monotonic() - began
            verdict = judge(reply.status)
            if verdict is Verdict.ACCEPTED:
                self._health.accepted()
                settle(isolation.accepted(), Fate())
            elif verdict is Verdict.DIVIDE:
                isolation.refused(reply, for_size=reply.status == TOO_LARGE)
            else:
                self._heed(reply)
                return Outcome(verdict, reply, seconds)
            for message, answer in isolation.offenders():
                settle([message], Fate.of(DropReason.REJECTED, answer))
            if isolation.most_bytes < self._health.most_bytes:
                self._health.takes_only(isolation.most_bytes)
        is_left = reply is not None and bool(isolation.left())
        return Outcome(Verdict.DIVIDE if is_left else Verdict.ACCEPTED, reply or Reply(0, {}, ""), seconds)

    def _heed(self, reply: Reply) -> None:
        """Let nobody ask the endpoint before it wants to be asked again."""
        asked = retry_after(reply.headers, self._clock.time())
        if asked is not None and judge(reply.status) is Verdict.RETRY:
            self._health.gate.close_for(asked)

    def _post(self, messages: Sequence[bytes], failures: int, deadline: float) -> Reply:
        body = encode_body(messages, iso_time(int(self._clock.time() * 1e9)), self._write_key)
        began = time.perf_counter()
        timeout = max(_LEAST_TIMEOUT, min(self._settings.timeout, self._ending.left(deadline)))
        reply = self._transport.send(body, failures, timeout)
        seconds = time.perf_counter() - began
        self._requests.made(reply, len(body), is_retry=failures > 0)
        self._reporter.metrics.requested(reply, seconds, len(body), failures > 0)
        return reply

    def _pass_gate(self, deadline: float) -> bool:
        """Wait until the endpoint may be asked; False where that is too late."""
        while (wait := self._health.gate.wait()) > 0:
            if wait >= self._ending.left(deadline) or not self._ending.sleep(wait, deadline):
                return False
        return self._ending.left(deadline) > 0
