"""What goes wrong with a spool: no room, no permission, damage, a folder that is deleted."""

import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from spooling import HERE, OpenSpool, go, hear, message, messages, process, run, take

from otel_segment.spool import Spool, SpoolError, SpoolFull, has_spool, recover, spool_for

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")


def fill(spool: Spool) -> list[int]:
    """Write until there is no room; return the rows."""
    rows: list[int] = []
    try:
        while True:
            rows += spool.write(HERE, [[message(len(rows), 20_000)]])
    except SpoolFull:
        return rows


def test_bound(open_spool: OpenSpool) -> None:
    """At the bound the newest rows are refused, and there is room again once some have gone."""
    spool = open_spool(1 << 20)
    rows = fill(spool)

    assert 20 < len(rows) < 60
    assert spool.path.stat().st_size <= 1 << 20
    spool.release(rows[:1])
    assert len(take(spool)) == 1
    spool.delete(rows[:10])
    assert spool.write(HERE, [[message(1, 20_000)]])
    singles = 0
    with suppress(SpoolFull):
        while singles < 10_000:
            singles += bool(spool.write_message(HERE, message(1, 600)))
    assert 0 < singles < 1_000


def test_bound_for_one_body(open_spool: OpenSpool) -> None:
    """A body that is greater than the bound is refused as one for which there is no room."""
    spool = open_spool(1 << 20)
    spool.write_message(HERE, message(1))

    with pytest.raises(SpoolFull, match="spool_max_bytes"):
        spool.write(HERE, [[message(1, 3 << 20)]])
    assert spool.left(HERE) == 1


def test_replaced_at_the_bound(open_spool: OpenSpool) -> None:
    """What cannot be replaced for want of room is, once there is some."""
    spool = open_spool(1 << 20)
    rows = fill(spool)
    spool.replace([rows[0]], HERE, [message(1, 20_000), message(2, 40_000)])
    assert take(spool) == []
    spool.delete(rows[1:])

    assert [message(1, 20_000), message(2, 40_000)] == messages(take(spool))


def test_room_is_given_back(spool: Spool) -> None:
    """Once everything is gone the files become small again."""
    for _ in range(5):
        spool.delete(spool.write(HERE, [[message(1, 2 << 20)] for _ in range(4)]))
    for _ in range(60):
        assert take(spool) == []
    spool.close()

    assert sum(file.stat().st_size for file in spool.path.parent.iterdir()) < 1 << 20


def test_log_is_bounded(spool: Spool) -> None:
    """The log beside the database does not grow with what goes through it."""
    log = spool.path.with_name("spool.db-wal")
    greatest = 0
    for _ in range(100):
        spool.delete(spool.write(HERE, [[message(1, 1 << 20)]]))
        greatest = max(greatest, log.stat().st_size)

    assert greatest < 24 << 20


def test_backlog_is_packed(spool: Spool) -> None:
    """When much is there already, what is written takes less room."""
    body = [message(number, 600) for number in range(500)]
    for _ in range(40):
        spool.write(HERE, [body] * 4)
    spool.release([spool.write(HERE, [body])[0]])

    assert spool.status(time.time())[0].bytes < 150 * 300_000
    assert body == messages(take(spool))


@posix
def test_full_disk(folder: Path) -> None:
    """A disk without room is an error of its own; what settles rows is made up for once there is some."""
    source = """
import resource
rows = spool.write(HERE, [[b"x" * 10_000], [b"kept"]])
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(folder + "/spool.db-wal"), limits[1]))
for attempt in (lambda: spool.write(HERE, [[b"y" * 100_000]]), lambda: spool.write_message(HERE, b"z" * 10_000)):
    try:
        attempt()
    except SpoolFull:
        tell("bound")
    except SpoolError as error:
        tell("refused", error)
for _ in range(10):
    spool.delete(rows[:1])
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
spool.release(rows[1:])
tell("left", spool.left(HERE), len(spool.claim(HERE, 100, 1 << 20, time.time())))
"""
    output = run(source, folder)

    assert output.count("refused") == 2, output
    assert "bound" not in output
    assert "left 1 1" in output, output


@pytest.mark.parametrize("place", ["file/spool", "file"])
def test_no_folder(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """Where there can be no folder, writing raises, and settling is silent but for one line."""
    (tmp_path / "file").write_text("in the way")
    spool = spool_for(tmp_path / place, 1 << 20)

    for _ in range(3):
        with pytest.raises(SpoolError, match="file"):
            spool.write(HERE, [[message(1)]])
        with pytest.raises(SpoolError, match="file"):
            spool.write_message(HERE, message(1))
        with pytest.raises(SpoolError, match="file"):
            take(spool)
        spool.delete([1])
        spool.release([2])
    spool.close()

    assert len(caplog.records) == 1


@posix
def test_permissions(folder: Path) -> None:
    """The folder and the files are their owner's alone, whatever the umask."""
    run("os.umask(0); spool.write_message(HERE, b'{}'); tell('ok'); os._exit(0)", folder)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert {"spool.db", "spool.db-wal", "spool.db-shm", "owners.lock"} == set(modes)
    assert {0o600} == set(modes.values())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_permissions_of_a_folder_that_is_there(folder: Path, spool: Spool) -> None:
    """A folder that was there keeps its permissions."""
    folder.mkdir()
    folder.chmod(0o750)
    spool.write_message(HERE, message(1))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_damaged_file(folder: Path, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is no database is moved aside and kept; that is said once, with what to do about it."""
    folder.mkdir()
    spool.path.write_bytes(b"no database" * 1_000)
    spool.write_message(HERE, message(1))
    spool.write_message(HERE, message(2))

    (aside,) = folder.glob("spool.db.damaged-*")
    assert aside.read_bytes() == b"no database" * 1_000
    (record,) = caplog.records
    assert f"otel-segment spool recover {aside}" in record.getMessage()
    assert spool.left(HERE) == 2


def test_damaged_while_open(folder: Path, spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    """A database that becomes damaged is replaced, and what is left of it can be got out."""
    rows = spool.write(HERE, [[message(number, 5_000)] for number in range(200)])
    spool.release(rows)
    spool.close()
    damage(spool.path, 30, 40)

    assert take(spool) == []
    spool.write_message(HERE, message(1))

    (aside,) = folder.glob("spool.db.damaged-????????T??????Z")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert len(list(recover(aside))) > 150
    assert spool.left(HERE) == 1


def damage(path: Path, first: int, last: int) -> None:
    """Overwrite pages of a database."""
    with path.open("r+b") as file:
        file.seek(first * 4_096)
        file.write(b"\xa5" * (last - first) * 4_096)


def test_damage_that_others_have_mended(folder: Path, spool: Spool) -> None:
    """Processes that find the same damage move it aside once, and share the fresh database."""
    folder.mkdir()
    spool.path.write_bytes(b"no database" * 1_000)
    source = "spool.write_message(HERE, b'{}'); tell('done'); input()"
    with process(source, folder) as first, process(source, folder) as second, process(source, folder) as third:
        for each in (first, second, third):
            hear(each, "done")
        assert spool.left(HERE) == 3

    assert len(list(folder.glob("spool.db.damaged-*"))) == 1


@posix
@pytest.mark.parametrize("what", ["folder", "file"])
def test_deleted_under_way(folder: Path, spool: Spool, what: str, caplog: pytest.LogCaptureFixture) -> None:
    """A folder or file that is deleted under way is made anew, with the rows that were in it; that is said once."""
    rows = spool.write(HERE, [[message(1)], [message(2)]])
    owner = spool.owner
    if what == "folder":
        shutil.rmtree(folder)
    else:
        for file in folder.glob("spool.db*"):
            file.unlink()
    spool.write(HERE, [[message(3)]])

    assert spool.left(HERE, owner) == 3
    spool.release(rows)
    assert [message(1), message(2)] == messages(take(spool))
    assert len(caplog.records) == 1


@posix
def test_deleted_under_way_of_several(folder: Path, spool: Spool) -> None:
    """Each process brings its own rows into the new database, and is still known to be alive there."""
    source = """
spool.write_message(HERE, b"{}"); tell("one"); input()
spool.write(HERE, [[b"{}"]]); tell("two"); input()
"""
    with process(source, folder) as other:
        hear(other, "one")
        spool.write(HERE, [[message(1)]])
        shutil.rmtree(folder)
        spool.write(HERE, [[message(2)]])
        assert spool.left(HERE) == 2
        go(other)
        hear(other, "two")

        assert spool.left(HERE) == 4
        assert spool.free_orphans() == 0

    assert spool.free_orphans() == 2


@posix
def test_deleted_locks(folder: Path, spool: Spool) -> None:
    """Where the file with the locks is deleted, a live process is known to be one again with its next call."""
    source = "spool.write(HERE, [[b'{}']]); tell('one'); input(); spool.delete([1]); tell('two'); input()"
    with process(source, folder) as other:
        hear(other, "one")
        (folder / "owners.lock").unlink()
        go(other)
        hear(other, "two")

        assert spool.free_orphans() == 0

    assert spool.free_orphans() == 1


@posix
def test_folder_that_cannot_be_made_anew(folder: Path, spool: Spool, tmp_path: Path) -> None:
    """Rows of a deleted folder come back even where it could not be made anew at first."""
    spool.write(HERE, [[message(1)]])
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(SpoolError):
        spool.write(HERE, [[message(2)]])
    folder.unlink()
    spool._files._again = 0.0

    assert spool.left(HERE) == 1


def test_newer_schema(folder: Path, spool: Spool) -> None:
    """A database of a newer release is left alone, and it is said to be one."""
    spool.write(HERE, [[message(1)]])
    spool.close()
    with closing(sqlite3.connect(spool.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = spool.path.read_bytes()

    with pytest.raises(SpoolError, match="newer release"):
        spool.write(HERE, [[message(2)]])
    assert before == spool.path.read_bytes()
    assert list(folder.glob("*damaged*")) == []


def test_database_of_another_program(folder: Path, spool: Spool) -> None:
    """A database that is none of ours is left alone."""
    folder.mkdir()
    with closing(sqlite3.connect(spool.path)) as connection, connection:
        connection.execute("CREATE TABLE things (name)")
    before = spool.path.read_bytes()

    with pytest.raises(SpoolError, match="another program"):
        spool.write(HERE, [[message(2)]])
    assert before == spool.path.read_bytes()


def test_asking_makes_nothing(folder: Path, open_spool: OpenSpool) -> None:
    """Whether there is a spool can be asked without making one."""
    assert not has_spool(folder)
    spool = open_spool()
    assert not folder.exists()
    spool.left(HERE)
    assert has_spool(os.fspath(folder))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_disk_without_room(small_disk: Path) -> None:
    """A disk that is full is not taken for our bound; there is room again when there is some on the disk."""
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (1 << 20))
    spool = spool_for(small_disk / "spool", 1 << 28)
    with closing(spool):
        spool.write_message(HERE, message(1))
        for write in (
            lambda: spool.write(HERE, [[message(2, 2 << 20)]]),
            lambda: spool.write_message(HERE, message(2, 2 << 20)),
        ):
            with pytest.raises(SpoolError, match="is full") as raised:
                write()
            assert not isinstance(raised.value, SpoolFull)
        assert spool.left(HERE) == 1
        filler.unlink()

        assert spool.write(HERE, [[message(3, 500_000)]])
        assert spool.left(HERE) == 2


def test_full_disk_from_the_beginning(small_disk: Path) -> None:
    """Where there is no room for the database itself, that is an error like any other, and ends with its cause."""
    filler = small_disk / "filler"
    with suppress(OSError):
        filler.write_bytes(b"x" * (4 << 20))
    spool = spool_for(small_disk / "spool", 1 << 28)
    with closing(spool):
        with pytest.raises(SpoolError):
            spool.write_message(HERE, message(1))
        filler.unlink()
        spool._files._again = 0.0

        spool.write_message(HERE, message(1))
        assert spool.left(HERE) == 1


def test_read_only_disk(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A spool on a read-only disk raises where that is allowed, and else is silent but for one line."""
    run("spool.write_message(HERE, b'{}')", small_disk / "spool")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    spool = spool_for(small_disk / "spool", 1 << 28)

    with pytest.raises(SpoolError, match="Read-only"):
        spool.write_message(HERE, message(1))
    with pytest.raises(SpoolError, match="Read-only"):
        take(spool)
    spool.delete([1])
    spool.release([1])
    assert len(caplog.records) == 1
    assert len(list(recover(spool.path))) == 1
