"""The secret that pseudonyms are made with."""

import logging
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from otel_segment import _log
from otel_segment.instrumentation._salts import Salts

DAY = 86_400
NOON = (time.time() // DAY + 10) * DAY + DAY / 2
DATE = time.strftime("%Y-%m-%d", time.gmtime(NOON))
NEXT_DATE = time.strftime("%Y-%m-%d", time.gmtime(NOON + DAY))

WORKER = """
import sys
from otel_segment.instrumentation._salts import Salts
salts = Salts(None, sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    print(salts.today(float(line)).hex(), flush=True)
"""


class Worker:
    """A process of its own that is asked for salts."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, now: float) -> None:
        """Ask for the salt of a moment."""
        assert self.process.stdin
        self.process.stdin.write(f"{now}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        """Return what it says next."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[Worker]]:
    """Six processes, started on their own, that are ready to use one folder."""
    started = [Worker(tmp_path / "salts") for _ in range(6)]
    try:
        assert [worker.answer() for worker in started] == ["ready"] * 6
        yield started
    finally:
        for worker in started:
            worker.process.communicate(timeout=30)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Whatever is logged, with nothing said before."""
    monkeypatch.setattr(_log, "_last_said", {})
    caplog.set_level(logging.WARNING, "otel_segment")
    return caplog


def names(folder: Path) -> list[str]:
    """Return the names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class TestFile:
    """Without a secret the salt is random, and kept in a file."""

    def test_holds_for_a_day(self, tmp_path: Path) -> None:
        """The salt is 32 bytes, the same from midnight to midnight, and another one on the next day."""
        salts = Salts(None, str(tmp_path))
        midnight = NOON - DAY / 2

        found = [salts.today(midnight), salts.today(NOON), salts.today(midnight + DAY - 0.001)]
        following = salts.today(midnight + DAY)

        assert found == [found[0]] * 3
        assert len(found[0]) == len(following) == 32
        assert following != found[0]

    def test_survives_restarts(self, tmp_path: Path) -> None:
        """Who starts later on the same day finds the same salt."""
        assert Salts(None, str(tmp_path)).today(NOON) == Salts(None, str(tmp_path)).today(NOON + 60)

    @pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
    def test_is_the_owners_alone(self, tmp_path: Path) -> None:
        """Nobody but the owner can read the file, or enter the folder that was made for it."""
        folder = tmp_path / "a" / "salts"

        Salts(None, str(folder)).today(NOON)

        assert names(folder) == [f"visitor-salt-{DATE}"]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / names(folder)[0]).stat().st_mode) == 0o600

    def test_destroys_yesterdays(self, tmp_path: Path) -> None:
        """Of yesterday's salt, and of a file that somebody left unfinished, nothing stays on disk or in memory."""
        salts = Salts(None, str(tmp_path))
        yesterdays = salts.today(NOON)
        (tmp_path / ".visitor-salt-0123").write_bytes(yesterdays)
        (tmp_path / "spool.db").touch()

        salts.today(NOON + DAY)

        assert names(tmp_path) == ["spool.db", f"visitor-salt-{NEXT_DATE}"]
        assert yesterdays not in (tmp_path / f"visitor-salt-{NEXT_DATE}").read_bytes()
        assert yesterdays not in salts._held

    def test_never_goes_back_to_a_day_that_is_over(self, tmp_path: Path) -> None:
        """With a clock a moment behind, the salt of the new day holds, for the old one's is gone."""
        ahead, behind = Salts(None, str(tmp_path)), Salts(None, str(tmp_path))
        following = ahead.today(NOON + DAY)

        assert behind.today(NOON) == following
        assert ahead.today(NOON) == following
        assert names(tmp_path) == [f"visitor-salt-{NEXT_DATE}"]

    def test_clock_that_was_days_ahead(self, tmp_path: Path) -> None:
        """A salt that was made with a clock days ahead does not hold until that day comes."""
        wrong = Salts(None, str(tmp_path)).today(NOON + 30 * DAY)
        salts = Salts(None, str(tmp_path))

        assert salts.today(NOON) != wrong
        assert salts.today(NOON) == Salts(None, str(tmp_path)).today(NOON)
        assert names(tmp_path) == [f"visitor-salt-{DATE}"]

    def test_reads_the_file_once_a_day(self, tmp_path: Path) -> None:
        """When the salt is known, its file is not needed."""
        salts = Salts(None, str(tmp_path))
        salt = salts.today(NOON)
        (tmp_path / f"visitor-salt-{DATE}").unlink()

        assert salts.today(NOON + 1) == salt
        assert names(tmp_path) == []

    def test_processes_agree_at_midnight(self, workers: list[Worker], tmp_path: Path) -> None:
        """Processes that all ask first at one moment are all given one salt, on each of many days."""
        days = []
        for day in range(15):
            for worker in workers:
                worker.tell(NOON + day * DAY)
            days.append({worker.answer() for worker in workers})

        assert [len(found) for found in days] == [1] * 15
        assert len(set.union(*days)) == 15
        assert len(names(tmp_path / "salts")) == 1

    def test_processes_on_both_sides_of_midnight(self, workers: list[Worker], tmp_path: Path) -> None:
        """Where some are in the new day already, all of those agree, and the old day's salt does not come up again."""
        for day in range(15):
            midnight = NOON + (day + 0.5) * DAY
            for number, worker in enumerate(workers):
                worker.tell(midnight - 0.001 if number % 2 else midnight)
            found = [worker.answer() for worker in workers]
            assert len(set(found[::2])) == 1
            date = time.strftime("%Y-%m-%d", time.gmtime(midnight))
            assert names(tmp_path / "salts") == [f"visitor-salt-{date}"]

    def test_threads_agree(self, tmp_path: Path) -> None:
        """Threads that ask at one moment are given one salt."""
        salts, found = Salts(None, str(tmp_path)), []
        threads = [Thread(target=lambda: found.append(salts.today(NOON))) for _ in range(16)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == [found[0]] * 16


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are of POSIX")
class TestPrivateFolder:
    """Where no folder is given it is one of this user's, among the temporary files."""

    @pytest.fixture
    def home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Return what the private folder will be called."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        return tmp_path / f"otel_segment-{os.geteuid()}"

    def test_is_made(self, home: Path, lines: pytest.LogCaptureFixture) -> None:
        """It is made for its owner alone, and found again."""
        assert Salts(None, None).today(NOON) == Salts(None, None).today(NOON)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert names(home) == [f"visitor-salt-{DATE}"]
        assert lines.messages == []

    def test_open_to_others(self, home: Path, lines: pytest.LogCaptureFixture) -> None:
        """A folder that others may use is not used."""
        home.mkdir()
        home.chmod(0o770)

        assert len(Salts(None, None).today(NOON)) == 32
        assert names(home) == []
        assert len(lines.messages) == 1

    def test_link(self, home: Path, tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
        """A link is not used, wherever it leads."""
        target = tmp_path / "elsewhere"
        target.mkdir(mode=0o700)
        home.symlink_to(target)

        assert len(Salts(None, None).today(NOON)) == 32
        assert names(target) == []
        assert len(lines.messages) == 1

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to give a folder away")
    def test_somebody_elses(self, home: Path, lines: pytest.LogCaptureFixture) -> None:
        """A folder that another user has made under this user's name is not used."""
        home.mkdir(mode=0o700)
        os.chown(home, 12_345, 12_345)

        assert len(Salts(None, None).today(NOON)) == 32
        assert names(home) == []
        assert len(lines.messages) == 1


@pytest.mark.skipif(os.name != "posix", reason="modes and links are of POSIX")
@pytest.mark.parametrize("kind", ["readable", "short", "link", "pipe", "folder"])
def test_file_that_is_not_as_it_was_written(kind: str, tmp_path: Path, lines: pytest.LogCaptureFixture) -> None:
    """What has the name of the file, but may be somebody else's work, is not used and not waited for."""
    path = tmp_path / f"visitor-salt-{DATE}"
    planted = b"x" * 32
    if kind == "readable":
        path.write_bytes(planted)
        path.chmod(0o644)
    elif kind == "short":
        path.write_bytes(b"x")
        path.chmod(0o600)
    elif kind == "link":
        (tmp_path / "target").write_bytes(planted)
        path.symlink_to(tmp_path / "target")
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    else:
        path.mkdir()

    salt = Salts(None, str(tmp_path)).today(NOON)

    assert salt != planted
    assert len(salt) == 32
    assert len(lines.messages) == 1


class TestMemory:
    """Where no folder can be used the salt is in memory."""

    @pytest.fixture
    def nowhere(self, tmp_path: Path) -> str:
        """Return a folder that cannot be made."""
        (tmp_path / "file").touch()
        return str(tmp_path / "file" / "salts")

    def test_says_so_once(self, nowhere: str, lines: pytest.LogCaptureFixture) -> None:
        """One line says what to set, however often the salt is needed."""
        for day in range(3):
            Salts(None, nowhere).today(NOON + day * DAY)

        assert len(lines.messages) == 1
        assert "salt_folder" in lines.messages[0]

    @pytest.mark.usefixtures("lines")
    def test_is_of_one_day(self, nowhere: str) -> None:
        """It holds for the day, and cannot be had again afterwards."""
        salts = Salts(None, nowhere)
        first, again, following = salts.today(NOON), salts.today(NOON + 1), salts.today(NOON + DAY)

        assert first == again
        assert first != following
        assert salts.today(NOON - 30 * DAY) not in {first, following}
        assert salts.today(NOON) not in {first, following}

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_forked_processes_agree(self, nowhere: str) -> None:
        """Processes that were forked from one agree on this day and on later ones, whichever days they asked before."""
        script = """
import os, sys
from otel_segment.instrumentation._salts import Salts
salts, noon = Salts(None, sys.argv[1]), float(sys.argv[2])
for skipped in (0, 1, 2):
    if not os.fork():
        days = [salts.today(noon + day * 86400) for day in range(skipped, 4)]
        print(days[-1].hex(), flush=True)
        os._exit(0)
    os.wait()
"""
        run = subprocess.run(
            [sys.executable, "-c", script, nowhere, str(NOON)], capture_output=True, text=True, check=True, timeout=60
        )

        assert len(run.stdout.split()) == 3
        assert len(set(run.stdout.split())) == 1


class TestGiven:
    """With a secret no file is needed."""

    def test_machines_agree(self, tmp_path: Path) -> None:
        """Who has the same secret has the same salts, another one each day."""
        here, there = Salts("the secret of all machines", str(tmp_path)), Salts("the secret of all machines", None)

        assert here.today(NOON) == there.today(NOON)
        assert here.today(NOON + DAY) == there.today(NOON + DAY) != there.today(NOON + 2 * DAY)
        assert names(tmp_path) == []

    def test_other_secret(self) -> None:
        """Another secret makes other salts, and none of them is the secret itself."""
        assert Salts("one secret", None).today(NOON) != Salts("another secret", None).today(NOON)
        assert len(Salts("one secret", None).today(NOON)) == 32
        assert b"one secret" not in Salts("one secret", None).today(NOON)
