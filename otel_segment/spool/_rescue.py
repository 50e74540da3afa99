"""From a database that is no more at its path to the one that is: what can still be read."""

import sqlite3
from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple

__all__ = ["Rescued", "adopt", "readable"]


class Rescued(NamedTuple):
    """What could be read."""

    rows: list[tuple[Any, ...]]
    destinations: dict[int, tuple[str, str, str]]


def readable(connection: sqlite3.Connection, others: Collection[int]) -> Rescued:
    """Return what can be read, but for the rows of other processes, which bring theirs themselves."""
    rescued = Rescued([], {})
    with suppress(sqlite3.Error):
        for key, *destination in connection.execute("SELECT id, url, source, hint FROM destinations"):
            url, source, hint = destination
            rescued.destinations[key] = (url, source, hint)
        rescued.rows.extend(row for row in connection.execute("SELECT * FROM rows ORDER BY id") if row[2] not in others)
    return rescued


def adopt(connection: sqlite3.Connection, rescued: Rescued) -> None:
    """Write rows of another database; those that somebody has brought already are left as they are."""
    keys: dict[int, int] = {}
    for old, (url, source, hint) in rescued.destinations.items():
        connection.execute(
            "INSERT OR IGNORE INTO destinations (url, source, hint) VALUES (?, ?, ?)", (url, source, hint)
        )
        (keys[old],) = connection.execute(
            "SELECT id FROM destinations WHERE source = ? AND url = ?", (source, url)
        ).fetchone()
    connection.executemany(
        "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((row[0], keys[row[1]], *row[2:]) for row in rescued.rows if row[1] in keys),
    )
