"""The open database of a spool: how it is made, what is set in it, and whether it is still the one of its path."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from otel_segment.spool._destination import Destination
from otel_segment.spool._errors import SpoolError, SpoolFull
from otel_segment.spool._folder import BESIDE
from otel_segment.spool._owners import Owners
from otel_segment.spool._schema import VERSION, migrate, version_of

__all__ = ["Database", "as_spool_error", "identity_of", "is_damage", "is_unreadable"]

_T = TypeVar("_T")

_BUSY_TIMEOUT = 2.0
_WAL_PAGES = 8_192
"""Pages of the log at which a writer itself moves them into the database; whoever deletes or claims does it earlier."""
_WAL_BYTES = 4 << 20
"""What is left of the log's file once all of it has been moved."""
_DAMAGE = ("malformed", "not a database", "file is encrypted")
_FULL = "is full"


class Database:
    """One connection to a spool's database, which it makes where it is not there.

    Args:
        path: The file.
        max_bytes: Bytes that the database may have.
        owners: The processes that use the folder.

    Raises:
        SpoolError: The file is of a newer release, or of another program.
        sqlite3.Error: It cannot be opened.
        OSError: It cannot be made.
    """

    def __init__(self, path: Path, max_bytes: int, owners: Owners) -> None:
        self.path = path
        with owners.alone():
            _create(path)
            self.identity = identity_of(path)
            self.keys: dict[Destination, int] = {}
            """The numbers in this database of the destinations that the process uses."""
            # Not sqlite3.connect, which instrumentation wraps: our statements are nobody's spans.
            self.connection = sqlite3.Connection(
                path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(max_bytes)
            except BaseException:
                self.connection.close()
                raise

    def _prepare(self, max_bytes: int) -> None:
        execute = self.connection.execute
        version = version_of(self.connection, str(self.path))
        if version == 0:
            execute("PRAGMA auto_vacuum = INCREMENTAL")
            execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA secure_delete = OFF")
        execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        (self._page_size,) = execute("PRAGMA page_size").fetchone()
        if version < VERSION:
            migrate(self.connection, str(self.path))
        (self._max_pages,) = execute(f"PRAGMA max_page_count = {max(1, max_bytes // self._page_size)}").fetchone()

    def is_current(self) -> bool:
        """Tell whether the path still leads to this database."""
        return identity_of(self.path) == self.identity

    def transact(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do some work in a transaction of its own."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        return result

    def is_bounded(self, needed: int) -> bool:
        """Tell whether it is our bound, not the disk's, that leaves no room for so many bytes."""
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        (free,) = self.connection.execute("PRAGMA freelist_count").fetchone()
        return bool(pages - free + needed // (self._page_size - 4) + 8 > self._max_pages)


def as_spool_error(error: Exception, path: Path, database: Database | None = None, needed: int = 0) -> SpoolError:
    """Return what an error means for who uses the spool."""
    if isinstance(error, SpoolError):
        return error
    if _FULL in str(error):
        with suppress(sqlite3.Error):
            if database is not None and database.is_bounded(needed):
                return SpoolFull(f"{path} holds as much as spool_max_bytes allows")
    return SpoolError(f"{path}: {error}")


def is_damage(error: Exception) -> bool:
    """Tell whether an error means that the database is damaged."""
    return isinstance(error, sqlite3.DatabaseError) and any(sign in str(error) for sign in _DAMAGE)


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return device and number of the file at a path, which another file there does not have."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def is_unreadable(path: Path) -> bool:
    """Tell whether the file at a path is a damaged database."""
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.Connection(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return is_damage(error)
    finally:
        if connection is not None:
            connection.close()
    return False


def _create(path: Path) -> None:
    """Make the file, for its owner alone; what SQLite puts beside it has the same permissions."""
    if not path.exists():
        # The log of a database that is gone. Who has it open can read it as long as nobody makes it anew.
        for suffix in BESIDE:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.fchmod(descriptor, 0o600)
        os.close(descriptor)
