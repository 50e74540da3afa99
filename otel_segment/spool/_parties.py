"""The statements on who writes and sends: destinations, and the processes that use them."""

import os
import sqlite3
import time

from otel_segment.spool._destination import Destination
from otel_segment.spool._schema import NOBODY

__all__ = [
    "destination_key",
    "destinations",
    "foreign",
    "free",
    "has_left",
    "left",
    "owners",
    "register",
    "retire",
    "users",
]

_CHUNK = 500


def register(connection: sqlite3.Connection, owner: int) -> None:
    """Note that a process uses the spool."""
    connection.execute("INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", (owner, os.getpid(), time.time()))


def destination_key(connection: sqlite3.Connection, destination: Destination, owner: int) -> int:
    """Return the number of a destination, and have it noted that a process uses it."""
    connection.execute("INSERT OR IGNORE INTO destinations (url, source, hint) VALUES (?, ?, ?)", destination)
    (key,) = connection.execute(
        "SELECT id FROM destinations WHERE source = ? AND url = ?", (destination.source, destination.url)
    ).fetchone()
    connection.execute("INSERT OR IGNORE INTO users VALUES (?, ?)", (owner, key))
    return int(key)


def destinations(connection: sqlite3.Connection, source: str) -> list[int]:
    """Return the destinations of a source."""
    return [key for (key,) in connection.execute("SELECT id FROM destinations WHERE source = ?", (source,))]


def owners(connection: sqlite3.Connection) -> list[int]:
    """Return the processes that use the spool, or did when they ended."""
    return [owner for (owner,) in connection.execute("SELECT id FROM owners")]


def users(connection: sqlite3.Connection, destination: int) -> list[int]:
    """Return the processes that send to a destination, or did when they ended."""
    return [owner for (owner,) in connection.execute("SELECT owner FROM users WHERE destination = ?", (destination,))]


def retire(connection: sqlite3.Connection, destination: Destination, owner: int) -> None:
    """Note that a process sends to a destination no more."""
    connection.execute(
        "DELETE FROM users WHERE owner = ?"
        " AND destination = (SELECT id FROM destinations WHERE source = ? AND url = ?)",
        (owner, destination.source, destination.url),
    )


def free(connection: sqlite3.Connection, owner: int) -> int:
    """Make the rows of a process that is gone nobody's; return how many they are."""
    freed = connection.execute("UPDATE rows SET owner = ? WHERE owner = ?", (NOBODY, owner)).rowcount
    connection.execute("DELETE FROM users WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM owners WHERE id = ?", (owner,))
    return freed


def left(connection: sqlite3.Connection, destination: Destination, origin: int | None) -> int:
    """Return how many events are there of a destination, and of one process where that is given."""
    (events,) = connection.execute(
        "SELECT total(events) FROM rows WHERE (? IS NULL OR origin = ?)"
        " AND destination = (SELECT id FROM destinations WHERE source = ? AND url = ?)",
        (origin, origin, destination.source, destination.url),
    ).fetchone()
    return int(events)


def has_left(connection: sqlite3.Connection, destination: Destination, origin: int) -> bool:
    """Tell whether anything is there of a destination that one process has written; stops at the first that is."""
    (is_there,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM rows WHERE origin = ?"
        " AND destination = (SELECT id FROM destinations WHERE source = ? AND url = ?))",
        (origin, destination.source, destination.url),
    ).fetchone()
    return bool(is_there)


def foreign(connection: sqlite3.Connection, source: str) -> int:
    """Return how many events of other sources are there."""
    (events,) = connection.execute(
        "SELECT total(events) FROM rows WHERE destination IN (SELECT id FROM destinations WHERE source <> ?)",
        (source,),
    ).fetchone()
    return int(events)
