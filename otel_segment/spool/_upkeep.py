"""What keeps the files of a spool small, done apart from the writing.

Moving the log into the database waits for the disk: with a connection of its own it lets others write meanwhile.
"""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

__all__ = ["Upkeep", "is_crowded", "shrink"]

_DUE_BYTES = 4 << 20
_ROW_BYTES = 4_096
"""What a row adds to the log at least."""
_CROWDED_PAGES = 8_192
_SPARE_PAGES = 256
_STEP_PAGES = 512


class Upkeep:
    """Moves the log into the database when it has grown.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._written = 0

    @property
    def is_due(self) -> bool:
        """Whether the log has grown enough."""
        return self._written > _DUE_BYTES

    @property
    def is_at_work(self) -> bool:
        """Whether a thread is at it."""
        return self._lock.locked()

    def wrote(self, size: int) -> None:
        """Note that so many bytes were written."""
        self._written += size + _ROW_BYTES

    def checkpoint(self) -> None:
        """Move the log into the database, as far as can be without waiting; never raises."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._written = 0
            with suppress(sqlite3.Error):
                self._checkpoint()
        finally:
            self._lock.release()

    def _checkpoint(self) -> None:
        # Read-write, but never made: a database that was deleted is not to come back this way.
        connection = sqlite3.Connection(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            connection.close()

    def let_go(self, seconds: float) -> bool:
        """Keep all threads from it; False where one is at it for too long."""
        return self._lock.acquire(timeout=seconds)

    def resume(self) -> None:
        """Let threads do it again."""
        self._lock.release()


def is_crowded(connection: sqlite3.Connection) -> bool:
    """Tell whether there is a backlog, in which packed rows save room."""
    return _number(connection, "page_count") - _number(connection, "freelist_count") > _CROWDED_PAGES


def shrink(connection: sqlite3.Connection) -> None:
    """Give some room back to the disk where no row is left."""
    if _number(connection, "freelist_count") < _SPARE_PAGES:
        return
    if connection.execute("SELECT 1 FROM rows LIMIT 1").fetchone() is None:
        # Of a statement that has rows without columns, as this one, execute() takes the first step alone.
        connection.executescript(f"PRAGMA incremental_vacuum({_STEP_PAGES})")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)
