"""The use of one folder by one process: opened when it is needed, one call at a time, mended where it is damaged."""

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from otel_segment._log import say, say_once
from otel_segment.spool import _parties
from otel_segment.spool._database import Database, as_spool_error, is_damage
from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError, SpoolFull
from otel_segment.spool._folder import DATABASE, make_folder, move_aside
from otel_segment.spool._owners import Owners
from otel_segment.spool._packing import PackingError, unpack
from otel_segment.spool._rescue import adopt, readable
from otel_segment.spool._upkeep import Upkeep

__all__ = ["PATIENCE", "Session", "Work"]

_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], _T]

PATIENCE = 5.0
"""Seconds that a call waits for the others of its process."""
_PAUSE = 1.0
"""Seconds for which a folder that could not be opened is not tried again."""
_DAMAGED = (
    "%s is damaged (%s) and was moved aside; a fresh one is in use; to get out what can still be read, run: "
    "otel-segment spool recover %s"
)


class Session:
    """What all calls on a spool share.

    Args:
        folder: The folder; made where it is not there.
        max_bytes: Bytes that the database may have.
        is_torn: Whether the process was forked in the middle of a call on it. SQLite's state in this process is not
            to be trusted then, and each call fails.
    """

    def __init__(self, folder: Path, max_bytes: int, *, is_torn: bool = False) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self.max_bytes = max_bytes
        # A signal handler may call at any moment: its own thread must be able to take the lock again.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._database: Database | None = None
        self._owners: Owners | None = None
        self._keys: dict[Destination, int] = {}
        self._debts: deque[Work[None]] = deque()
        self._unsaid: deque[tuple[str, int, str, tuple[object, ...]]] = deque()
        self._upkeep = Upkeep(self.path)
        self._is_at_work = False
        self._is_torn = is_torn
        self._trouble = ""
        self._again = 0.0

    @property
    def owner(self) -> int:
        """The number of this process; 0 while the folder could not be opened yet."""
        return self._owners.me if self._owners is not None else 0

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        with suppress(SpoolError), self._held():
            if not self._is_at_work:
                self._close()

    def settle(self) -> None:
        """Do what could not be done before; never raises."""
        for _ in range(len(self._debts)):
            try:
                debt = self._debts.popleft()
            except IndexError:
                return
            try:
                self._perform(debt)
            except SpoolError as error:
                # What does not fit now may fit once others are gone: it goes to the end.
                self._debts.append(debt)
                if not isinstance(error, SpoolFull):
                    say(f"spool {self.path}", logging.WARNING, "the spool cannot be used now: %s", error)
                    return
            except BaseException:
                self._debts.append(debt)
                raise

    def let_go(self, seconds: float) -> bool:
        """Close the database and keep all threads from opening it; to be followed by :meth:`resume`.

        Args:
            seconds: How long to wait for who is at work.

        Returns:
            Whether that could be done.
        """
        if not self._lock.acquire(timeout=seconds):
            return False
        if not self._is_at_work and self._upkeep.let_go(seconds):
            self._close()
            return True
        self._lock.release()
        return False

    def resume(self) -> None:
        """Let threads use the spool again."""
        self._upkeep.resume()
        self._lock.release()

    def abandon(self) -> bool:
        """Close what has come over a fork in a child; False where that must not be touched.

        Nothing that closes touches the parent's locks, which are of its process. But what was in the middle of
        something at the fork stays so for ever.
        """
        if self._database is None and not self._upkeep.is_at_work:
            return True
        if self._upkeep.is_at_work or not self._lock.acquire(blocking=False):
            return False
        if self._is_at_work:
            return False
        self._close()
        return True

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock; what came up meanwhile is said once it is free again."""
        if self._pid != os.getpid():
            msg = f"{self.path}: this spool is of the process that this one was forked from"
            raise SpoolError(msg)
        if not self._lock.acquire(timeout=PATIENCE):
            msg = f"{self.path}: other threads of this process keep it busy"
            raise SpoolError(msg)
        try:
            yield
        finally:
            self._lock.release()
            if self._unsaid:
                self._say()

    def _say(self) -> None:
        with suppress(IndexError):
            while True:
                kind, level, message, arguments = self._unsaid.popleft()
                say_once(kind, level, message, *arguments)

    def _perform(self, work: Work[_T], destination: Destination | None = None, needed: int = 0) -> _T:
        """Do some work in a transaction."""
        return self._guarded(lambda: self._transact(work, destination), needed)

    def _look(self, work: Work[_T], destination: Destination | None = None) -> _T:
        """Do some work that only reads."""

        def look() -> _T:
            database = self._opened()
            if destination is not None:
                self._register(database, destination)
            return work(database.connection)

        return self._guarded(look, 0)

    def _guarded(self, work: Callable[[], _T], needed: int) -> _T:
        with self._held():
            if self._is_at_work:
                msg = f"{self.path}: this thread is using it already"
                raise SpoolError(msg)
            self._is_at_work = True
            try:
                return self._mended(work)
            except (sqlite3.Error, OSError) as error:
                raise as_spool_error(error, self.path, self._database, needed) from error
            finally:
                self._is_at_work = False

    def _mended(self, work: Callable[[], _T]) -> _T:
        """Do some work, once more with a fresh database where this one is damaged."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._replace_damaged(error)
            return work()

    def _transact(self, work: Work[_T], destination: Destination | None) -> _T:
        database = self._opened()
        if destination is not None:
            self._register(database, destination)
        return database.transact(work)

    def _register(self, database: Database, destination: Destination) -> None:
        if destination not in self._keys:
            owner = self.owner
            self._keys[destination] = database.transact(
                lambda connection: _parties.destination_key(connection, destination, owner)
            )

    def _opened(self) -> Database:
        database = self._database
        if database is not None and database.is_current():
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
        make_folder(self.folder)
        if self._owners is None:
            self._owners = Owners(self.folder)
        owners = self._owners
        lost = self._database
        alive = _alive(lost, owners)
        owners.renew()
        fresh = Database(self.path, self.max_bytes, owners)
        try:
            fresh.transact(lambda connection: _parties.register(connection, owners.me))
        except BaseException:
            fresh.connection.close()
            raise
        self._keys.clear()
        self._database = fresh
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
        message = "%s was deleted or replaced while in use; what is there now has the %d rows that could be saved"
        self._unsaid.append((f"spool lost {self.path}", logging.ERROR, message, (self.path, found)))

    def _replace_damaged(self, error: Exception) -> None:
        identity = self._database.identity if self._database is not None else None
        self._close()
        make_folder(self.folder)
        owners = self._owners or Owners(self.folder)
        self._owners = owners
        with owners.alone():
            aside = move_aside(self.path, identity)
        if aside is not None:
            arguments = (self.path, error, aside)
            self._unsaid.append((f"spool damaged {aside}", logging.ERROR, _DAMAGED, arguments))

    def _close(self) -> None:
        database, self._database = self._database, None
        self._keys.clear()
        if database is not None:
            with suppress(sqlite3.Error):
                database.connection.close()

    def _is_alive(self, owner: int) -> bool:
        return self._owners is not None and self._owners.is_alive(owner)

    def _claimable(self, connection: sqlite3.Connection, destination: Destination) -> list[int]:
        """Return the destinations whose rows may be claimed: the abandoned ones first, whose rows are older."""
        own = self._keys[destination]
        abandoned = [
            key
            for key in _parties.destinations(connection, destination.source)
            if key != own and not any(map(self._is_alive, _parties.users(connection, key)))
        ]
        return [*abandoned, own]

    def _messages(self, row: int, body: bytes) -> list[bytes]:
        try:
            return unpack(body)
        except PackingError as error:
            say(f"spool row {self.path}", logging.ERROR, "row %d of %s cannot be read: %s", row, self.path, error)
            return []


def _alive(lost: Database | None, owners: Owners) -> list[int]:
    if lost is None:
        return []
    with suppress(sqlite3.Error):
        others = _parties.owners(lost.connection)
        return [owner for owner in others if owner != owners.me and owners.is_alive(owner)]
    return []
