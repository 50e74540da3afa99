"""A look at a spool from outside, which changes nothing in it."""

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from otel_segment.spool import _parties
from otel_segment.spool._database import is_damage
from otel_segment.spool._errors import SpoolError
from otel_segment.spool._folder import BESIDE, DATABASE, lacking_room
from otel_segment.spool._owners import Owners, is_used
from otel_segment.spool._schema import VERSION, version_of

__all__ = ["Examination", "Waiting", "examine"]

_PATIENCE = 1.0
_STEPS = 10_000
"""Instructions of SQLite's between two looks at the clock."""

_WAITING = """
SELECT url, source, hint, sum(events), min(created) FROM rows JOIN destinations ON destinations.id = destination
GROUP BY destination ORDER BY url, source
"""


class Waiting(NamedTuple):
    """What is there of one destination."""

    url: str
    source: str
    hint: str
    events: int
    oldest: float
    """Seconds since 1970."""


class Examination(NamedTuple):
    """What was seen."""

    size: int
    """Bytes of the database, and of what SQLite has beside it."""
    version: int
    """The version of its schema; 0 for none as yet."""
    newest: int
    """The version that this code writes."""
    waiting: list[Waiting]
    users: list[int] | None
    """The processes that have it open; ``None`` where that cannot be known."""
    damage: str
    """What SQLite says is wrong with it; empty where nothing is, as far as it was looked at."""
    is_whole: bool
    """Whether there was time to look at all of it."""
    aside: list[Path]
    """Damaged databases that were set aside."""
    lacking: int
    """Bytes that would have to be free on the disk before anything is written; 0 where they are."""


def examine(folder: Path, seconds: float) -> Examination:
    """Look at the spool in a folder.

    Args:
        folder: The folder, with a spool in it.
        seconds: How long the look may take.

    Raises:
        SpoolError: It cannot be opened, is of another program, or of a newer release.
    """
    path = folder / DATABASE
    seen = Examination(
        size=sum(each.stat().st_size for suffix in ("", *BESIDE) if (each := Path(f"{path}{suffix}")).exists()),
        version=0,
        newest=VERSION,
        waiting=[],
        users=None,
        damage="",
        is_whole=False,
        aside=sorted(each for each in folder.glob(f"{DATABASE}.damaged-*") if not each.name.endswith((*BESIDE, "l"))),
        lacking=lacking_room(folder),
    )
    try:
        with closing(_open(path)) as connection:
            return _look(connection, seen, folder, time.monotonic() + seconds)
    except sqlite3.Error as error:
        if is_damage(error):
            return seen._replace(damage=str(error))
        msg = f"{path}: {error}"
        raise SpoolError(msg) from error


def _open(path: Path) -> sqlite3.Connection:
    """Open it for reading; where even that needs to write, as it stands in its file."""
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.Connection(
            f"{path.absolute().as_uri()}?{mode}", timeout=_PATIENCE, uri=True, isolation_level=None
        )
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            connection.close()
            if is_damage(error) or mode.endswith("1"):
                raise
        else:
            return connection
    raise AssertionError


def _look(connection: sqlite3.Connection, seen: Examination, folder: Path, deadline: float) -> Examination:
    seen = seen._replace(version=version_of(connection, str(folder / DATABASE)))
    if not seen.version:
        return seen._replace(is_whole=True, users=[])
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        seen = seen._replace(waiting=[Waiting(*row) for row in connection.execute(_WAITING)])
        seen = seen._replace(users=_users(connection, folder))
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return seen
        raise
    return seen._replace(damage="" if said == "ok" else str(said), is_whole=True)


def _users(connection: sqlite3.Connection, folder: Path) -> list[int] | None:
    """Return the processes that hold the locks of their numbers."""
    with suppress(OSError):
        owners = Owners(folder) if is_used(folder) else None
        found = dict(connection.execute("SELECT id, pid FROM owners"))
        alive = [owner for owner in _parties.owners(connection) if owners is not None and owners.is_alive(owner)]
        return sorted({int(found[owner]) for owner in alive})
    return None
