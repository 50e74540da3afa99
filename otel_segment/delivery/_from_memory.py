"""Delivery of what is in memory alone: tried again until it has arrived, or its time is over."""

import random
from functools import partial

from otel_segment._clock import Clock
from otel_segment.delivery._complaints import Complaints
from otel_segment.delivery._courier import Courier
from otel_segment.delivery._ending import Ending
from otel_segment.delivery._health import Health
from otel_segment.delivery._reporter import Fate
from otel_segment.delivery._settlement import Settlement
from otel_segment.reasons import DropReason
from otel_segment.transport import Reply
from otel_segment.wire import FIRST_DELAY, Batch, Verdict, backoff, retry_after

__all__ = ["FromMemory"]


class FromMemory:
    """Delivers batches that nothing but this process knows of.

    Args:
        courier: Makes the requests.
        settlement: Does what is to be done about settled messages.
        health: How the endpoint has answered of late.
        complaints: Says what is wrong.
        ending: How much time there is.
        clock: The clock.
    """

    def __init__(
        self,
        courier: Courier,
        settlement: Settlement,
        health: Health,
        complaints: Complaints,
        ending: Ending,
        clock: Clock,
    ) -> None:
        self._courier = courier
        self._settlement = settlement
        self._health = health
        self._complaints = complaints
        self._ending = ending
        self._clock = clock

    def deliver(self, batch: Batch, deadline: float, patience: float, reason: DropReason) -> bool:
        """See a batch to its end.

        Args:
            batch: The batch.
            deadline: When it is too late, on the monotonic clock.
            patience: Seconds for which it is tried again; waits that the endpoint asks for do not count.
            reason: Why it is dropped afterwards.

        Returns:
            False where the time was over before, and some of it is not settled.
        """
        carriage = self._courier.load(batch.messages, partial(self._settlement.settle, batch))
        failures = 0
        spent = 0.0
        while True:
            outcome = self._courier.carry(carriage, failures, deadline)
            if outcome is None:
                return False
            verdict, reply, seconds = outcome
            if verdict is Verdict.ACCEPTED:
                return True
            if verdict is not Verdict.RETRY:
                self._refused(batch, verdict, reply, is_hopeless=carriage.isolation.is_hopeless)
                return True
            failures += 1
            self._complaints.failed(reply, self._health.gate.wait())
            spent += seconds
            if spent >= patience:
                self._settlement.settle(batch, batch.messages, Fate.of(reason, reply))
                return True
            # The last attempt is at the end of the time, however long the wait would have been.
            delay = min(self._delay(reply, failures), patience - spent)
            spent += delay
            if not self._ending.sleep(delay, deadline):
                return False

    def _refused(self, batch: Batch, verdict: Verdict, reply: Reply, *, is_hopeless: bool) -> None:
        if verdict is not Verdict.DIVIDE or is_hopeless:
            self._health.refused()
            self._complaints.refused(verdict, reply)
        self._settlement.settle(batch, batch.messages, Fate.of(DropReason.REJECTED, reply))

    def _delay(self, reply: Reply, failures: int) -> float:
        """Return the seconds to wait besides those that the endpoint asks for, which use up no time for retries."""
        asked = retry_after(reply.headers, self._clock.time())
        # An endpoint that asks for next to nothing, time after time, is not to be asked without a pause.
        if asked is not None and asked >= FIRST_DELAY:
            return 0.0
        return backoff(failures, random.random())  # noqa: S311 - jitter is no secret
