"""How much there is of what, kept up while events come and go."""

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable
from typing import Final

from otel_segment.inspector._rules import CALL_TYPES
from otel_segment.inspector.live._row import Row

__all__ = ["Counts"]

_SECONDS: Final = 120
_STRANGE_TYPES: Final = 30
_OTHER: Final = "other"


class Counts:
    """Counts events by type and state, and how many came in each of the last two minutes' seconds.

    Attributes:
        events: How many events there are.
        bytes: How many bytes they have.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Count what a database holds already."""
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._rates: deque[tuple[int, Counter[str]]] = deque(maxlen=_SECONDS)
        self.events = 0
        self.bytes = 0
        for kind, state, events, size in connection.execute(
            "SELECT type, state, count(*), sum(size) FROM events GROUP BY type, state"
        ):
            self._kinds[kind, state] = events
            self.events += events
            self.bytes += size

    @property
    def types(self) -> dict[str, int]:
        """How many events of each type there are; beyond 30 types that Segment does not know, they are ``other``."""
        types = self._sums(0)
        strange = [kind for kind in types if kind not in CALL_TYPES][_STRANGE_TYPES:]
        rest = sum(map(types.pop, strange))
        return {**types, _OTHER: types.get(_OTHER, 0) + rest} if rest else types

    @property
    def states(self) -> dict[str, int]:
        """How many events in each state there are."""
        return self._sums(1)

    def rates(self, now: int) -> list[tuple[int, dict[str, int]]]:
        """Give the last two minutes' seconds, since 1970, in which events came, and how many of each type."""
        return [(second, dict(types)) for second, types in self._rates if second > now - _SECONDS]

    def add(self, rows: Iterable[Row]) -> None:
        """Count events that have come."""
        for row in rows:
            self._kinds[row.type, row.state] += 1
            self.events += 1
            self.bytes += row.size
            second = row.arrived // 1_000
            if not self._rates or self._rates[-1][0] < second:
                self._rates.append((second, Counter()))
            self._rates[-1][1][row.type if row.type in CALL_TYPES else _OTHER] += 1

    def remove(self, events: Iterable[tuple[str, str, int]]) -> None:
        """Count events no longer, of which type, state and size are given."""
        for kind, state, size in events:
            self._kinds[kind, state] -= 1
            if not self._kinds[kind, state]:
                del self._kinds[kind, state]
            self.events -= 1
            self.bytes -= size

    def clear(self) -> None:
        """Begin anew; the rates stay, since events did come."""
        self._kinds.clear()
        self.events = self.bytes = 0

    def _sums(self, place: int) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for key, number in self._kinds.items():
            sums[key[place]] += number
        return dict(sums.most_common())
