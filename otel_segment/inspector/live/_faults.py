"""The faults that the endpoint has, and what they do to a request."""

import random
import time
from collections.abc import Callable
from typing import NamedTuple

from otel_segment.inspector._behaviour import Answer, Reset
from otel_segment.inspector._replies import failure
from otel_segment.inspector.live._fault_text import Fault, parse_faults

__all__ = ["Faults", "Plan"]


class Plan(NamedTuple):
    """What is to be done about one request."""

    wait: float = 0.0
    """Seconds to wait before anything else."""
    action: Answer | Reset | None = None
    """What to do instead of handling it."""


class Faults:
    """Has faults, which can be changed at any time."""

    def __init__(
        self,
        text: str = "",
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Have faults from now on.

        Args:
            text: The faults, with semicolons in between; empty for none.
            clock: Gives the time in seconds.
            chance: Gives a number from 0 to below 1, another one each time.

        Raises:
            FaultError: If one is wrong.
        """
        self._clock = clock
        self._chance = chance
        self.switch(text)

    @property
    def text(self) -> str:
        """The faults that there are now, with semicolons in between."""
        return "; ".join(fault.text for fault in self._current())

    def switch(self, text: str) -> None:
        """Have other faults from now on; if one is wrong, nothing changes.

        Raises:
            FaultError: If one is wrong.
        """
        self._faults = parse_faults(text)
        self._since = self._clock()

    def plan(self) -> Plan:
        """Say what is to be done about the next request."""
        hits = [fault for fault in self._current() if fault.share >= 1 or self._chance() < fault.share]
        wait = sum(fault.latency for fault in hits)
        actions = [action for action in map(_action, hits) if action is not None]
        return Plan(wait, actions[0] if actions else None)

    def _current(self) -> tuple[Fault, ...]:
        if not self._faults:
            return ()
        age = self._clock() - self._since
        return tuple(fault for fault in self._faults if fault.outage is None or age < fault.outage)


def _action(fault: Fault) -> Answer | Reset | None:
    if fault.reset:
        return Reset()
    if fault.status is None:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Answer(fault.status, headers, failure(f"A fault that was asked for: {fault.text}"))
