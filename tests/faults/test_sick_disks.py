"""Disks and folders that fail: delivery goes on without the spool, it is said once, and the spool is used again."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from orders import Answer, Told, program
from trials import Site, arrived

EVENTS = 500
REQUESTS = 5
NOBODY = 65_534

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the spool needs POSIX file locks")


def emit(told: Told, site: Site) -> Answer:
    """Emit, and see all of it arrive."""
    so_far = len(arrived(site))
    told(f"emit {EVENTS} 0 {REQUESTS}")
    answer = told.wait(lambda _: len(arrived(site)) >= so_far + EVENTS)
    assert (len(arrived(site)), answer.stats["dropped"]) == (so_far + EVENTS, {})
    return answer


def is_used(told: Told, site: Site) -> None:
    """What cannot be delivered is in the spool, and is delivered from there."""
    so_far = len(arrived(site))
    site.close()
    told("emit 50")
    told.wait(lambda answer: answer.stats["spooled"] == 50)
    site.open()
    told.wait(lambda _: len(arrived(site)) == so_far + 50)


def goes_on(told: Told, site: Site, mend: Callable[[], object]) -> None:
    """A trouble is said once and counted; all arrives, through an outage too; later the spool is used again."""
    sick = emit(told, site)
    assert len(sick.troubles()) == 1, sick
    assert "cannot be used" in sick.troubles()[0]
    assert sick.failures > 0
    so_far = len(arrived(site))
    site.close()
    told("emit 50")
    site.open()
    told.wait(lambda _: len(arrived(site)) == so_far + 50)
    mend()
    well = told.wait(lambda _: emit(told, site).said("can be used again"))
    assert len(well.troubles()) == 1, well
    is_used(told, site)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """The folder of the spool is made, for its owner alone."""
    folder = tmp_path / "some" / "where" / "spool"
    with Site() as site, program(site.url, folder) as told:
        emit(told, site)
        is_used(told, site)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_limited_files(tmp_path: Path) -> None:
    """Where nothing more can be written to files, delivery goes on."""
    with Site() as site, program(site.url, tmp_path / "spool") as told:
        assert emit(told, site).failures == 0
        told("limit 0")
        goes_on(told, site, lambda: told("limit -1"))


def test_full_disk(tmp_path: Path) -> None:
    """Where the disk is full, delivery goes on."""
    with small_disk(tmp_path / "disk") as disk, Site() as site, program(site.url, disk / "spool") as told:
        assert emit(told, site).failures == 0
        fill(disk)
        goes_on(told, site, (disk / "filling").unlink)


def test_disk_that_the_spool_fills(tmp_path: Path) -> None:
    """A spool that leaves no room on its disk is not stuck there: all of it is sent when the endpoint is back."""
    with small_disk(tmp_path / "disk") as disk, Site(is_open=False) as site:
        (disk / "filling").write_bytes(bytes(58 * 2**20))
        with program(site.url, disk / "spool") as told:
            told("emit 3000 1000 30")
            full = told.wait(lambda answer: answer.troubles())
            assert len(full.troubles()) == 1
            assert "the disk is full" in full.troubles()[0]
            assert full.stats["spooled"] > 1_000
            site.open()
            told.wait(lambda _: len(arrived(site)) == 3_000)
            assert told("flush 0").stats["dropped"] == {}


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of its own."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Write to a disk until nothing more fits."""
    with (disk / "filling").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 1_000):
                pass
        except OSError:
            return


@contextmanager
def folder_of_nobody() -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a folder, and the variables for a program whom its permissions bind, which the superuser's do not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_superuser = os.geteuid() == 0
        if is_superuser:
            os.chown(folder, NOBODY, NOBODY)
        yield folder, {"BECOME": str(NOBODY)} if is_superuser else {}


def test_read_only_folder() -> None:
    """Where the folder cannot be written to, delivery goes on, and the spool is used when it can be."""
    with folder_of_nobody() as (folder, user), Site() as site:
        folder.chmod(0o555)
        with program(site.url, folder, **user) as told:
            goes_on(told, site, lambda: folder.chmod(0o755))


def test_read_only_database() -> None:
    """Where the database cannot be written to, delivery goes on, and the spool is used when it can be."""
    with folder_of_nobody() as (folder, user), Site() as site:
        with program(site.url, folder, **user) as told:
            emit(told, site)
        database = folder / "spool.db"
        database.chmod(0o400)
        with program(site.url, folder, **user) as told:
            goes_on(told, site, lambda: database.chmod(0o600))


@pytest.mark.parametrize("what", ["folder", "database"])
def test_wrong_owner(what: str) -> None:
    """Where the folder or the database is another user's, delivery goes on, and the spool is used when it can be."""
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give files to others")
    with folder_of_nobody() as (folder, user), Site() as site:
        path = folder if what == "folder" else folder / "spool.db"
        path.touch()
        os.chown(path, 0, 0)
        path.chmod(0o700)
        with program(site.url, folder, **user) as told:
            goes_on(told, site, lambda: os.chown(path, NOBODY, NOBODY))
