"""The files of a spool as one process has them open: made, found gone, found damaged."""

import logging
import sqlite3
import time
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path

from otel_segment.spool import _parties
from otel_segment.spool._database import Database, as_spool_error, identity_of, is_damage, is_unreadable
from otel_segment.spool._errors import SpoolError
from otel_segment.spool._folder import DATABASE, make_folder, move_aside
from otel_segment.spool._owners import Owners
from otel_segment.spool._rescue import adopt, readable

__all__ = ["Files"]

_PAUSE = 1.0
"""Seconds for which a folder that could not be opened is not tried again."""
_DAMAGED = (
    "%s is damaged (%s) and was moved aside; a fresh one is in use; to get out what can still be read, run: "
    "otel-segment spool recover %s"
)
_LOST = "%s was deleted or replaced while in use; what is there now has the %d rows that could be saved"


class Files:
    """The database, and the file with the locks of those who use it. Only one thread may call at a time.

    Args:
        folder: The folder; made where it is not there.
        max_bytes: Bytes that the database may have.
        is_torn: Whether the process was forked in the middle of a call. SQLite's state in this process is not to be
            trusted then, and nothing is opened.
    """

    def __init__(self, folder: Path, max_bytes: int, *, is_torn: bool) -> None:
        self.path = folder / DATABASE
        self.database: Database | None = None
        self.owners: Owners | None = None
        self.news: deque[tuple[str, int, str, tuple[object, ...]]] = deque()
        """What came up and is to be said, once no lock is held."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._is_torn = is_torn
        self._trouble = ""
        self._again = 0.0

    def opened(self) -> Database:
        """Return the database, open, and the one that is at its path.

        Raises:
            SpoolError: It cannot be used, or could not be a moment ago.
            sqlite3.Error: It cannot be opened.
            OSError: It cannot be made.
        """
        database = self.database
        if database is not None and self.owners is not None and database.is_current():
            self.owners.renew()
            return database
        if self._trouble and time.monotonic() < self._again:
            raise SpoolError(self._trouble)
        try:
            fresh = self._open()
        except (sqlite3.Error, OSError, SpoolError) as error:
            if not is_damage(error):
                self._trouble = str(as_spool_error(error, self.path))
                self._again = time.monotonic() + _PAUSE
            raise
        self._trouble = ""
        return fresh

    def _open(self) -> Database:
        if self._is_torn:
            msg = f"{self.path}: this process was forked in the middle of a call on it; a new process can use it"
            raise SpoolError(msg)
        make_folder(self._folder)
        if self.owners is None:
            self.owners = Owners(self._folder)
        owners = self.owners
        lost = self.database
        alive = _alive(lost, owners)
        owners.renew()
        fresh = Database(self.path, self._max_bytes, owners)
        try:
            fresh.transact(lambda connection: _parties.register(connection, owners.me))
        except BaseException:
            fresh.connection.close()
            raise
        self.database = fresh
        if lost is not None:
            self._rescue(lost, fresh, alive)
        return fresh

    def _rescue(self, lost: Database, fresh: Database, alive: list[int]) -> None:
        """Bring what can be read of a database that is no more at its path into the one that is."""
        rescued = readable(lost.connection, alive)
        found = len(rescued.rows)
        try:
            fresh.transact(partial(adopt, rescued=rescued))
        except sqlite3.Error:
            found = 0
        with suppress(sqlite3.Error):
            lost.connection.close()
        self.news.append((f"spool lost {self.path}", logging.ERROR, _LOST, (self.path, found)))

    def replace_damaged(self, error: Exception) -> None:
        """Move a damaged database aside.

        Raises:
            OSError: It cannot be moved.
        """
        identity = self.database.identity if self.database is not None else None
        self.close()
        make_folder(self._folder)
        owners = self.owners or Owners(self._folder)
        self.owners = owners
        with owners.alone():
            # Another process may have been faster, and this is a fresh one.
            is_damaged = is_unreadable(self.path) if identity is None else identity_of(self.path) == identity
            aside = move_aside(self.path) if is_damaged else None
        if aside is not None:
            arguments = (self.path, error, aside)
            self.news.append((f"spool damaged {aside}", logging.ERROR, _DAMAGED, arguments))

    def close(self) -> None:
        """Close the database."""
        database, self.database = self.database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.connection.close()


def _alive(lost: Database | None, owners: Owners) -> list[int]:
    if lost is None:
        return []
    with suppress(sqlite3.Error):
        others = _parties.owners(lost.connection)
        return [owner for owner in others if owner != owners.me and owners.is_alive(owner)]
    return []
