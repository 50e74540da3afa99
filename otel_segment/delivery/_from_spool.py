"""Delivery of what is in the spool: tried once, and left there where that fails."""

import random
from functools import partial

from otel_segment.delivery._complaints import Complaints
from otel_segment.delivery._courier import Courier
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._health import Health
from otel_segment.delivery._reporter import Fate
from otel_segment.delivery._settlement import Settlement
from otel_segment.reasons import DropReason
from otel_segment.transport import Reply
from otel_segment.wire import FIRST_DELAY, Batch, Verdict, backoff

__all__ = ["FromSpool"]

_SUSPECT_DELAY = 5.0
"""Seconds after which a message that was refused alone is sent again, to tell it from an endpoint that refuses all."""
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
        was_well = self._health.is_well
        carriage = self._courier.load(batch.messages, partial(self._settlement.settle, batch))
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
                self._refused(batch, verdict, reply, is_hopeless=carriage.isolation.is_hopeless)
                return
            failures += 1
            self._health.failed()
            self._complaints.failed(reply)
            # A process that ends may be the last one for long: it uses the time that it has.
            is_last_chance = was_well and self._ending.is_near
            if not is_last_chance or not self._ending.sleep(FIRST_DELAY, deadline):
                self._settlement.leave(batch, self._delay(reply, failures))
                return

    def _refused(self, batch: Batch, verdict: Verdict, reply: Reply, *, is_hopeless: bool) -> None:
        if verdict is Verdict.DIVIDE and not is_hopeless:
            self._refused_alone(batch, reply)
            return
        self._health.refused()
        self._complaints.refused(verdict, reply)
        self._settlement.leave(batch)

    def _refused_alone(self, batch: Batch, reply: Reply) -> None:
        """Drop a single message where it, and not the endpoint, is at fault; else find that out later."""
        is_at_fault = batch.has_failed and self._health.accepts
        self._health.refused_one()
        if is_at_fault:
            self._settlement.settle(batch, batch.messages, Fate.of(DropReason.REJECTED, reply))
        else:
            self._settlement.leave(batch, _SUSPECT_DELAY)

    def _delay(self, reply: Reply, failures: int) -> float:
        if reply.status in _OF_THE_ENDPOINT:
            return 0.0
        return min(_FAILED_DELAY, FIRST_DELAY + backoff(failures, random.random()))  # noqa: S311 - jitter is no secret
