"""Databases that are damaged, and folders that are deleted: delivery goes on, with a fresh one, and it is said once."""

import json
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from orders import Told, program
from trials import Site, arrived

from otel_segment.spool import SpoolError, recover

EVENTS = 1_000
REQUESTS = 5

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the spool needs POSIX file locks")


def over_the_header(path: Path) -> None:
    """Damage the beginning of a file."""
    random_bytes(path, 0, 100)


def over_the_middle(path: Path) -> None:
    """Damage what is farthest from the ends of a file."""
    size = path.stat().st_size
    random_bytes(path, size * 2 // 5, size * 3 // 5)


def truncated(path: Path) -> None:
    """Cut off the last half of a file."""
    os.truncate(path, path.stat().st_size // 2)


def random_bytes(path: Path, first: int, last: int) -> None:
    """Write random bytes over a part of a file."""
    with path.open("r+b") as file:
        file.seek(first)
        file.write(random.Random(7).randbytes(last - first))


at_every_place = pytest.mark.parametrize(
    "damage", [over_the_header, over_the_middle, truncated], ids=lambda damage: damage.__name__
)


def into_the_database(folder: Path) -> None:
    """Bring what is in the log into the database, where the damage is to be."""
    with closing(sqlite3.connect(folder / "spool.db", timeout=20)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def leave_in_the_spool(site: Site, folder: Path) -> set[tuple[str, int]]:
    """Run a process that can deliver nothing; return the events that it leaves."""
    with program(site.url, folder, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="1") as told:
        told(f"emit {EVENTS} 300 20")
        told.wait(lambda answer: answer.stats["spooled"] == EVENTS)
        name = f"program {told.pid}"
    into_the_database(folder)
    return {(name, number) for number in range(EVENTS)}


@at_every_place
def test_damaged_before(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A process that finds a damaged database moves it aside, says so once, and delivers what is its own."""
    folder = tmp_path / "spool"
    with Site(is_open=False) as site:
        left = leave_in_the_spool(site, folder)
        damage(folder / "spool.db")
        site.open()
        with program(site.url, folder) as told:
            told(f"emit {EVENTS} 0 {REQUESTS}")
            told.wait(lambda _: own(site, told) == EVENTS)
            is_used(site, told)
            answer = told.wait(lambda answer: answer.troubles())
            assert answer.stats["dropped"] == {}
            (line,) = answer.troubles()
            (aside,) = folder.glob("spool.db.damaged-*Z")
            assert f"otel-segment spool recover {aside}" in line
        found = set(arrived(site)) & left | recovered(aside)
        assert found <= left
        # Nobody can say what is in a file of which the beginning is gone.
        assert found or damage is over_the_header


@at_every_place
def test_damaged_under_way(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A process whose database is damaged goes on with a fresh one, and says so once."""
    folder = tmp_path / "spool"
    with Site(is_open=False) as site, program(site.url, folder) as told:
        told(f"emit {EVENTS} 300 {REQUESTS}")
        into_the_database(folder)
        damage(folder / "spool.db")
        site.open()
        told("emit 10")
        told.wait(lambda answer: answer.troubles())
        # What was in it is for people to recover; from now on all is as before.
        so_far = own(site, told)
        told(f"emit {EVENTS} 300 {REQUESTS}")
        told.wait(lambda _: own(site, told) >= so_far + EVENTS)
        is_used(site, told)
        answer = told("flush 0")
        assert len(answer.troubles()) == 1, answer
        assert answer.stats["dropped"] == {}


def own(site: Site, told: Told) -> int:
    """Return how many events of a program have arrived."""
    return sum(name == f"program {told.pid}" for name, _ in arrived(site))


def is_used(site: Site, told: Told) -> None:
    """What cannot be delivered is in the spool, and is delivered from there."""
    site.close()
    so_far = own(site, told)
    before = told("flush 0").stats["spooled"]
    told("emit 50")
    told.wait(lambda answer: answer.stats["spooled"] == before + 50)
    site.open()
    told.wait(lambda _: own(site, told) >= so_far + 50)


def recovered(aside: Path) -> set[tuple[str, int]]:
    """Return what can still be read of a database that was moved aside."""
    found = set()
    with suppress(SpoolError):
        for _, messages in recover(aside):
            properties = [json.loads(message)["properties"] for message in messages]
            found.update((each["from"], each["number"]) for each in properties)
    return found


@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("what", ["folder", "database"])
def test_deleted_under_way(tmp_path: Path, what: str, is_up: bool) -> None:
    """Where the folder or the database is deleted, it is made again, said once, and nothing is lost."""
    folder = tmp_path / "spool"
    with Site(is_open=is_up) as site, program(site.url, folder) as told:
        told(f"emit {EVENTS} 300 {REQUESTS}")
        if what == "folder":
            shutil.rmtree(folder)
        else:
            (folder / "spool.db").unlink()
        told(f"emit {EVENTS} 300 {REQUESTS}")
        if not is_up:
            site.open()
        told.wait(lambda _: own(site, told) == 2 * EVENTS)
        is_used(site, told)
        answer = told("flush 0")
        (line,) = answer.troubles()
        assert "was deleted or replaced" in line
        assert (answer.stats["dropped"], set(arrived(site).values())) == ({}, {1})
        assert (folder / "spool.db").exists()
