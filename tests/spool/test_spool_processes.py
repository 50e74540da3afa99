"""Processes that share a spool: killed, forked, racing."""

import os
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from spooling import HERE, go, hear, message, messages, process, run, take

from otel_segment.spool import Spool, spool_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")

_FORK_PAST_HOOKS = "fork = ctypes.PyDLL(None).fork"
_FORK = "fork = os.fork"


def test_rows_of_a_killed_process(spool: Spool, folder: Path) -> None:
    """What a process held is free once it is dead, however it died, and not before."""
    source = "rows = spool.write(HERE, [[b'{}']]); spool.write_message(HERE, b'{}'); tell('ready'); input()"
    with process(source, folder) as other:
        hear(other, "ready")
        assert spool.free_orphans() == 0
        assert take(spool) == []
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

    assert spool.free_orphans() == 2
    assert spool.free_orphans() == 0
    assert len(take(spool)) == 2


def test_written_is_kept(spool: Spool, folder: Path) -> None:
    """Each message whose writing returned survives SIGKILL."""
    source = "for n in range(1 << 30): spool.write_message(HERE, b'%d' % n); tell('wrote', n)"
    with process(source, folder) as other:
        while int(hear(other, "wrote")[0]) < 500:
            pass
        os.kill(other.pid, signal.SIGKILL)
        assert other.stdout is not None
        last = max([int(line.split()[1]) for line in other.stdout if line.endswith("\n")], default=500)

    spool.free_orphans()
    found = [int(each) for each in messages(take(spool))]
    assert found[: last + 1] == list(range(last + 1))


def test_processes_share_rows(spool: Spool, folder: Path) -> None:
    """Processes that claim at the same time never claim the same row, and together claim all."""
    spool.release(spool.write(HERE, [[message(number)] for number in range(400)]))
    source = """
input()
while rows := spool.claim(HERE, 3, 1 << 30, time.time()):
    for row in rows:
        tell("row", row.id)
    spool.delete([row.id for row in rows])
"""
    with (
        process(source, folder) as first,
        process(source, folder) as second,
        process(source, folder) as third,
    ):
        outputs = []
        for each in (first, second, third):
            go(each)
        for each in (first, second, third):
            outputs.append(each.communicate(timeout=180)[0])
            assert each.returncode == 0, outputs

    claimed = Counter(line for output in outputs for line in output.splitlines() if line.startswith("row"))
    assert len(claimed) == 400
    assert set(claimed.values()) == {1}
    assert spool.left(HERE) == 0


def test_processes_begin_together(folder: Path) -> None:
    """Processes that make the database at the same moment use the same one."""
    source = "input(); [spool.write_message(HERE, b'{}') for _ in range(50)]; tell('done')"
    with (
        process(source, folder) as first,
        process(source, folder) as second,
        process(source, folder) as third,
    ):
        for each in (first, second, third):
            go(each)
        for each in (first, second, third):
            hear(each, "done")
    spool = spool_for(folder, 1 << 28)

    assert spool.left(HERE) == 150
    spool.close()


@pytest.mark.parametrize("fork", [_FORK, _FORK_PAST_HOOKS])
def test_forked(spool: Spool, folder: Path, fork: str) -> None:
    """A forked child writes as a process of its own, and its end leaves the parent's rows to the parent."""
    source = f"""
{fork}
spool.write(HERE, [[b"1"]])
child = fork()
if child == 0:
    own = spool_for(folder, 1 << 28)
    own.write(HERE, [[b"2"]])
    own.write_message(HERE, b"3")
    tell("child", own.owner)
    os._exit(0)
os.waitpid(child, 0)
spool.write_message(HERE, b"4")
tell("parent", spool.owner)
input()
"""
    with process(source, folder) as other:
        (child,) = map(int, hear(other, "child"))
        (parent,) = map(int, hear(other, "parent"))
        assert child != parent
        assert spool.left(HERE, parent) == 2
        assert spool.free_orphans() == 2
        assert {b"2", b"3"} == set(messages(take(spool)))

    spool.free_orphans()
    assert {b"1", b"4"} == set(messages(take(spool)))


@pytest.mark.parametrize("fork", [_FORK, _FORK_PAST_HOOKS])
def test_parent_ends_first(spool: Spool, folder: Path, fork: str) -> None:
    """A child goes on where its parent, the only other one that had the database open, has ended."""
    spool.close()
    source = f"""
{fork}
spool.write(HERE, [[b"1"]])
ready, go = os.pipe()
if fork() == 0:
    own = spool_for(folder, 1 << 28)
    own.write(HERE, [[b"2"]])
    os.close(go)
    os.read(ready, 1)
    own.write(HERE, [[b"3"]])
    tell("child")
    input()
    os._exit(0)
os.close(ready)
spool.close()
os.kill(os.getpid(), signal.SIGKILL)
"""
    with process(source, folder) as other:
        hear(other, "child")
        other.wait()
        spool.free_orphans()
        assert messages(take(spool)) == [b"1"]

        assert spool.left(HERE) == 3


def test_spool_of_the_parent(folder: Path) -> None:
    """The parent's spool does nothing in a child: it raises where that is allowed, and else is silent."""
    source = """
rows = spool.write(HERE, [[b"1"]])
child = os.fork()
if child == 0:
    spool.delete(rows)
    spool.release(rows)
    spool.close()
    try:
        spool.write(HERE, [[b"2"]])
    except SpoolError as error:
        tell("refused", error)
    os._exit(0)
os.waitpid(child, 0)
tell("left", spool.left(HERE))
"""
    output = run(source, folder)

    assert "refused" in output
    assert "left 1" in output


def test_fork_beside_busy_threads(spool: Spool, folder: Path) -> None:
    """Children that are forked while threads are in the middle of calls write, and never hang."""
    source = """
ends = threading.Event()
def work():
    while not ends.wait(0.001):
        spool.delete(spool.write(HERE, [[b"x" * 100_000] for _ in range(4)]))
        spool.write_message(HERE, b"kept")
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(20):
    child = os.fork()
    if child == 0:
        spool_for(folder, 1 << 28).write_message(HERE, b"child")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
ends.set()
for thread in threads:
    thread.join()
"""
    run(source, folder)

    spool.free_orphans()
    assert messages(take(spool)).count(b"child") == 20


@pytest.mark.parametrize("call", ["spool._held()", "spool._upkeep._lock"])
def test_fork_in_the_middle(spool: Spool, folder: Path, call: str) -> None:
    """A child that was forked in the middle of a call that does not end is refused, and so is its own child."""
    source = f"""
spool.write_message(HERE, b"parent")
entered, leave = threading.Event(), threading.Event()
def work():
    with {call}:
        entered.set()
        leave.wait()
thread = threading.Thread(target=work)
thread.start()
entered.wait()
def attempt():
    try:
        spool_for(folder, 1 << 28).write_message(HERE, b"child")
    except SpoolError as error:
        tell(error)
child = os.fork()
if child == 0:
    attempt()
    if (grandchild := os.fork()) == 0:
        attempt()
        os._exit(0)
    os.waitpid(grandchild, 0)
    os._exit(0)
os.waitpid(child, 0)
leave.set()
thread.join()
spool.write_message(HERE, b"parent")
"""
    output = run(source, folder)

    assert output.count("forked in the middle") == 2, output
    spool.free_orphans()
    assert messages(take(spool)) == [b"parent", b"parent"]


def test_signal_handlers_write(spool: Spool, folder: Path) -> None:
    """A handler that writes in the middle of a call writes, or is refused, and never hangs."""
    source = """
kept = []
def handle(*_):
    try:
        kept.append(spool.write_message(HERE, b"handler"))
    except SpoolError:
        kept.append(0)
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(kept) < 200:
    spool.delete(spool.write(HERE, [[b"body"]]))
    spool.write_message(HERE, b"main")
signal.setitimer(signal.ITIMER_REAL, 0)
tell("kept", sum(map(bool, kept)))
"""
    output = run(source, folder)

    kept = int(output.split("kept")[1].split()[0])
    spool.free_orphans()
    assert messages(take(spool)).count(b"handler") == kept
