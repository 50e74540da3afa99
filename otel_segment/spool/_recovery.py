"""What can still be read of a damaged database."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError
from otel_segment.spool._packing import PackingError, unpack

__all__ = ["recover"]

_MOST_FAILURES = 20_000
"""Attempts to read what cannot be read, at most."""
_LAST = (1 << 63) - 1
_UNKNOWN = Destination("", "", "")

_READ = "SELECT id, destination, body FROM rows WHERE id BETWEEN ? AND ? ORDER BY id"
_FORWARD, _BACKWARD = _READ, f"{_READ} DESC"


class _Raw(NamedTuple):
    id: int
    destination: int
    body: bytes


class _Gap(NamedTuple):
    """Row numbers, both included, of which nothing has been read yet."""

    low: int
    high: int


def recover(path: str | PathLike[str]) -> Iterator[tuple[Destination, list[bytes]]]:
    """Return the rows of a spool's database that can be read, however damaged it is, and change nothing in it.

    It is read from both ends until a damaged place stops it, and what lies between is halved, again and again, to get
    at the rows around that place. The log beside it is read, too, where there is one.

    Args:
        path: The database.

    Returns:
        Destinations and the messages for them. Where the destination of a row cannot be read, it is empty.

    Raises:
        SpoolError: The file is not there, or nothing at all can be read.
    """
    connection = _open(Path(path).absolute())
    try:
        known = _destinations(connection)
        for row in _rows(connection):
            with suppress(PackingError):
                yield known.get(row.destination, _UNKNOWN), unpack(row.body)
    finally:
        connection.close()


def _open(path: Path) -> sqlite3.Connection:
    error: sqlite3.Error | None = None
    # The second way leaves out the log, which cannot be read where the folder is read-only.
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.Connection(f"{path.as_uri()}?{mode}", uri=True, isolation_level=None)
            # Without it SQLite reads nothing of a file that is shorter than it should be.
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("SELECT 1 FROM rows WHERE id = 0").fetchone()
        except sqlite3.Error as failure:
            if connection is not None and _is_spool(connection):
                return connection
            if connection is not None:
                connection.close()
            error = failure
        else:
            return connection
    msg = f"{path}: nothing can be read: {error}"
    raise SpoolError(msg) from error


def _is_spool(connection: sqlite3.Connection) -> bool:
    """Tell whether at least the schema can be read."""
    try:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'rows'").fetchone() is not None
    except sqlite3.Error:
        return False


def _destinations(connection: sqlite3.Connection) -> dict[int, Destination]:
    known: dict[int, Destination] = {}
    with suppress(sqlite3.Error):
        for key, *destination in connection.execute("SELECT id, url, source, hint FROM destinations"):
            known[key] = Destination(*destination)
    return known


def _rows(connection: sqlite3.Connection) -> Iterator[_Raw]:
    gaps = deque([_Gap(0, _LAST)])
    failures = 0
    while gaps and failures < _MOST_FAILURES:
        low, high = gaps.popleft()
        for row in (reader := _Reader(connection, _FORWARD, low, high)):
            low = row.id + 1
            yield row
        if reader.has_failed:
            failures += 1
            for row in (reader := _Reader(connection, _BACKWARD, low, high)):
                high = row.id - 1
                yield row
            if reader.has_failed and low < high:
                middle = (low + high) // 2
                gaps += (_Gap(low, middle), _Gap(middle + 1, high))


class _Reader:
    """Reads rows until there are no more, or one cannot be read.

    Args:
        connection: The connection.
        query: The query.
        low: The least number of a row.
        high: The greatest.
    """

    def __init__(self, connection: sqlite3.Connection, query: str, low: int, high: int) -> None:
        self._connection = connection
        self._query = query
        self._range = (low, high)
        self.has_failed = False

    def __iter__(self) -> Iterator[_Raw]:
        try:
            for row in self._connection.execute(self._query, self._range):
                yield _Raw._make(row)
        except sqlite3.Error:
            self.has_failed = True
