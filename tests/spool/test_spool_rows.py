"""Rows: written, claimed, deleted, given back."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spooling import FOREIGN, HERE, MUCH, THERE, OpenSpool, hear, message, messages, process, run, take

from otel_segment.spool import Spool
from otel_segment.spool._packing import pack, unpack


@given(st.lists(st.integers(0, 1 << 40).map(message), min_size=1, max_size=50))
def test_packing(body: list[bytes]) -> None:
    """What is unpacked is what was packed."""
    assert body == unpack(pack(body))


def test_written_rows_are_ours(spool: Spool) -> None:
    """What a process has written is there, and is not claimed again while the process holds it."""
    rows = spool.write(HERE, [[message(1), message(2)], [message(3)]])
    single = spool.write_message(HERE, message(4))

    assert len({*rows, single}) == 3
    assert spool.left(HERE) == 4
    assert spool.left(HERE, spool.owner) == 4
    assert spool.left(HERE, spool.owner + 1) == 0
    assert take(spool) == []


def test_released_rows_are_claimed_once(spool: Spool) -> None:
    """What was released is claimed with its messages, the oldest first, and only once."""
    bodies = [[message(number), message(-number)] for number in range(1, 4)]
    rows = spool.write(HERE, bodies)
    rows.append(spool.write_message(HERE, message(9)))
    spool.release(rows)

    claimed = take(spool)

    assert rows == [row.id for row in claimed]
    assert [*bodies, [message(9)]] == [row.messages for row in claimed]
    assert {spool.owner} == {row.origin for row in claimed}
    assert take(spool) == []


def test_deleted_rows_are_gone(spool: Spool) -> None:
    """What was deleted is not there any more."""
    rows = spool.write(HERE, [[message(1)], [message(2)]])
    spool.delete(rows[:1])
    spool.release(rows)

    assert [message(2)] == messages(take(spool))


def test_many_rows(spool: Spool) -> None:
    """Any number of rows can be released, claimed and deleted at a time."""
    rows = spool.write(HERE, [[message(number)] for number in range(1_234)])
    spool.release(rows)

    assert len(take(spool)) == 1_234
    spool.delete(rows)
    assert spool.left(HERE) == 0


def test_claims_are_bounded(spool: Spool) -> None:
    """No more events and bytes are claimed than asked for, but one row in any case."""
    size = len(message(0, 100))
    spool.release(spool.write(HERE, [[message(0, 100)] * 3 for _ in range(4)]))

    assert len(spool.claim(HERE, 7, MUCH, time.time())) == 2
    assert len(spool.claim(HERE, MUCH, size, time.time())) == 1
    assert len(spool.claim(HERE, 1, 1, time.time())) == 1
    assert take(spool) == []


def test_due(spool: Spool) -> None:
    """A row is claimed when it is due, and counts its failures."""
    rows = spool.write(HERE, [[message(1)], [message(2)]])
    spool.release(rows[:1], due=2_000_000_000.5, failed=True)
    spool.release(rows[1:])

    assert [message(2)] == messages(take(spool, now=2_000_000_000))
    (row,) = take(spool, now=2_000_000_001)
    assert row.failures == 1


def test_wrong_clock(spool: Spool) -> None:
    """A row that was put off by a clock far ahead is due again when the clock is right."""
    rows = spool.write(HERE, [[message(1)]])
    spool.release(rows, due=2_000_000_000, failed=True)

    assert [message(1)] == messages(take(spool, now=1_999_980_000))


def test_failed_rows_come_alone(spool: Spool) -> None:
    """A row that has failed goes in a request of its own, and the newest can be had before all others."""
    rows = spool.write(HERE, [[message(1)], [message(2)], [message(3)], [message(4)]])
    spool.release(rows[2:3], failed=True)
    spool.release([*rows[:2], rows[3]])

    assert [message(4)] == spool.claim_newest(HERE, 2_000_000_000)[0].messages
    assert [message(1), message(2)] == messages(take(spool))
    assert [message(3)] == messages(take(spool))


def test_replaced_rows(spool: Spool) -> None:
    """What takes the place of rows is as old as they, nobody's, and due when it is said."""
    rows = spool.write(HERE, [[message(1), message(2)], [message(3)]])
    spool.release(rows, failed=True)
    before = [*take(spool), *take(spool)]
    spool.replace(rows, HERE, [message(2), message(3)], due=2_000_000_000)

    assert take(spool, now=1_999_999_999) == []
    (row,) = take(spool, now=2_000_000_000)
    assert [message(2), message(3)] == row.messages
    assert before[0][1:4] == row[1:4]


def test_replaced_by_nothing(spool: Spool) -> None:
    """Nothing in the place of rows is their deletion."""
    spool.replace(spool.write(HERE, [[message(1)]]), HERE, [])

    assert spool.left(HERE) == 0


def test_replaced_rows_that_are_gone(spool: Spool) -> None:
    """Messages are kept where the rows that held them are not there any more."""
    spool.replace([12345], HERE, [message(1)])

    assert [message(1)] == messages(take(spool))


def test_expired(spool: Spool) -> None:
    """Rows that are older than a moment are claimed, due or not."""
    rows = spool.write(HERE, [[message(number)] for number in range(120)])
    spool.release(rows, due=time.time() + 1_000)

    assert spool.claim_expired(HERE, time.time() - 1_000) == []
    assert len(spool.claim_expired(HERE, time.time() + 1)) == 100
    assert len(spool.claim_expired(HERE, time.time() + 1)) == 20


def test_rows_of_another_source(spool: Spool) -> None:
    """Rows of another write key are counted, and left alone."""
    spool.release(spool.write(FOREIGN, [[message(1), message(2)]]))

    assert take(spool) == []
    assert spool.claim_expired(HERE, time.time() + 1) == []
    assert spool.foreign(HERE) == 2
    assert len(take(spool, FOREIGN)) == 1


def test_corrected_address(spool: Spool, folder: Path) -> None:
    """Rows of the same source for another address are claimed, first, once no live process uses that."""
    spool.release(spool.write(HERE, [[message(1)]]))
    with process("spool.release([spool.write_message(THERE, b'{}')]); tell('ready'); input()", folder) as other:
        hear(other, "ready")
        assert [message(1)] == messages(take(spool))

    assert messages(take(spool)) == [b"{}"]


def test_two_addresses_of_one_process(spool: Spool) -> None:
    """Rows for an address that this very process uses are left to whoever of it does."""
    spool.release(spool.write(THERE, [[message(1)]]))

    assert take(spool, HERE) == []
    assert len(take(spool, THERE)) == 1


def test_only_the_owner_deletes(spool: Spool, folder: Path) -> None:
    """What another process holds is neither deleted nor released by this one."""
    with process("tell('row', spool.write_message(HERE, b'{}')); input()", folder) as other:
        row = int(hear(other, "row")[0])
        spool.delete([row])
        spool.release([row])

        assert spool.left(HERE) == 1
        assert take(spool) == []


def test_reopened(spool: Spool) -> None:
    """A spool that was closed is opened by the next call, and its rows are still this process's."""
    spool.write(HERE, [[message(1)]])
    spool.close()

    assert take(spool) == []
    assert spool.left(HERE, spool.owner) == 1


def test_one_spool_a_folder(open_spool: OpenSpool) -> None:
    """Whoever asks for the spool of a folder gets the same one."""
    assert open_spool() is open_spool()


def test_clean_end(folder: Path, spool: Spool) -> None:
    """Rows of a process that has ended are there for the next one."""
    run("spool.write(HERE, [[b'{}', b'{}']]); spool.close()", folder)

    assert spool.free_orphans() == 1
    assert messages(take(spool)) == [b"{}", b"{}"]


@pytest.mark.parametrize("size", [10, 100_000, 5_000_000])
def test_sizes(spool: Spool, size: int) -> None:
    """Messages of any size come back as they were."""
    spool.release(spool.write(HERE, [[message(1, size)]]))

    assert [message(1, size)] == messages(take(spool))
