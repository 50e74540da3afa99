"""Delivery of what is in the spool: tried once, and left there where that fails."""

import random
from functools import partial

from otel_segment.delivery._complaints import Complaints
from otel_segment.delivery._courier import Courier
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._health import Health
from otel_segment.delivery._settlement import Settlement
from otel_segment.transport import Reply
from otel_segment.wire import FIRST_DELAY, Batch, Verdict, backoff

__all__ = ["FromSpool"]

_SUSPECT_DELAY = 5.0
"""Seconds for which others go before messages that were refused, to tell these from an endpoint that refuses all."""
_CREDIT = 3
"""Messages that are dropped at a time because others were accepted since they were first refused."""
_FAILED_DELAY = 10.0
"""Seconds, at most, for which others go before a batch at which the endpoint fails."""
# Answers that say nothing about what was sent: there is no use in trying another batch first.
_OF_THE_ENDPOINT = frozenset({0, 408, 429, 502, 503, 504})


class FromSpool:
    """Delivers batches that are in the spool.

    Args:
        courier: Makes the requests.
        settlement: Does what is to be done about settled messages, and leaves others in the spool.
        health: How the endpoint has answered of late.
        complaints: Says what is wrong.
        ending: How much time there is.
    """

    def __init__(
        self, courier: Courier, settlement: Settlement, health: Health, complaints: Complaints, ending: Ending
    ) -> None:
        self._courier = courier
        self._settlement = settlement
        self._health = health
        self._complaints = complaints
        self._ending = ending

    def deliver(self, batch: Batch, deadline: float) -> None:
        """Send a batch; what cannot be sent now is left in the spool."""
        was_well, was_accepting = self._health.is_well, self._health.accepts
        credit = _CREDIT if batch.has_failed and was_accepting else 0
        carriage = self._courier.load(batch.messages, partial(self._settlement.settle, batch), credit)
        failures = int(batch.has_failed)
        while True:
            outcome = self._courier.carry(carriage, failures, deadline)
            if outcome is None:
                self._settlement.leave(batch)
                return
            verdict, reply, _ = outcome
            if verdict is Verdict.ACCEPTED:
                return
            if verdict is not Verdict.RETRY:
                self._refused(batch, verdict, reply, was_accepting=was_accepting)
                return
            failures += 1
            self._health.failed()
            self._complaints.failed(reply, self._health.gate.wait())
            # A process that ends may be the last one for long: it uses the time that it has.
            is_last_chance = was_well and self._ending.is_near
            if not is_last_chance or not self._ending.sleep(FIRST_DELAY, deadline):
                self._failed(batch, reply, failures, was_accepting=was_accepting)
                return

    def _failed(self, batch: Batch, reply: Reply, failures: int, *, was_accepting: bool) -> None:
        """Leave for later what the endpoint failed at; in halves where it fails at this again, and at nothing else."""
        delay = self._delay(reply, failures)
        if delay and batch.has_failed and was_accepting and len(batch) > 1:
            self._settlement.leave_apart(batch, delay)
        else:
            self._settlement.leave(batch, delay)

    def _refused(self, batch: Batch, verdict: Verdict, reply: Reply, *, was_accepting: bool) -> None:
        """Leave what was refused for later; what is accepted meanwhile will tell who is at fault."""
        if verdict is Verdict.DIVIDE and (was_accepting or len(batch) == 1):
            self._health.refused_some()
            self._settlement.leave(batch, _SUSPECT_DELAY)
            return
        self._health.refused()
        self._complaints.refused(verdict, reply)
        self._settlement.leave(batch)

    def _delay(self, reply: Reply, failures: int) -> float:
        if reply.status in _OF_THE_ENDPOINT:
            return 0.0
        return min(_FAILED_DELAY, FIRST_DELAY + backoff(failures, random.random()))  # noqa: S311 - jitter is no secret
