"""The spool of one process and folder: what is written, claimed, deleted and given back."""

import sqlite3
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from otel_segment.spool import _parties, _rows
from otel_segment.spool._destination import Destination
from otel_segment.spool._packing import pack
from otel_segment.spool._rows import INSERT, NewRow, Numbers
from otel_segment.spool._session import Session, Work

__all__ = ["Row", "Spool"]

_MOST_EXPIRED = 100
_EVERYTHING = 1 << 62


class Row(NamedTuple):
    """A row that this process has claimed."""

    id: int
    origin: int
    """The number of the process that wrote it."""
    created: float
    """Seconds since 1970."""
    failures: int
    """How often its delivery has failed."""
    messages: list[bytes]


class Spool(Session):
    """Rows of encoded messages that outlive the process, in a folder that processes share.

    Any thread may call it. What raises, raises :class:`SpoolError`; what settles rows never does: what cannot be done
    now is remembered, and done with the next call that can.

    Args:
        folder: The folder; made where it is not there.
        max_bytes: Bytes that the database may have.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        super().__init__(folder, max_bytes)
        self._numbers = Numbers()

    def write(self, destination: Destination, bodies: Sequence[Sequence[bytes]]) -> list[int]:
        """Write bodies, all of them or none; they are this process's until it deletes or releases them.

        Returns:
            The numbers of their rows.

        Raises:
            SpoolFull: There is no room for them.
            SpoolError: They cannot be written.
        """
        rows = [NewRow(pack(body), len(body), sum(map(len, body)) + len(body)) for body in bodies]
        return self._insert(destination, rows)

    def write_message(self, destination: Destination, message: bytes) -> int:
        """Write one message as it is, as fast as can be; return the number of its row.

        Raises:
            SpoolFull: There is no room for it.
            SpoolError: It cannot be written.
        """
        size = len(message)
        with self._held():
            database = self._database
            key = self._keys.get(destination)
            if key is not None and database is not None and not self._is_at_work and database.is_current():
                now = time.time()
                number = self._numbers.next(now)
                row = (number, key, self.owner, self.owner, now, 0.0, 0, 1, size, message)
                try:
                    database.connection.execute(INSERT, row)
                except sqlite3.Error:
                    pass
                else:
                    self._written += size
                    return number
        return self._insert(destination, [NewRow(message, 1, size)])[0]

    def _insert(self, destination: Destination, rows: list[NewRow]) -> list[int]:
        needed = sum(len(row.body) for row in rows)

        def work(connection: sqlite3.Connection) -> list[int]:
            return _rows.insert(connection, self._numbers, self._keys[destination], self.owner, rows)

        return self._perform(work, destination, needed)

    def claim(self, destination: Destination, most_events: int, most_bytes: int, now: float) -> list[Row]:
        """Make the oldest rows that nobody holds and that are due this process's own.

        Args:
            destination: Whose rows. Those of the same source for an address that no live process sends to any more
                are among them, and are the first.
            most_events: Events that they may have together; one row comes in any case.
            most_bytes: Bytes that their messages may have.
            now: Seconds since 1970.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        find = partial(_rows.find, now=now, most_events=most_events, most_bytes=most_bytes)
        return self._claim(destination, find)

    def claim_expired(self, destination: Destination, before: float) -> list[Row]:
        """Make rows that were created before a moment, and that nobody holds, this process's own: a hundred at most.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._claim(destination, partial(_rows.find_expired, before=before, most=_MOST_EXPIRED))

    def _claim(self, destination: Destination, find: "_rows.Find") -> list[Row]:
        self.settle()

        def look(connection: sqlite3.Connection) -> list[_rows.Found]:
            for key in self._claimable(connection, destination):
                if found := find(connection, key):
                    return found
            return []

        def work(connection: sqlite3.Connection) -> list[_rows.Body]:
            found = look(connection)
            _rows.take(connection, [row.id for row in found], self.owner)
            return _rows.bodies(connection, found)

        # Whoever asks in vain, again and again, should not keep others from writing.
        if not self._look(look, destination):
            return []
        return self._unpacked(self._perform(work, destination))

    def _unpacked(self, bodies: list["_rows.Body"]) -> list[Row]:
        rows: list[Row] = []
        for found, body in bodies:
            messages = self._messages(found.id, body)
            if messages:
                rows.append(Row(found.id, found.origin, found.created, found.failures, messages))
        return rows

    def delete(self, rows: Collection[int]) -> None:
        """Delete rows of this process; never raises."""
        self._owe(partial(_rows.delete, rows=list(rows), owner=self.owner))

    def release(self, rows: Collection[int], due: float = 0.0, failed: bool = False) -> None:
        """Make rows of this process nobody's; never raises.

        Args:
            rows: Their numbers.
            due: When they may be claimed, in seconds since 1970.
            failed: Whether their delivery has failed once more.
        """
        self._owe(partial(_rows.release, rows=list(rows), owner=self.owner, due=due, failed=failed))

    def replace(
        self, rows: Collection[int], destination: Destination, messages: Sequence[bytes], due: float = 0.0
    ) -> None:
        """Put one row of messages, which is nobody's, in the place of rows of this process; never raises.

        It keeps the origin, the age and the failures of the first of them.

        Args:
            rows: Their numbers.
            destination: Where the messages are to go.
            messages: What is left of them; none at all is a deletion.
            due: When the row may be claimed, in seconds since 1970.
        """
        if not messages:
            self.delete(rows)
            return
        new = NewRow(pack(messages), len(messages), sum(map(len, messages)) + len(messages))
        numbers = list(rows)

        def work(connection: sqlite3.Connection) -> None:
            key = _parties.destination_key(connection, destination, self.owner)
            _rows.replace(connection, self._numbers, numbers, self.owner, key, new, due)

        self._owe(work)

    def _owe(self, work: Work[None]) -> None:
        self._debts.append(work)
        self.settle()

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

    def foreign(self, destination: Destination) -> int:
        """Return how many events of other sources are there.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._look(partial(_parties.foreign, source=destination.source))
