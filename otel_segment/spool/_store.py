"""The spool of one process and folder: what is written, claimed, deleted and given back."""

import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from otel_segment.spool import _parties, _rows
from otel_segment.spool._database import as_spool_error
from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError
from otel_segment.spool._folder import lacking_room
from otel_segment.spool._listing import Listing
from otel_segment.spool._packing import pack
from otel_segment.spool._rows import INSERT, NewRow, Numbers
from otel_segment.spool._schema import AT_ONCE, NO_FAILURES
from otel_segment.spool._session import PATIENCE, Work
from otel_segment.spool._upkeep import is_crowded, shrink

__all__ = ["Row", "Spool"]

_MOST_EXPIRED = 100
_CHECK_AFTER = 0.05
"""Seconds after which the fast path looks again whether the database is still at its path."""


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


class Spool(Listing):
    """Rows of encoded messages that outlive the process, in a folder that processes share.

    Any thread may call it. What raises, raises :class:`SpoolError`; what settles rows never does: what cannot be done
    now is remembered, and done with the next call that can.

    Args:
        folder: The folder; made where it is not there.
        max_bytes: Bytes that the database may have.
        is_torn: Whether the process was forked in the middle of a call on it, so that it cannot be used.
    """

    def __init__(self, folder: Path, max_bytes: int, *, is_torn: bool = False) -> None:
        super().__init__(folder, max_bytes, is_torn=is_torn)
        self._folder = folder
        self._numbers = Numbers()
        self._checked = 0.0
        self._is_crowded = False

    def write(self, destination: Destination, bodies: Sequence[Sequence[bytes]]) -> list[int]:
        """Write bodies, all of them or none; they are this process's until it deletes or releases them.

        Returns:
            The numbers of their rows.

        Raises:
            SpoolFull: There is no room for them.
            SpoolError: They cannot be written.
        """
        numbers = self._insert(destination, [self._row(body) for body in bodies])
        self.settle()
        return numbers

    def _row(self, messages: Sequence[bytes]) -> NewRow:
        # Rows that are gone in a moment are not worth the packing, which costs more than the writing does.
        body = pack(messages) if self._is_crowded else b"\n".join(messages)
        return NewRow(body, len(messages), sum(map(len, messages)) + len(messages))

    def write_message(self, destination: Destination, message: bytes) -> int:
        """Write one message as it is, as fast as can be; return the number of its row.

        Raises:
            SpoolFull: There is no room for it.
            SpoolError: It cannot be written.
        """
        if self._pid == os.getpid() and self._lock.acquire(timeout=PATIENCE):
            try:
                number = self._write_now(destination, message)
            finally:
                self._lock.release()
            if number:
                return number
        return self._insert(destination, [NewRow(message, 1, len(message))])[0]

    def _write_now(self, destination: Destination, message: bytes) -> int:
        """Write a message where all is ready for it: one statement, a transaction by itself; else return 0."""
        database = self._files.database
        if database is None or self._is_at_work or (key := database.keys.get(destination)) is None:
            return 0
        now = time.time()
        if not 0 <= now - self._checked < _CHECK_AFTER:
            if not database.is_current() or lacking_room(self._folder):
                return 0
            self._checked = now
        number = self._numbers.next(now)
        owner = self.owner
        size = len(message)
        try:
            database.connection.execute(
                INSERT, (number, key, owner, owner, now, AT_ONCE, NO_FAILURES, 1, size, message)
            )
        except sqlite3.Error as error:
            if "locked" not in str(error):
                return 0
            # It has waited for another process already, and is not to wait once more.
            raise as_spool_error(error, self.path, database, size) from error
        self._upkeep.wrote(size)
        return number

    def _insert(self, destination: Destination, rows: list[NewRow]) -> list[int]:
        needed = sum(len(row.body) for row in rows)

        def work(connection: sqlite3.Connection) -> list[int]:
            if reserve := lacking_room(self._folder):
                msg = (
                    f"{self.path}: the disk is full but for {reserve:,} bytes, which are left for sending what is there"
                )
                raise SpoolError(msg)
            self._is_crowded = is_crowded(connection)
            return _rows.insert(connection, self._numbers, self._key(destination), self.owner, rows)

        numbers = self._perform(work, destination, needed)
        self._upkeep.wrote(needed)
        return numbers

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
        find = partial(_rows.find, now=now, most_events=most_events, most_bytes=most_bytes, order="ASC")
        return self._claim(destination, find)

    def claim_newest(self, destination: Destination, now: float) -> list[Row]:
        """Make the newest row that nobody holds and that is due this process's own.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._claim(destination, partial(_rows.find, now=now, most_events=1, most_bytes=1, order="DESC"))

    def claim_expired(self, destination: Destination, before: float) -> list[Row]:
        """Make rows that were created before a moment, and that nobody holds, this process's own: a hundred at most.

        Raises:
            SpoolError: The spool cannot be used now.
        """
        return self._claim(destination, partial(_rows.find_expired, before=before, most=_MOST_EXPIRED))

    def _claim(self, destination: Destination, find: "_rows.Find") -> list[Row]:
        self.settle()

        def look(connection: sqlite3.Connection) -> list[_rows.Found]:
            for key in self._claimable(connection, self._key(destination), destination.source):
                if found := find(connection, key):
                    return found
            return []

        def work(connection: sqlite3.Connection) -> list[_rows.Body]:
            found = look(connection)
            _rows.take(connection, [row.id for row in found], self.owner)
            return _rows.bodies(connection, found)

        # Whoever asks in vain, again and again, should not keep others from writing.
        if not self._look(look, destination):
            self._tidy(is_idle=True)
            return []
        return self._unpacked(self._perform(work, destination))

    def _unpacked(self, bodies: list["_rows.Body"]) -> list[Row]:
        rows: list[Row] = []
        for found, body in bodies:
            messages = self._messages(found.id, body)
            if messages:
                rows.append(Row(found.id, found.origin, found.created, found.failures - NO_FAILURES, messages))
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
        new = self._row(messages)
        numbers = list(rows)

        def work(connection: sqlite3.Connection) -> None:
            key = _parties.destination_key(connection, destination, self.owner)
            _rows.replace(connection, self._numbers, numbers, self.owner, key, new, due)

        self._owe(work)

    def _owe(self, work: Work[None]) -> None:
        if self._pid != os.getpid():
            return
        self._debts.append(work)
        self.settle()
        self._tidy()

    def _tidy(self, *, is_idle: bool = False) -> None:
        """Do what would take too long in a thread that emits; never raises."""
        if self._upkeep.is_due:
            self._upkeep.checkpoint()
        if is_idle:
            with suppress(SpoolError):
                self._look(shrink)
