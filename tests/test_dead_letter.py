"""The dead-letter file: whole lines whatever happens, rotated, private, and read back."""

import json
import logging
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import values

from otel_segment.dead_letter import MAX_LINE_BYTES, ROTATED_FILES, DeadLetter, Letter, read_lines
from otel_segment.reasons import DropReason

MIB = 2**20
EVENT = {"type": "track", "event": "Ping", "messageId": "m-1", "properties": {"number": 1, "text": "ü\n"}}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ENOUGH = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

WRITER = """
import sys
from otel_segment.dead_letter import DeadLetter
from otel_segment.reasons import DropReason
path, name, count, max_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
file = DeadLetter(path, max_bytes)
sys.stdin.readline()
for number in range(count):
    messages = [{"from": name, "number": number, "part": part, "text": name * 400} for part in range(3)]
    assert file.write(DropReason.REJECTED, messages, 400, "no", 1.0)
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file goes."""
    return tmp_path / "dead.jsonl"


def write(path: Path, *messages: dict[str, Any], max_bytes: int = MIB, answer: str = "no") -> bool:
    """Write events that were rejected."""
    return DeadLetter(path, max_bytes).write(DropReason.REJECTED, messages, 400, answer, 1_700_000_000.25)


def messages_of(*paths: Path) -> list[dict[str, Any]]:
    """Return the events of files, of which every line has to be whole."""
    return [json.loads(letter.message or b"") for path in paths for letter in read_lines(path)]


def files_of(path: Path) -> list[Path]:
    """Return the file and those that it was before, the oldest first."""
    older = [path.with_name(f"{path.name}.{number}") for number in range(ROTATED_FILES, 0, -1)]
    return [file for file in [*older, path] if file.exists()]


def start_writer(path: Path, name: str, count: int, max_bytes: int) -> "subprocess.Popen[str]":
    """Start a process that writes."""
    command = [sys.executable, "-c", WRITER, str(path), name, str(count), str(max_bytes)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_line(path: Path) -> None:
    """An event is one line that says when, why, and what was answered."""
    assert write(path, EVENT)

    assert path.read_bytes().count(b"\n") == 1
    assert json.loads(path.read_bytes()) == {
        "time": "2023-11-14T22:13:20.250Z",
        "reason": "rejected",
        "status": 400,
        "answer": "no",
        "message": EVENT,
    }


def test_no_answer(path: Path) -> None:
    """Where there was no answer the status is null."""
    DeadLetter(str(path), MIB).write(DropReason.RETRIES_EXHAUSTED, [EVENT], 0, "refused", 1.0)

    assert json.loads(path.read_bytes())["status"] is None


def test_read_back(path: Path) -> None:
    """A line is read back with its event as the bytes that stand there."""
    write(path, EVENT, {"a": 1})

    first, second = read_lines(path)

    assert (first.reason, first.status, first.answer, first.time) == ("rejected", 400, "no", "2023-11-14T22:13:20.250Z")
    assert (first.number, second.number, second.message) == (1, 2, b'{"a":1}')
    assert first.raw + b"\n" + second.raw + b"\n" == path.read_bytes()


@ENOUGH
@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5), st.text())
def test_law(path: Path, messages: list[dict[str, Any]], answer: str) -> None:
    """What is written is what is read back, whatever it is."""
    path.unlink(missing_ok=True)

    assert write(path, *messages, answer=answer)

    assert messages_of(path) == messages
    assert {letter.answer for letter in read_lines(path)} <= {answer}


@ENOUGH
@given(st.dictionaries(st.text(), values, max_size=4))
def test_anything(path: Path, message: dict[str, Any]) -> None:
    """Even an event that no JSON can hold gives one whole line."""
    path.unlink(missing_ok=True)

    assert write(path, message, EVENT)

    assert len(messages_of(path)) == 2
    assert messages_of(path)[1] == EVENT


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_permissions(path: Path, mask: int) -> None:
    """The files are readable by their owner alone, whatever the umask."""
    before = os.umask(mask)
    try:
        write(path, EVENT, max_bytes=10)
        write(path, EVENT, max_bytes=10)
    finally:
        os.umask(before)

    assert [stat.S_IMODE(file.stat().st_mode) for file in files_of(path)] == [0o600, 0o600]


def test_foreign_permissions(path: Path) -> None:
    """A file that was there before keeps the permissions that somebody gave it."""
    path.touch()
    path.chmod(0o640)

    write(path, EVENT)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_rotation(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file at its bound is set aside; the oldest goes when there are nine, and that is said."""
    line = len(json.dumps(EVENT)) + 200
    for number in range(ROTATED_FILES + 3):
        assert not caplog.records or number > ROTATED_FILES
        assert write(path, {**EVENT, "number": number}, max_bytes=line)

    assert [message["number"] for message in messages_of(*files_of(path))] == list(range(2, ROTATED_FILES + 3))
    assert all(file.stat().st_size <= line for file in files_of(path))
    assert "is full: the " in caplog.text


def test_rotation_with_a_gap(path: Path) -> None:
    """Where one of the older files is missing no file has to go."""
    for number in range(ROTATED_FILES + 1):
        write(path, {"number": number}, max_bytes=1)
    path.with_name(f"{path.name}.4").unlink()

    write(path, {"number": "last"}, max_bytes=1)

    assert len(messages_of(*files_of(path))) == ROTATED_FILES + 1
    assert messages_of(path.with_name(f"{path.name}.{ROTATED_FILES}")) == [{"number": 0}]


@pytest.mark.parametrize("max_bytes", [100 * MIB, 400_000])
def test_many_processes(path: Path, max_bytes: int) -> None:
    """No line is torn or lost when several processes write, and rotate, at once."""
    writers = [start_writer(path, name, 150, max_bytes) for name in "abcd"]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        with writer:
            writer.communicate(timeout=180)
        assert writer.returncode == 0

    found = sorted((message["from"], message["number"], message["part"]) for message in messages_of(*files_of(path)))
    assert found == [(name, number, part) for name in "abcd" for number in range(150) for part in range(3)]
    assert (len(files_of(path)) > 1) == (max_bytes < MIB)


def test_killed(path: Path) -> None:
    """What a process has written stays when it is killed, and others go on with whole lines."""
    with start_writer(path, "a", 1_000_000, 10**9) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
        told = [writer.stdout.readline() for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)

    assert write(path, EVENT)
    letters = list(read_lines(path))
    assert letters[-1].message is not None
    assert len([letter for letter in letters if letter.message]) >= 3 * len(told) + 1
    assert len([letter for letter in letters if not letter.message]) <= 1


def test_half_a_line(path: Path) -> None:
    """After half a line, left by who was killed in mid-write, a new line begins."""
    path.write_bytes(b'{"time":"20')

    write(path, EVENT)

    torn, whole = read_lines(path)
    assert torn == Letter(1, b'{"time":"20', 11)
    assert json.loads(whole.message or b"") == EVENT


def test_missing_folder(tmp_path: Path) -> None:
    """The folder of the file is made where it is not there, for its owner alone."""
    path = tmp_path / "some" / "where" / "dead.jsonl"

    assert write(path, EVENT)

    assert [json.loads(letter.message or b"") for letter in read_lines(path)] == [EVENT]
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["file/dead.jsonl", ".", "link", "pipe"])
def test_unwritable(tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """A place that cannot be written to raises nothing, and is said once, with the path and the number of events."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "file")
    os.mkfifo(tmp_path / "pipe")
    path = tmp_path / place

    assert [write(path, EVENT, EVENT), write(path, EVENT)] == [False, False]

    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.ERROR
    assert f"cannot write to the dead-letter file {path}: " in caplog.text
    assert "; 2 event(s) are not in it" in caplog.text


def test_full_disk(caplog: pytest.LogCaptureFixture, path: Path) -> None:
    """Where there is room for half of it, nothing of it stays."""
    program = f"""
import resource, signal
from otel_segment.dead_letter import DeadLetter
from otel_segment.reasons import DropReason
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
file = DeadLetter({str(path)!r}, 10**9)
print([file.write(DropReason.REJECTED, [{{"text": "x" * 600}}], 0, "", 1.0) for _ in range(3)])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=True)

    assert done.stdout == "[True, False, False]\n"
    assert messages_of(path) == [{"text": "x" * 600}]


def test_halted_writer(path: Path) -> None:
    """A process that holds the lock and does nothing keeps nobody from writing for ever."""
    program = f"""
import fcntl, sys
file = open({str(path)!r}, "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert write(path, EVENT)
        holder.kill()

    assert messages_of(path) == [EVENT]


def test_strange_lines(path: Path) -> None:
    """A line that is none of ours is handed out as it is, an empty one passed over."""
    path.write_bytes(b'\n{"a":1}\nnot json\n\xff\n{"message":{"b":2},"status":"x","reason":7}')

    foreign, text, binary, ours = read_lines(path)

    assert [foreign.message, text.message, binary.message] == [None, None, None]
    assert [foreign.raw, text.raw, binary.raw] == [b'{"a":1}', b"not json", b"\xff"]
    assert [line.number for line in (foreign, text, binary, ours)] == [2, 3, 4, 5]
    assert (ours.message, ours.status, ours.reason) == (b'{"b":2}', None, "7")


@pytest.mark.parametrize("extra", [1, MIB, 10_000_000])
def test_endless_line(path: Path, extra: int) -> None:
    """A line longer than any event is passed over, without holding it in memory."""
    with path.open("wb") as file:
        file.truncate(MAX_LINE_BYTES + extra)
        file.seek(0, os.SEEK_END)
        file.write(b"\n")
    write(path, EVENT, max_bytes=10**9)

    endless, ours = read_lines(path)

    assert (endless.raw, endless.size, endless.message) == (b"", MAX_LINE_BYTES + extra, None)
    assert json.loads(ours.message or b"") == EVENT


def test_reading_while_writing(path: Path) -> None:
    """What is added while the file is read is not read, so that reading comes to an end."""
    write(path, EVENT)

    seen = 0
    for _ in read_lines(path):
        seen += 1
        write(path, EVENT)

    assert seen == 1


def test_nothing_to_read(tmp_path: Path) -> None:
    """A file that is not there, or is none, is an error of the system."""
    with pytest.raises(FileNotFoundError):
        list(read_lines(tmp_path / "missing"))
    with pytest.raises(OSError, match="Is a directory"):
        list(read_lines(tmp_path))
