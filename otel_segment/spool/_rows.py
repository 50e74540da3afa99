"""The statements on rows, each to be run inside a transaction of who calls."""

import random
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from otel_segment.spool._schema import AT_ONCE, MOST_FAILURES, NO_FAILURES, NOBODY, due_time

__all__ = [
    "INSERT",
    "Body",
    "Find",
    "Found",
    "NewRow",
    "Numbers",
    "bodies",
    "delete",
    "find",
    "find_expired",
    "insert",
    "release",
    "replace",
    "take",
]

INSERT = "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_CHUNK = 500
_MOST_DELAY = 60.0
"""Seconds after which any row is due again."""
# The owner is written out: that is what SQLite recognizes the index of such rows by.
_FREE = f"SELECT id, origin, created, failures, events, size FROM rows WHERE owner = {NOBODY}"  # noqa: S608


class NewRow(NamedTuple):
    """A row that is to be written."""

    body: bytes
    events: int
    size: int
    """Bytes of the messages before they were packed."""


class Found(NamedTuple):
    """A row that may be claimed."""

    id: int
    origin: int
    created: float
    failures: int
    events: int
    size: int


class Body(NamedTuple):
    """A row and the bytes of its messages."""

    row: Found
    body: bytes


Find = Callable[[sqlite3.Connection, int], list[Found]]


class Numbers:
    """Gives out row numbers: moments in microseconds, and never the same one twice."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: float) -> int:
        """Return a number; the later of two is the greater."""
        self._last = number = max(self._last + 1, int(now * 1e6))
        return number

    def skip(self) -> None:
        """Stay clear of numbers that another process has given out in the same moment."""
        self._last += random.randrange(1, 1_000)  # noqa: S311 - no secret


def insert(
    connection: sqlite3.Connection, numbers: Numbers, destination: int, owner: int, rows: Iterable[NewRow]
) -> list[int]:
    """Write rows that their process is going to send itself."""
    now = time.time()
    start = (destination, owner, owner, now, AT_ONCE, NO_FAILURES)
    return [insert_one(connection, numbers, (*start, row.events, row.size, row.body)) for row in rows]


def insert_one(connection: sqlite3.Connection, numbers: Numbers, values: tuple[object, ...]) -> int:
    """Write one row: all of its columns but its number, which is returned."""
    while True:
        number = numbers.next(time.time())
        taken = connection.execute("SELECT 1 FROM rows WHERE id = ?", (number,)).fetchone()
        if taken is None:
            connection.execute(INSERT, (number, *values))
            return number
        numbers.skip()


def find(
    connection: sqlite3.Connection, destination: int, now: float, most_events: int, most_bytes: int, order: str
) -> list[Found]:
    """Return the first rows in an order that nobody holds and that are due: one at least, and no more than fit.

    A row that has failed comes alone: what is wrong with it is not to hold others up.
    """
    rows = connection.execute(
        f"{_FREE} AND destination = ? AND (due <= ? OR due > ?) ORDER BY id {order}",
        # Nothing is put off for long: a moment that is far ahead is of a clock that was wrong.
        (destination, due_time(now), due_time(now + _MOST_DELAY)),
    )
    found: list[Found] = []
    for row in map(Found._make, rows):
        most_events -= row.events
        most_bytes -= row.size + 1
        if found and (row.failures > NO_FAILURES or most_events < 0 or most_bytes < 0):
            break
        found.append(row)
        if row.failures > NO_FAILURES:
            break
    return found


def find_expired(connection: sqlite3.Connection, destination: int, before: float, most: int) -> list[Found]:
    """Return rows that nobody holds and that were created before a moment."""
    rows = connection.execute(
        f"{_FREE} AND destination = ? AND created < ? ORDER BY id LIMIT ?",
        (destination, before, most),
    )
    return list(map(Found._make, rows))


def bodies(connection: sqlite3.Connection, found: list[Found]) -> list[Body]:
    """Return the rows with what is in them."""
    read = "SELECT body FROM rows WHERE id = ?"
    return [Body(row, connection.execute(read, (row.id,)).fetchone()[0]) for row in found]


def take(connection: sqlite3.Connection, rows: Collection[int], owner: int) -> None:
    """Make rows those of a process."""
    for some in _chunks(rows):
        connection.execute(f"UPDATE rows SET owner = ? WHERE id IN ({_marks(some)})", (owner, *some))  # noqa: S608


def delete(connection: sqlite3.Connection, rows: Collection[int], owner: int) -> None:
    """Delete rows of a process."""
    for some in _chunks(rows):
        connection.execute(f"DELETE FROM rows WHERE id IN ({_marks(some)}) AND owner = ?", (*some, owner))  # noqa: S608


def release(connection: sqlite3.Connection, rows: Collection[int], owner: int, due: float, *, failed: bool) -> None:
    """Make rows of a process nobody's."""
    for some in _chunks(rows):
        which = f"id IN ({_marks(some)}) AND owner = ?"
        connection.execute(
            f"UPDATE rows SET owner = ?, due = ?, failures = min(failures + ?, ?) WHERE {which}",  # noqa: S608
            (NOBODY, due_time(due), int(failed), MOST_FAILURES, *some, owner),
        )


def replace(
    connection: sqlite3.Connection,
    numbers: Numbers,
    rows: list[int],
    owner: int,
    destination: int,
    new: NewRow,
    due: float,
) -> None:
    """Put a row that is nobody's in the place of rows of a process."""
    first = None
    if rows:
        first = connection.execute("SELECT origin, created, failures FROM rows WHERE id = ?", rows[:1]).fetchone()
    # Where they are gone, because the database was damaged, the messages are not to be lost with them.
    origin, created, failures = first or (owner, time.time(), NO_FAILURES)
    delete(connection, rows, owner)
    values = (destination, NOBODY, origin, created, due_time(due), failures, new.events, new.size, new.body)
    insert_one(connection, numbers, values)


def _chunks(rows: Collection[int]) -> Iterator[tuple[int, ...]]:
    left = iter(rows)
    while some := tuple(islice(left, _CHUNK)):
        yield some


def _marks(some: Sequence[int]) -> str:
    # A fixed number of forms, so that SQLite keeps the prepared statements.
    return ", ".join("?" * len(some))
