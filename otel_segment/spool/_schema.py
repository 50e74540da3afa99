"""The tables of the spool's database, and how an older one becomes the present one."""

import sqlite3

from otel_segment.spool._errors import SpoolError

__all__ = [
    "APPLICATION_ID",
    "AT_ONCE",
    "MOST_FAILURES",
    "NOBODY",
    "NO_FAILURES",
    "VERSION",
    "due_time",
    "migrate",
    "version_of",
]

APPLICATION_ID = 0x6F745367
"""What tells our databases from those of others: ``otSg``."""

# A row that is claimed or released is overwritten in place, and its body not touched, as long as it takes as many bytes
# as before. So what changes in a row are numbers that take the same room whatever they are: SQLite stores a whole
# number in as few bytes as it needs.
NOBODY = 1 << 40
"""The owner of a row that any process may claim; six bytes, as the numbers of processes are, which are less."""

NO_FAILURES = 2
"""What is stored for a row whose delivery has not failed yet; one byte, up to :data:`MOST_FAILURES`."""

MOST_FAILURES = 127
"""What is stored at most."""

AT_ONCE = 1 << 48
"""What is stored for a row that is due from the beginning."""

_NEVER = 1 << 62


def due_time(seconds: float) -> int:
    """Return what is stored for a moment when a row is due: microseconds, in eight bytes."""
    return int(min(max(seconds * 1e6, AT_ONCE), _NEVER))


_DESTINATIONS = """
CREATE TABLE destinations (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, source TEXT NOT NULL, hint TEXT NOT NULL, UNIQUE (source, url)
)
"""
_OWNERS = "CREATE TABLE owners (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, started REAL NOT NULL)"
_USERS = """
CREATE TABLE users (
    owner INTEGER NOT NULL, destination INTEGER NOT NULL, PRIMARY KEY (owner, destination)
) WITHOUT ROWID
"""
# Row numbers are moments in microseconds, given out by us: they are never used again, not even for a row that was
# deleted, and cost no counter that each insertion would have to write. The body comes last: what stands before it is
# read without it.
_ROWS = """
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    destination INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    created REAL NOT NULL,
    due INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    events INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
)
"""
# Only rows that wait to be claimed: writing a row that its process sends itself does not touch the index.
_FREE_ROWS = f"CREATE INDEX free_rows ON rows (destination, id) WHERE owner = {NOBODY}"

_MIGRATIONS = ((_DESTINATIONS, _OWNERS, _USERS, _ROWS, _FREE_ROWS, f"PRAGMA application_id = {APPLICATION_ID}"),)
"""What makes a database of each version, from 0 on, one of the next."""

VERSION = len(_MIGRATIONS)
"""The version of the schema that this code knows."""


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a database to the present version of the schema."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for version in range(version_of(connection, path), VERSION):
            for statement in _MIGRATIONS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of the schema that a database has; 0 for a new one.

    Raises:
        SpoolError: It is newer than this code, or is no spool.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (version or tables or application):
        msg = f"{path} is a database of another program; set spool to a folder of its own"
        raise SpoolError(msg)
    if version > VERSION:
        msg = (
            f"{path} was written by a newer release of otel-segment (schema {version}, this one knows {VERSION}); "
            "upgrade this one, or set spool to another folder"
        )
        raise SpoolError(msg)
    return int(version)
