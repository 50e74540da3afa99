"""The SQLite database that an archive keeps its events in."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["ArchiveError", "open_database"]

_APPLICATION: Final = 0x6F74_6C69
"""What marks a file as an archive: ``otli`` as a number."""
_VERSION: Final = 1

# Lists read the narrow table alone; what was sent is in a table of its own.
_TABLES: Final = """
CREATE TABLE requests (
    number INTEGER PRIMARY KEY, arrived INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    headers TEXT NOT NULL, size INTEGER NOT NULL, events INTEGER NOT NULL, status INTEGER, sent_at TEXT,
    client TEXT NOT NULL, forward_status INTEGER, forward_body TEXT
);
CREATE TABLE events (
    number INTEGER PRIMARY KEY, request INTEGER NOT NULL, arrived INTEGER NOT NULL, type TEXT NOT NULL,
    name TEXT NOT NULL, person TEXT NOT NULL, user INTEGER NOT NULL, state TEXT NOT NULL, problems TEXT NOT NULL,
    size INTEGER NOT NULL, message_id TEXT NOT NULL, trace TEXT
);
CREATE TABLE payloads (number INTEGER PRIMARY KEY, raw TEXT NOT NULL);
CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE INDEX by_person ON events (person, number) WHERE person <> '';
CREATE INDEX by_type ON events (type, number);
CREATE INDEX by_state ON events (state, number) WHERE state <> 'ok';
CREATE INDEX by_message ON events (message_id, number) WHERE message_id <> '' AND state <> 'refused';
"""


class ArchiveError(Exception):
    """The archive cannot be opened, or not be written any more; says so in one sentence."""


def open_database(path: Path | None) -> sqlite3.Connection:
    """Open the database, and make it where there is none.

    Args:
        path: The file; ``None`` for one in memory.

    Raises:
        ArchiveError: If the file cannot be opened, is damaged, of something else, or in use.
    """
    if path is not None:
        # There is personal data in it; what SQLite makes beside it is as readable as it is.
        with suppress(OSError):
            path.touch(mode=0o600)
    try:
        connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1.0, cached_statements=256
        )
    except sqlite3.Error as error:
        raise ArchiveError(_sentence(path, error)) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise ArchiveError(_sentence(path, error)) from error
    except ArchiveError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    # Two that write to one file would give the same numbers twice.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    application, version, tables = (
        connection.execute(statement).fetchone()[0]
        for statement in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if tables:
        _check(connection, path, application, version)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    if not tables:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO numbers VALUES ('began', ?)", (time.time_ns() // 1_000_000,))
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: Path | None, application: int, version: int) -> None:
    if application != _APPLICATION:
        msg = f"{path} is a database of something else: name another file"
        raise ArchiveError(msg)
    if version != _VERSION:
        msg = f"{path} was written by another version of otel-segment: name another file"
        raise ArchiveError(msg)
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        msg = f"{path} is damaged: name another file, or remove this one"
        raise ArchiveError(msg)


def _sentence(path: Path | None, error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return f"{path} is in use, by another otel-segment inspect perhaps: name another file"
    if "not a database" in text:
        return f"{path} is no archive of events: name another file"
    if "malformed" in text:
        return f"{path} is damaged: name another file, or remove this one"
    if "unable to open" in text:
        return f"{path} cannot be opened: is its folder there, and may you write to it?"
    return f"{path} cannot be used: {text}"
