"""What can be got out of a database, whole and damaged."""

import os
import signal
import sys
from pathlib import Path

import pytest
from spooling import FOREIGN, HERE, hear, message, process

from otel_segment.spool import Spool, SpoolError, recover

PAGE = 4_096


def test_whole(spool: Spool) -> None:
    """All of a database that is whole is recovered, in order, whoever holds it, and nothing in it is changed."""
    spool.write(HERE, [[message(1), message(2)]])
    spool.release(spool.write(FOREIGN, [[message(3)]]))
    spool.close()
    before = spool.path.read_bytes()

    assert list(recover(spool.path)) == [(HERE, [message(1), message(2)]), (FOREIGN, [message(3)])]
    assert before == spool.path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_log_is_read(folder: Path) -> None:
    """What only the log beside the database has is recovered too."""
    with process("spool.write_message(HERE, b'{}'); tell('ready'); input()", folder) as other:
        hear(other, "ready")
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

    assert list(recover(folder / "spool.db")) == [(HERE, [b"{}"])]


@pytest.mark.parametrize("pages", [range(20, 21), range(20, 30), [12, 40, 41, 77], range(100, 180)])
def test_damaged_pages(spool: Spool, pages: list[int]) -> None:
    """All rows but those in damaged pages are recovered, from before them, behind them and between them."""
    spool.write(HERE, [[message(number, 600)] for number in range(1_000)])
    spool.close()
    with spool.path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(b"\xff" * PAGE)

    found = list(recover(spool.path))

    assert {HERE} == {destination for destination, _ in found}
    assert {1} == {len(body) for _, body in found}
    numbers = {int(body[0].split(b",")[0][5:]) for _, body in found}
    assert len(numbers) == len(found)
    assert len(found) >= 1_000 - 8 * len(pages)
    assert 0 in numbers


def test_damaged_bodies(spool: Spool) -> None:
    """A row whose body is spread over damaged pages does not take those after it with it."""
    spool.write(HERE, [[message(number, 50_000)] for number in range(20)])
    spool.close()
    with spool.path.open("r+b") as file:
        file.seek(100 * PAGE)
        file.write(b"\xff" * PAGE)

    assert len(list(recover(spool.path))) >= 19


@pytest.mark.parametrize("content", [None, b"", b"no database" * 1_000])
def test_nothing_to_read(tmp_path: Path, content: bytes | None) -> None:
    """Where nothing can be read, that is said, and no file is made."""
    path = tmp_path / "spool.db"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SpoolError, match="nothing can be read"):
        list(recover(path))
    assert path.exists() == (content is not None)
