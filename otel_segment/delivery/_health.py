"""How an endpoint has answered of late: one answer for all that a process sends there with one write key."""

import random

from otel_segment._clock import SYSTEM_CLOCK, Clock
from otel_segment.delivery._gate import Gate, gate_for
from otel_segment.wire import MAX_BATCH_EVENT_BYTES, MAX_EVENT_BYTES, backoff

__all__ = ["Health", "health_for"]

_REFUSED_FOR = (1.0, 5.0, 20.0, 60.0)
"""Seconds after which an endpoint that takes nothing is asked again, the last of them for good: that is for a person
to mend."""
_FIRST_PAUSE = 1.0
"""Seconds between the first two requests from the spool after a long outage; each success halves it."""
_PAUSE_SHARE = 0.05
"""The same as a share of a short outage: a request that fails now and then is none."""
_GROW_AFTER = 50
"""Accepted requests after which a larger one is tried again."""
_LEAST_PAUSE = 0.02
_MOST_HEALTHS = 1_000


class Health:
    """Whether an endpoint takes what is sent to it, and when to try again where it does not.

    It is asked where there is a spool: what waits in memory alone is tried again by itself.

    Args:
        gate: When the endpoint may be asked at all.
        clock: The clock.
    """

    def __init__(self, gate: Gate, clock: Clock = SYSTEM_CLOCK) -> None:
        self.gate = gate
        self._clock = clock
        self._failures = 0
        self._failing_since = 0.0
        self._accepted = 0
        self._refusals = 0
        self._retry_at = 0.0
        self._pause = 0.0
        self.is_refusing = False
        """Whether it takes nothing at all until a person mends that."""
        self.accepts = False
        """Whether the last answer was that it has accepted something."""
        self.most_bytes = MAX_BATCH_EVENT_BYTES
        """Bytes of messages that it takes in one request, as far as is known."""

    @property
    def is_well(self) -> bool:
        """Whether the last that is known is that it takes requests."""
        return not (self._failures or self.is_refusing or self.gate.wait())

    @property
    def pause(self) -> float:
        """Seconds between two requests from the spool: a gentle start after an outage."""
        return self._pause

    def accepted(self) -> None:
        """Note that it has accepted something."""
        if self._failures or self.is_refusing:
            self._pause = min(_FIRST_PAUSE, _PAUSE_SHARE * (self._clock.monotonic() - self._failing_since))
        else:
            self._pause = self._pause / 2 if self._pause > _LEAST_PAUSE else 0.0
        self._failures = 0
        self.is_refusing = False
        self._refusals = 0
        self.accepts = True
        self._accepted += 1
        if self._accepted % _GROW_AFTER == 0:
            self.most_bytes = min(MAX_BATCH_EVENT_BYTES, 2 * self.most_bytes)

    def failed(self) -> None:
        """Note that it could not be reached, or is not able to take anything now."""
        now = self._clock.monotonic()
        if not self._failures and not self.is_refusing:
            self._failing_since = now
        # Requests that were under way together fail together, and count as one.
        if not self._failures or now >= self._retry_at:
            self._failures += 1
            self.accepts = False
            self._retry_at = now + backoff(self._failures, random.random())  # noqa: S311 - jitter is no secret

    def refused_some(self) -> None:
        """Note that it has refused some messages, which may be the messages' fault."""
        self.accepts = False

    def takes_only(self, most_bytes: int) -> None:
        """Note how many bytes it takes in one request; any single event is always tried."""
        self.most_bytes = max(MAX_EVENT_BYTES, most_bytes)

    def refused(self) -> None:
        """Note that it takes nothing, whatever it is."""
        self.accepts = False
        if not self._failures and not self.is_refusing:
            self._failing_since = self._clock.monotonic()
        now = self._clock.monotonic()
        if not self.is_refusing or now >= self._retry_at:
            seconds = _REFUSED_FOR[min(self._refusals, len(_REFUSED_FOR) - 1)]
            self._refusals += 1
            self._retry_at = now + seconds * random.uniform(0.8, 1.0)  # noqa: S311
        self.is_refusing = True

    def forgive(self) -> None:
        """Give it a chance at once: whoever sends there now may do what others could not."""
        self.is_refusing = False
        self._refusals = 0
        self._failures = 0

    def wait(self) -> float:
        """Return the seconds until it is to be tried again; 0 where it may be tried now."""
        is_ill = self._failures or self.is_refusing
        return max(self.gate.wait(), self._retry_at - self._clock.monotonic() if is_ill else 0.0)


_healths: dict[tuple[str, str], Health] = {}


def health_for(url: str, source: str) -> Health:
    """Return the health of an endpoint, the same for every exporter of the process with the same write key.

    Args:
        url: The address.
        source: What tells one write key from another.
    """
    if (url, source) not in _healths and len(_healths) >= _MOST_HEALTHS:
        _healths.clear()
    return _healths.setdefault((url, source), Health(gate_for(url)))
