"""The use of one folder by one process: opened when it is needed, one call at a time, mended where it is damaged."""

import logging
import os
import sqlite3
import threading
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
from otel_segment.spool._files import Files
from otel_segment.spool._packing import PackingError, unpack
from otel_segment.spool._upkeep import Upkeep

__all__ = ["PATIENCE", "Session", "Work"]

_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], _T]

PATIENCE = 5.0
"""Seconds that a call waits for the others of its process."""


class Session:
    """What all calls on a spool share.

    Args:
        folder: The folder; made where it is not there.
        max_bytes: Bytes that the database may have.
        is_torn: Whether the process was forked in the middle of a call on it. SQLite's state in this process is not
            to be trusted then, and each call fails.
    """

    def __init__(self, folder: Path, max_bytes: int, *, is_torn: bool = False) -> None:
        self._files = Files(folder, max_bytes, is_torn=is_torn)
        self.path = self._files.path
        # A signal handler may call at any moment: its own thread must be able to take the lock again.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._debts: deque[Work[None]] = deque()
        self._upkeep = Upkeep(self.path)
        self._is_at_work = False

    @property
    def owner(self) -> int:
        """The number of this process; 0 while the folder could not be opened yet."""
        owners = self._files.owners
        return owners.me if owners is not None else 0

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        with suppress(SpoolError), self._held():
            if not self._is_at_work:
                self._files.close()

    def retire(self, destination: Destination) -> None:
        """Say that this process sends to a destination no more: others may take up what is left for it."""
        with suppress(SpoolError):
            self._perform(partial(_parties.retire, destination=destination, owner=self.owner))
        database = self._files.database
        if database is not None:
            database.keys.pop(destination, None)

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
                    # The kind that delivery says it with, so that one of the two lines is enough.
                    say(f"spool {self.path.parent} {error}", logging.WARNING, "the spool cannot be used now: %s", error)
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
            self._files.close()
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
        # A lock that another thread held at the fork is held for ever.
        if self._upkeep.is_at_work or not self._lock.acquire(blocking=False):
            return False
        try:
            if not self._is_at_work:
                self._files.close()
            return not self._is_at_work
        finally:
            self._lock.release()

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
            if self._files.news:
                self._say()

    def _say(self) -> None:
        with suppress(IndexError):
            while True:
                kind, level, message, arguments = self._files.news.popleft()
                say_once(kind, level, message, *arguments)

    def _perform(self, work: Work[_T], destination: Destination | None = None, needed: int = 0) -> _T:
        """Do some work in a transaction."""
        return self._guarded(lambda: self._transact(work, destination), needed)

    def _look(self, work: Work[_T], destination: Destination | None = None) -> _T:
        """Do some work that only reads."""

        def look() -> _T:
            database = self._files.opened()
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
                raise as_spool_error(error, self.path, self._files.database, needed) from error
            finally:
                self._is_at_work = False

    def _mended(self, work: Callable[[], _T]) -> _T:
        """Do some work, once more with a fresh database where this one is damaged."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._files.replace_damaged(error)
            return work()

    def _transact(self, work: Work[_T], destination: Destination | None) -> _T:
        database = self._files.opened()
        if destination is not None:
            self._register(database, destination)
        return database.transact(work)

    def _register(self, database: Database, destination: Destination) -> None:
        if destination not in database.keys:
            owner = self.owner
            database.keys[destination] = database.transact(
                lambda connection: _parties.destination_key(connection, destination, owner)
            )

    def _key(self, destination: Destination) -> int:
        """Return the number of a destination that has been registered."""
        return self._files.opened().keys[destination]

    def _is_alive(self, owner: int) -> bool:
        owners = self._files.owners
        return owners is not None and owners.is_alive(owner)

    def _claimable(self, connection: sqlite3.Connection, own: int, source: str) -> list[int]:
        """Return the destinations whose rows may be claimed: the abandoned ones first, whose rows are older."""
        abandoned = [
            key
            for key in _parties.destinations(connection, source)
            if key != own and not any(map(self._is_alive, _parties.users(connection, key)))
        ]
        return [*abandoned, own]

    def _messages(self, row: int, body: bytes) -> list[bytes]:
        try:
            return unpack(body)
        except PackingError as error:
            say(f"spool row {self.path}", logging.ERROR, "row %d of %s cannot be read: %s", row, self.path, error)
            return []
