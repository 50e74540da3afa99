"""When an endpoint may be asked again: one answer for all that a process sends there."""

from otel_segment._clock import SYSTEM_CLOCK, Clock

__all__ = ["Gate", "gate_for"]

_MOST_GATES = 1_000


class Gate:
    """The moment until which an endpoint wants no requests."""

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._until = 0.0

    def close_for(self, seconds: float) -> None:
        """Let nobody through for some seconds from now; an earlier, longer wait stays."""
        self._until = max(self._until, self._clock.monotonic() + seconds)

    def wait(self) -> float:
        """Return the seconds until it opens; 0 where it is open."""
        return max(0.0, self._until - self._clock.monotonic())


_gates: dict[str, Gate] = {}


def gate_for(url: str) -> Gate:
    """Return the gate of an endpoint, the same for every exporter of the process."""
    if url not in _gates and len(_gates) >= _MOST_GATES:
        _gates.clear()
    return _gates.setdefault(url, Gate())
