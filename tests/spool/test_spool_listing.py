"""What can be seen of a spool."""

import time
from pathlib import Path

import pytest
from spooling import FOREIGN, HERE, THERE, hear, message, messages, process, take

from otel_segment.spool import Spool


def test_status(spool: Spool, folder: Path) -> None:
    """The status tells, for each destination, what is there and what a live process holds."""
    before = time.time()
    spool.write(HERE, [[message(1), message(2)]])
    spool.release(spool.write(HERE, [[message(3)]]))
    spool.release(spool.write(HERE, [[message(4)]]), due=before + 1_000)
    with process("spool.write(THERE, [[b'{}']]); tell('ready'); input()", folder) as other:
        hear(other, "ready")
        here, there = sorted(spool.status(time.time()), key=lambda status: status.url)

    assert here[:5] == (*HERE, 3, 4)
    assert (here.held, here.waiting) == (1, 1)
    assert here.bytes == sum(len(message(number)) for number in range(1, 5)) + 1
    assert before - 1 < here.oldest < time.time() + 1
    assert (there.url, there.held) == (THERE.url, 1)
    assert [status.held for status in spool.status(time.time()) if status.url == THERE.url] == [0]


def test_rows_are_listed(spool: Spool) -> None:
    """Rows are listed oldest first, a page at a time, with their messages to be read by number."""
    numbers = spool.write(HERE, [[message(1), message(2)], [message(3)]]) + spool.write(FOREIGN, [[message(4)]])
    spool.release(numbers[1:2], due=2_000_000_000.5, failed=True)

    first = spool.list_rows(2)
    second = spool.list_rows(2, first[-1].id)

    assert numbers == [row.id for row in first + second]
    assert [HERE.hint, HERE.hint, FOREIGN.hint] == [row.hint for row in first + second]
    assert (first[0].url, first[0].origin, first[0].held, first[0].events) == (HERE.url, spool.owner, True, 2)
    assert (first[1].held, first[1].due, first[1].failures) == (False, 2_000_000_000.5, 1)
    assert first[1].size == len(message(3))
    assert spool.read_row(numbers[0]) == [message(1), message(2)]
    assert spool.read_row(5) is None


@pytest.mark.parametrize(("options", "left"), [({}, 0), ({"url": HERE.url}, 1), ({"before": 1.0}, 4)])
def test_purge(spool: Spool, folder: Path, options: dict[str, float], left: int) -> None:
    """Rows that no other live process holds are deleted, all or some of them."""
    spool.write(HERE, [[message(1), message(2)], [message(3)]])
    spool.release(spool.write(THERE, [[message(4)]]))
    with process("spool.write_message(HERE, b'{}'); tell('ready'); input()", folder) as other:
        hear(other, "ready")

        assert spool.purge(**options) == 4 - left
        assert spool.left(HERE) + spool.left(THERE) == left + 1
        assert messages(take(spool, THERE)) == ([message(4)] if left else [])
