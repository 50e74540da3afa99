"""``otel-segment replay``: events of dead-letter files sent again, as a real command against a real server."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import commanded, environment

from otel_segment.dead_letter import DeadLetter, read_lines
from otel_segment.inspector import Answer, IncomingRequest, LocalEndpoint, Wait
from otel_segment.reasons import DropReason

COMMAND = [sys.executable, "-m", "otel_segment", "replay"]


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """Return an endpoint."""
    with LocalEndpoint() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of the dead-letter file."""
    return tmp_path / "dead.jsonl"


def event(number: int, **fields: Any) -> dict[str, Any]:
    """Return a valid event."""
    return {
        "type": "track",
        "event": "Ping",
        "userId": "u-1",
        "messageId": f"m-{number}",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"number": number},
    } | fields


def put_down(path: Path, *events: dict[str, Any], reason: DropReason = DropReason.REJECTED) -> None:
    """Write events to a dead-letter file."""
    assert DeadLetter(path, 2**40).write(reason, events, 400, "no", 1.0)


def replay(endpoint: LocalEndpoint | None, *arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    env = environment(endpoint.url if endpoint else "http://127.0.0.1:9", **variables)
    return commanded("replay", *arguments, env=env)


def numbers(endpoint: LocalEndpoint) -> list[int]:
    """Return the numbers of the events that have arrived, sorted."""
    return sorted(received.message["properties"]["number"] for received in endpoint.received.after(0, 0))


def messages_of(path: Path) -> list[dict[str, Any]]:
    """Return the events of a dead-letter file."""
    return [json.loads(letter.message or b"") for letter in read_lines(path)]


def without_poison(request: IncomingRequest) -> Answer | None:
    """Refuse every request with a certain event in it."""
    poisoned = any(message["event"] == "Poison" for message in request.messages)
    return Answer(400, body="bad event") if poisoned else None


def test_all_delivered(endpoint: LocalEndpoint, path: Path) -> None:
    """Every event arrives once, as it was, and the file stays as it is."""
    events = [event(number) for number in range(6_000)]
    put_down(path, *events)
    before = path.read_bytes()

    done = replay(endpoint, path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}: 6,000 events read, 6,000 delivered, 0 not\n"
    arrived = sorted(
        (received.message for received in endpoint.received.after(0, 0)), key=lambda m: int(m["messageId"][2:])
    )
    assert arrived == events
    assert path.read_bytes() == before
    assert not path.with_name("dead.jsonl.failed").exists()


def test_several_files(endpoint: LocalEndpoint, path: Path) -> None:
    """Several files are sent one after the other, each with a summary of its own."""
    older = path.with_name("dead.jsonl.1")
    put_down(older, event(1))
    put_down(path, event(2), event(3))

    done = replay(endpoint, older, path)

    assert (done.returncode, numbers(endpoint)) == (0, [1, 2, 3])
    assert done.stdout.splitlines() == [
        f"{older}: 1 events read, 1 delivered, 0 not",
        f"{path}: 2 events read, 2 delivered, 0 not",
    ]


def test_dry_run(endpoint: LocalEndpoint, path: Path) -> None:
    """--dry-run needs no settings, sends nothing, and says what would be sent and what is wrong with the rest."""
    put_down(path, event(1), event(2), event(3, event=""), event(4, properties={"text": "x" * 40_000}))
    put_down(path, event(5), reason=DropReason.QUEUE_FULL)
    with path.open("ab") as file:
        file.write(b"no json\n")

    done = replay(endpoint, path, "--dry-run", SEGMENT_WRITE_KEY="")

    assert (done.returncode, done.stderr) == (1, "")
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        f"{path}: 6 events read, 3 would be sent",
        "rejected 2",
        "queue_full 1",
        "missing_event 1 would not be sent (line 3)",
        "event_too_large 1 would not be sent (line 4)",
        "no event 1 would not be sent (line 6)",
    ]
    assert endpoint.requests == []
    assert list(path.parent.iterdir()) == [path]


def test_dry_run_of_good_events(path: Path) -> None:
    """--dry-run ends well where everything would be sent."""
    put_down(path, event(1))

    assert replay(None, path, "--dry-run").returncode == 0


def test_reasons(endpoint: LocalEndpoint, path: Path) -> None:
    """--reason sends only what was put down for these reasons."""
    for number, reason in enumerate([DropReason.REJECTED, DropReason.QUEUE_FULL, DropReason.SHUTDOWN]):
        put_down(path, event(number), reason=reason)

    done = replay(endpoint, path, "--reason", "queue_full", "--reason", "shutdown")

    assert (done.returncode, numbers(endpoint)) == (0, [1, 2])
    assert done.stdout == f"{path}: 2 events read, 2 delivered, 0 not, 1 passed over\n"


def test_invalid(endpoint: LocalEndpoint, path: Path) -> None:
    """What Segment would throw away is not sent, and put down again with what is wrong."""
    put_down(path, event(1), event(2, userId=None), event(3, type="fly"), event(4, context=[]))

    done = replay(endpoint, path)

    failed = path.with_name("dead.jsonl.failed")
    assert (done.returncode, numbers(endpoint)) == (1, [1])
    assert messages_of(failed) == [event(2, userId=None), event(3, type="fly"), event(4, context=[])]
    assert [letter.reason for letter in read_lines(failed)] == ["missing_identity", "unknown_type", "rejected"]
    assert next(iter(read_lines(failed))).answer == "There is neither a userId nor an anonymousId."
    assert f"  3 of them went to {failed}" in done.stdout.splitlines()
    assert oct(failed.stat().st_mode)[-3:] == "600"


def test_no_events(endpoint: LocalEndpoint, path: Path) -> None:
    """A line that is no event stays in the file, and is named."""
    path.write_bytes(
        b'{"time":"20\n[]\n{"message":{"type":"track","event":"x","userId":"u","properties":{"a":1e999}}}\n'
    )
    put_down(path, event(1))

    done = replay(endpoint, path)

    assert (done.returncode, numbers(endpoint)) == (1, [1])
    assert "no event" in done.stdout
    assert "(line 1, 2, 3)" in done.stdout
    assert f"  3 of them are in {path} alone" in done.stdout.splitlines()


def test_exported_events(endpoint: LocalEndpoint, path: Path) -> None:
    """A file of events alone will do, and an event without an id gets one, the same each time."""
    without = event(2)
    del without["messageId"]
    path.write_text(json.dumps(event(1)) + "\n" + json.dumps(without) + "\n", encoding="utf-8")

    codes = [replay(endpoint, path).returncode, replay(endpoint, path).returncode]

    arrived = [received.message_id for received in endpoint.received.after(0, 0)]
    assert codes == [0, 0]
    assert len(arrived) == 4
    assert len(set(arrived)) == 2
    assert all(arrived)


def test_refused_again(endpoint: LocalEndpoint, path: Path) -> None:
    """What is refused once more goes to FILE.failed with the new answer; the rest arrives."""
    endpoint.behave(without_poison)
    put_down(path, *map(event, range(20)), event(20, event="Poison"))

    done = replay(endpoint, path)

    failed = path.with_name("dead.jsonl.failed")
    assert (done.returncode, numbers(endpoint)) == (1, list(range(20)))
    assert messages_of(failed) == [event(20, event="Poison")]
    [letter] = read_lines(failed)
    assert (letter.reason, letter.status, letter.answer) == ("rejected", 400, "bad event")
    assert f"  1 of them went to {failed}" in done.stdout.splitlines()


def test_configured_dead_letter(endpoint: LocalEndpoint, path: Path) -> None:
    """Where a dead-letter file is set, what is refused again goes there."""
    endpoint.behave(without_poison)
    put_down(path, event(1), event(2, event="Poison"))
    configured = path.with_name("configured.jsonl")

    done = replay(endpoint, path, OTEL_EXPORTER_SEGMENT_DEAD_LETTER=str(configured))

    assert (done.returncode, messages_of(configured)) == (1, [event(2, event="Poison")])
    assert not path.with_name("dead.jsonl.failed").exists()


def test_never_into_the_same_file(endpoint: LocalEndpoint, path: Path) -> None:
    """What is refused again is never written to a file that is being read, under whatever name it is set."""
    endpoint.behave(without_poison)
    put_down(path, event(1), event(2, event="Poison"))
    before = path.read_bytes()
    link = path.with_name("link.jsonl")
    link.symlink_to(path)

    done = replay(endpoint, path, OTEL_EXPORTER_SEGMENT_DEAD_LETTER=str(link))

    assert (done.returncode, path.read_bytes()) == (1, before)
    assert messages_of(path.with_name("dead.jsonl.failed")) == [event(2, event="Poison")]


def test_spool_is_left_alone(endpoint: LocalEndpoint, path: Path, tmp_path: Path) -> None:
    """A spool that is set has no part in it: what is sent again is in the file already."""
    put_down(path, event(1))

    done = replay(endpoint, path, OTEL_EXPORTER_SEGMENT_SPOOL=str(tmp_path / "spool"))

    assert (done.returncode, numbers(endpoint)) == (0, [1])
    assert not (tmp_path / "spool").exists()


def test_outage(endpoint: LocalEndpoint, path: Path) -> None:
    """It goes through an outage as delivery does, and says so once."""
    answers = iter([Answer(503)] * 3)
    endpoint.behave(lambda _: next(answers, None))
    put_down(path, *map(event, range(10)))

    done = replay(endpoint, path)

    assert (done.returncode, numbers(endpoint)) == (0, list(range(10)))
    assert "answered 503" in done.stderr
    assert done.stderr.count("\n") == 1


def test_hopeless(path: Path) -> None:
    """Where nothing at all is accepted it stops early, and does not write the whole file down again."""
    put_down(path, *map(event, range(40_000)))

    with LocalEndpoint(write_key="another-key") as endpoint:
        done = replay(endpoint, path)

    failed = messages_of(path.with_name("dead.jsonl.failed"))
    assert done.returncode == 1
    assert 5_000 <= len(failed) < 40_000
    assert "accepted none of 5,000 events" in done.stderr
    assert "it was not read to its end" in done.stdout


def test_interrupted(endpoint: LocalEndpoint, path: Path) -> None:
    """Ctrl-C ends it with 130; the file and what was put down again have every event that has not arrived."""
    endpoint.behave(lambda request: None if request.number <= 1 else Wait(60))
    put_down(path, *(event(number, properties={"number": number, "text": "x" * 20_000}) for number in range(2_000)))
    before = path.read_bytes()
    env = environment(endpoint.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="0.5")

    with subprocess.Popen([*COMMAND, str(path)], env=env, stdout=subprocess.PIPE, text=True) as process:
        assert endpoint.received.wait_for(lambda seen: len(seen) > 0, 60)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=180)

    assert process.returncode == 130
    assert "run this again" in out
    assert path.read_bytes() == before
    endpoint.behave(None)
    assert replay(endpoint, path).returncode == 0
    assert set(numbers(endpoint)) == set(range(2_000))


def test_bounded_memory(endpoint: LocalEndpoint, path: Path) -> None:
    """A file much larger than what the process may have streams through."""
    program = (
        "import resource, sys; from otel_segment.cli import main; code = main(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
    )

    def peak(events: int) -> int:
        path.unlink(missing_ok=True)
        put_down(path, *(event(number, properties={"number": number, "t": "x" * 30_000}) for number in range(events)))
        done = subprocess.run(
            [sys.executable, "-c", program, "replay", str(path)],
            env=environment(endpoint.url),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return int(done.stdout.split()[-1])

    assert peak(6_000) - peak(300) < 100_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: FILE"),
        (["missing.jsonl"], "otel-segment: cannot read missing.jsonl: No such file or directory\n"),
        (["."], "otel-segment: cannot read .: Is a directory\n"),
        (["dead.jsonl", "--reason", "because"], "argument --reason: invalid choice: 'because'"),
    ],
)
def test_wrong_usage(path: Path, arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong arguments and files that are not there are named, with exit code 2."""
    monkeypatch.chdir(path.parent)
    put_down(path, event(1))

    done = replay(None, *arguments, PYTHONPATH=os.pathsep.join(sys.path))

    assert done.returncode == 2
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SEGMENT_WRITE_KEY": ""}, "otel_segment cannot start. write_key: not set"),
        ({"OTEL_EXPORTER_SEGMENT_DISABLED": "true"}, "OTEL_EXPORTER_SEGMENT_DISABLED is set"),
    ],
)
def test_wrong_settings(path: Path, variables: dict[str, str], complaint: str) -> None:
    """Settings with which nothing could be sent are named before anything is done, with exit code 2."""
    put_down(path, event(1))

    done = replay(None, path, **variables)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_progress(endpoint: LocalEndpoint, path: Path) -> None:
    """On a terminal a bar shows how far it has come, and is gone in the end."""
    endpoint.behave(lambda request: Wait(0.5) if request.number == 1 else None)
    put_down(path, event(1))
    terminal, child = pty.openpty()
    env = environment(endpoint.url, TERM="xterm")

    with subprocess.Popen([*COMMAND, str(path)], env=env, stdout=subprocess.DEVNULL, stderr=child) as process:
        os.close(child)
        shown = _read_all(terminal)
        process.wait(60)

    assert process.returncode == 0
    assert "dead.jsonl  [####" in shown
    assert "100%  0 delivered" in shown
    assert shown.endswith("\r\x1b[K")


def _read_all(terminal: int) -> str:
    """Return what is written to a terminal until everybody has closed it."""
    read = b""
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline and (piece := os.read(terminal, 65_536)):
            read += piece
    except OSError:
        pass  # that is how a terminal ends
    finally:
        os.close(terminal)
    return read.decode()
