"""Questions to the archive's database, answered without holding it up."""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec

from otel_segment.inspector._received import Received
from otel_segment.inspector._rules import Problem
from otel_segment.inspector.live._filter import Filter, folded
from otel_segment.inspector.live._row import Request, Row

__all__ = ["Found", "Reader"]

_BREATH_SECONDS: Final = 0.0002
_IDS_AT_ONCE: Final = 500
_EXPORTED_AT_ONCE: Final = 500
_COLUMNS: Final = "number, arrived, type, name, person, user, state, problems, size, message_id, trace"
_RECEIVED: Final = (
    "SELECT raw, type, message_id, problems, request, arrived, number FROM events JOIN payloads USING (number)"
)
_CAN_REPEAT: Final = "message_id <> '' AND state <> 'refused'"
_PROBLEMS: Final = {str(problem): problem for problem in Problem}
# What stands for a body that could not be read is no event.
_NO_EVENT: Final = tuple(map(str, (Problem.INVALID_JSON, Problem.INVALID_BATCH, Problem.UNREADABLE_BODY)))


class Found(msgspec.Struct):
    """All about one event.

    Attributes:
        row: What lists show.
        raw: The event as it was sent.
        request: The request that it came in.
        forwarded: Status and body of the answer when it was passed on; ``None`` before that.
    """

    row: Row
    raw: str
    request: Request
    forwarded: tuple[int, str] | None


class Reader:
    """Looks into the database; for many threads."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Condition) -> None:
        connection.create_function("folded", 1, folded, deterministic=True)
        self._connection = connection
        self._lock = lock

    def page(self, wanted: Filter, limit: int) -> tuple[list[Row], bool]:
        """Give the newest events of a kind, the newest first.

        Args:
            wanted: The kind.
            limit: How many at most.

        Returns:
            The events, and whether there are more.
        """
        condition, values = wanted.clause()
        sql = f"SELECT {_COLUMNS} FROM events WHERE number BETWEEN ? AND ? AND {condition} ORDER BY number DESC LIMIT ?"  # noqa: S608
        rows: list[tuple[Any, ...]] = []
        for low, high in _in_turn(reversed(self._spans(wanted))):
            rows += self._ask(sql, (low, high, *values, limit + 1 - len(rows)))
            if len(rows) > limit:
                break
        return [_row(row) for row in rows[:limit]], len(rows) > limit

    def raws(self, wanted: Filter) -> Iterator[list[str]]:
        """Give the JSON of all events of a kind, in their order, some at a time."""
        condition, values = wanted.clause()
        known = ", ".join(f"'{each}'" for each in _NO_EVENT)
        sql = (
            f"SELECT number, raw FROM events JOIN payloads USING (number) WHERE number BETWEEN ? AND ? AND {condition} "  # noqa: S608
            f"AND problems NOT IN ({known}) ORDER BY number LIMIT ?"
        )
        for low, high in _in_turn(self._spans(wanted)):
            start = low
            while found := self._ask(sql, (start, high, *values, _EXPORTED_AT_ONCE)):
                yield [raw for _, raw in found]
                start = found[-1][0] + 1

    def event(self, number: int) -> Found | None:
        """Give all about the event of that number."""
        with self._lock:
            events = self._ask(
                f"SELECT {_COLUMNS}, raw, request FROM events JOIN payloads USING (number) WHERE number = ?",  # noqa: S608
                (number,),
            )
            requests = self._ask("SELECT * FROM requests WHERE number = ?", (events[0][-1],)) if events else []
        if not requests:
            return None
        *row, raw, _ = events[0]
        *request, status, body = requests[0]
        return Found(_row(row), raw, Request.of_row(request), None if status is None else (status, body))

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Say which of these are the ``messageId`` of an event that was accepted."""
        ids, found = list(message_ids), set[str]()
        for start in range(0, len(ids), _IDS_AT_ONCE):
            part = ids[start : start + _IDS_AT_ONCE]
            marks = ", ".join("?" * len(part))
            sql = f"SELECT message_id FROM events WHERE message_id IN ({marks}) AND {_CAN_REPEAT}"  # noqa: S608
            found.update(message_id for (message_id,) in self._ask(sql, tuple(part)))
        return found

    def find(self, message_id: str) -> Received | None:
        """Give the first accepted event with this ``messageId``."""
        found = self._ask(f"{_RECEIVED} WHERE message_id = ? AND {_CAN_REPEAT} ORDER BY number LIMIT 1", (message_id,))
        return _received(found[0]) if found else None

    def received(self, after: int) -> list[Received]:
        """Give the events that were accepted after that number, in their order."""
        sql = f"{_RECEIVED} WHERE number > ? AND state <> 'refused' ORDER BY number"
        return list(map(_received, self._ask(sql, (after,))))

    def _ask(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def _spans(self, wanted: Filter) -> list[tuple[int, int]]:
        """Give the numbers to look at as spans, of which none takes long."""
        # Asked for both at once, SQLite looks at every event.
        sql = "SELECT (SELECT min(number) FROM events), (SELECT max(number) FROM events)"
        ((first, last),) = self._ask(sql, ())
        low = max(first or 0, wanted.after + 1)
        high = min(last or -1, wanted.before - 1) if wanted.before else last or -1
        return [(start, min(high, start + wanted.stride - 1)) for start in range(low, high + 1, wanted.stride)]


def _in_turn(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give one span after the other, and let others have their turn in between."""
    for span in spans:
        yield span
        time.sleep(_BREATH_SECONDS)


def _row(values: Any) -> Row:
    number, arrived, kind, name, person, user, state, problems, size, message_id, trace = values
    found = tuple(problems.split())
    return Row(number, arrived, kind, name, person, bool(user), state, found, size, message_id, trace)


def _received(values: tuple[Any, ...]) -> Received:
    raw, kind, message_id, problems, request, arrived, number = values
    found = tuple(map(_PROBLEMS.__getitem__, problems.split()))
    return Received(raw.encode(), kind, message_id, found, None, request, arrived / 1_000, number)
