"""How much there is of what, kept up while events come and go."""

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable

from otel_segment.inspector.live._row import Row

__all__ = ["Counts"]

_SECONDS = 120


class Counts:
    """Counts events by type and state, and how many came in each of the last two minutes' seconds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Count what a database holds already."""
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._rates: deque[tuple[int, Counter[str]]] = deque(maxlen=_SECONDS)
        self.bytes = 0
        for kind, state, events, size in connection.execute(
            "SELECT type, state, count(*), sum(size) FROM events GROUP BY type, state"
        ):
            self._kinds[kind, state] = events
            self.bytes += size

    @property
    def events(self) -> int:
        """How many events there are."""
        return self._kinds.total()

    @property
    def types(self) -> dict[str, int]:
        """How many events of each type there are."""
        return self._sums(0)

    @property
    def states(self) -> dict[str, int]:
        """How many events in each state there are."""
        return self._sums(1)

    def rates(self, now: int) -> list[tuple[int, dict[str, int]]]:
        """Give the seconds since 1970 in which events came, and how many of each type; not older than two minutes."""
        return [(second, dict(types)) for second, types in self._rates if second > now - _SECONDS]

    def add(self, rows: Iterable[Row]) -> None:
        """Count events that have come."""
        for row in rows:
            self._kinds[row.type, row.state] += 1
            self.bytes += row.size
            second = row.arrived // 1_000
            if not self._rates or self._rates[-1][0] < second:
                self._rates.append((second, Counter()))
            self._rates[-1][1][row.type] += 1

    def remove(self, events: Iterable[tuple[str, str, int]]) -> None:
        """Count events no longer, of which type, state and size are given."""
        for kind, state, size in events:
            self._kinds[kind, state] -= 1
            self.bytes -= size

    def clear(self) -> None:
        """Begin anew; the rates stay, since events did come."""
        self._kinds.clear()
        self.bytes = 0

    def _sums(self, place: int) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for key, number in self._kinds.items():
            sums[key[place]] += number
        return {name: number for name, number in sums.most_common() if number}
