"""What is in a spool, for people to look at."""

import sqlite3
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from otel_segment.spool import _parties
from otel_segment.spool._destination import Destination
from otel_segment.spool._schema import AT_ONCE, NO_FAILURES, NOBODY, due_time
from otel_segment.spool._session import Session

__all__ = ["DestinationStatus", "Listing", "RowInfo"]


class DestinationStatus(NamedTuple):
    """What is there of one destination."""

    url: str
    source: str
    hint: str
    rows: int
    events: int
    bytes: int
    """What the rows take as they are stored."""
    oldest: float
    """When the oldest of them was created, in seconds since 1970."""
    held: int
    """Rows that a live process holds."""
    waiting: int
    """Rows that nobody holds and that are not due yet."""


class RowInfo(NamedTuple):
    """A row, without what is in it."""

    id: int
    url: str
    hint: str
    origin: int
    """The number of the process that wrote it."""
    held: bool
    """Whether a live process holds it."""
    created: float
    """Seconds since 1970."""
    due: float
    """When it may be sent, in seconds since 1970."""
    failures: int
    events: int
    size: int
    """Bytes as it is stored."""


_STATUS = """
SELECT
    url, source, hint, owner, count(*), sum(events), sum(length(body)), min(created), sum(owner = ? AND due > ?)
FROM rows JOIN destinations ON destinations.id = destination
GROUP BY destination, owner
ORDER BY url, source
"""
_LIST = """
SELECT rows.id, url, hint, origin, owner, created, due, failures, events, length(body)
FROM rows LEFT JOIN destinations ON destinations.id = destination
WHERE rows.id > ?
ORDER BY rows.id
LIMIT ?
"""
_PURGED = """
FROM rows WHERE owner IN (?, ?) AND (? IS NULL OR created < ?)
AND (? IS NULL OR destination IN (SELECT id FROM destinations WHERE url = ?))
"""


class Listing(Session):
    """What can be asked of a spool, beside sending."""

    def status(self, now: float) -> list[DestinationStatus]:
        """Return what is there, by destination; a destination that has nothing there is left out.

        Args:
            now: Seconds since 1970.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._look(lambda connection: self._sum(connection.execute(_STATUS, (NOBODY, due_time(now)))))

    def _sum(self, groups: Iterable[tuple[Any, ...]]) -> list[DestinationStatus]:
        found: dict[Destination, DestinationStatus] = {}
        for url, source, hint, owner, rows, events, size, oldest, waiting in groups:
            key = Destination(url, source, hint)
            old = found.get(key) or DestinationStatus(url, source, hint, 0, 0, 0, oldest, 0, 0)
            found[key] = old._replace(
                rows=old.rows + rows,
                events=old.events + events,
                bytes=old.bytes + size,
                oldest=min(old.oldest, oldest),
                held=old.held + (rows if self._is_held(owner) else 0),
                waiting=old.waiting + waiting,
            )
        return list(found.values())

    def list_rows(self, limit: int, after: int = 0) -> list[RowInfo]:
        """Return rows, oldest first.

        Args:
            limit: How many, at most.
            after: The number of the row after which to begin.

        Raises:
            SpoolError: The spool cannot be used now.
        """

        def work(connection: sqlite3.Connection) -> list[RowInfo]:
            return [self._info(*row) for row in connection.execute(_LIST, (after, limit))]

        return self._look(work)

    def _info(self, row: int, url: str | None, hint: str | None, origin: int, owner: int, *rest: Any) -> RowInfo:
        created, due, failures, events, size = rest
        seconds = due / 1e6 if due > AT_ONCE else 0.0
        failures -= NO_FAILURES
        return RowInfo(
            row, url or "", hint or "", origin, self._is_held(owner), created, seconds, failures, events, size
        )

    def read_row(self, row: int) -> list[bytes] | None:
        """Return the messages of a row; None where it is not there any more.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        read = "SELECT body FROM rows WHERE id = ?"
        found = self._look(lambda connection: connection.execute(read, (row,)).fetchone())
        return self._messages(row, found[0]) if found is not None else None

    def purge(self, url: str | None = None, before: float | None = None) -> int:
        """Delete rows that no other live process holds, and overwrite them; return how many events they had.

        Args:
            url: Only rows for this address.
            before: Only rows that were created before this moment, in seconds since 1970.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        self.free_orphans()

        def work(connection: sqlite3.Connection) -> int:
            values = (NOBODY, self.owner, before, before, url, url)
            (events,) = connection.execute(f"SELECT total(events) {_PURGED}", values).fetchone()
            connection.execute(f"DELETE {_PURGED}", values)
            return int(events)

        # What is thrown away is not to be found in the files' unused parts, the log's included.
        self._look(lambda connection: connection.execute("PRAGMA secure_delete = ON").fetchall())
        events = self._perform(work)
        self._look(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        self._look(lambda connection: connection.execute("PRAGMA secure_delete = OFF").fetchall())
        return events

    def free_orphans(self) -> int:
        """Make the rows of processes that are gone nobody's; return how many they are.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        dead = self._look(lambda connection: [o for o in _parties.owners(connection) if not self._is_alive(o)])
        return sum(self._perform(partial(_parties.free, owner=owner)) for owner in dead)

    def left(self, destination: Destination, origin: int | None = None) -> int:
        """Return how many events are there of a destination, and of one process where that is given.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._look(partial(_parties.left, destination=destination, origin=origin))

    def has_left(self, destination: Destination, origin: int) -> bool:
        """Tell whether anything is there of a destination that one process has written.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._look(partial(_parties.has_left, destination=destination, origin=origin))

    def foreign(self, destination: Destination) -> int:
        """Return how many events of other sources are there.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._look(partial(_parties.foreign, source=destination.source))

    def _is_held(self, owner: int) -> bool:
        return owner != NOBODY and self._is_alive(owner)
