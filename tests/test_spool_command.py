"""``otel-segment spool``: looking into a spool, sending it, taking it out; against a real server."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from running import KEY, commanded, environment

from otel_segment.cli import main
from otel_segment.dead_letter import read_lines
from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint, Wait
from otel_segment.spool import Destination, Spool, spool_for

COMMAND = [sys.executable, "-m", "otel_segment", "spool"]
OTHER_KEY = "another-key-0123456789-9999"
HOLDER = """
import sys
from otel_segment.spool import Destination, spool_for
spool = spool_for(sys.argv[1], 2**30)
spool.write(Destination(*sys.argv[2:5]), [[b'{"n":1}']])
print("held", flush=True)
sys.stdin.read()
"""

Write = Callable[..., list[int]]


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """Return an endpoint that knows one write key."""
    with LocalEndpoint(write_key=KEY) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the spool."""
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    """Return the spool, which nobody else uses."""
    opened = spool_for(folder, 2**30)
    yield opened
    opened.close()


def destination(endpoint: LocalEndpoint, key: str = KEY) -> Destination:
    """Return where events for an endpoint go."""
    return Destination.of(f"{endpoint.url}/v1/batch", key)


def event(number: int, **fields: Any) -> bytes:
    """Return a valid event."""
    message = {
        "type": "track",
        "event": "Ping",
        "userId": "u-1",
        "messageId": f"m-{number}",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"number": number},
    }
    return json.dumps(message | fields, separators=(",", ":")).encode()


def leave(spool: Spool, to: Destination, *bodies: Sequence[bytes]) -> list[int]:
    """Write rows that nobody holds, and let go of the spool."""
    rows = spool.write(to, bodies)
    spool.release(rows)
    spool.close()
    return rows


def run(endpoint: LocalEndpoint | None, *arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command under ``otel-segment spool``."""
    env = environment(endpoint.url if endpoint else "http://127.0.0.1:9", **variables)
    return commanded("spool", *arguments, env=env)


def numbers(endpoint: LocalEndpoint) -> list[int]:
    """Return the numbers of the events that have arrived, sorted."""
    return sorted(received.message["properties"]["number"] for received in endpoint.received.after(0, 0))


def status(folder: Path) -> dict[str, Any]:
    """Return what the status command says."""
    done = run(None, "status", "--json", "--spool", folder)
    assert (done.returncode, done.stderr) == (0, "")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def start_holder(folder: Path, to: Destination) -> "subprocess.Popen[str]":
    """Start a process that holds a row."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), *to], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    return holder


def test_status(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """It says what waits for whom, in words and for programs, and changes nothing."""
    leave(spool, destination(endpoint), [event(1), event(2)], [event(3)])
    leave(spool, destination(endpoint, OTHER_KEY), [event(4)])

    done = run(None, "status", OTEL_EXPORTER_SEGMENT_SPOOL=str(folder))
    facts = status(folder)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{folder}: 4 events, ")
    assert f"{endpoint.url}/v1/batch  source ***f3a1 ({destination(endpoint).source})" in done.stdout
    assert "3 events in 2 rows" in done.stdout
    assert KEY not in done.stdout
    assert (facts["events"], facts["rows"], facts["folder"]) == (4, 3, str(folder))
    assert sorted(each["events"] for each in facts["destinations"]) == [1, 3]
    assert facts["oldest"].endswith("Z")


def test_status_of_an_empty_spool(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """A spool that has nothing is said to have nothing."""
    spool.delete(spool.write(destination(endpoint), [[event(1)]]))
    spool.close()

    assert run(None, "status", "--spool", folder).stdout == f"{folder}: nothing waits\n"
    assert (status(folder)["events"], status(folder)["oldest"]) == (0, None)


def test_held_rows(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Rows that a running process holds are shown as such, and are not purged; when it is gone they are free."""
    leave(spool, destination(endpoint), [event(1)])
    with start_holder(folder, destination(endpoint)) as holder:
        told = run(None, "status", "--spool", folder).stdout
        listed = run(None, "ls", "--spool", folder).stdout
        purged = run(None, "purge", "--spool", folder, "--yes")
        left = status(folder)
        holder.kill()

    assert "1 row held by running processes" in told
    assert [line.split()[-1] for line in listed.splitlines()] == ["free", "held"]
    assert (purged.returncode, purged.stdout) == (0, "deleted 1 event\n")
    assert (left["rows"], left["destinations"][0]["held"]) == (1, 1)
    assert status(folder)["destinations"][0]["held"] == 0


def test_ls_and_show(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Rows are listed by age, with the numbers that show takes."""
    first, second, _ = leave(spool, destination(endpoint), [event(1), event(2)], [event(3)], [event(4)])

    listed = run(None, "ls", "--spool", folder, "--limit", 2)
    facts = [json.loads(line) for line in run(None, "ls", "--spool", folder, "--json").stdout.splitlines()]
    shown = run(None, "show", first, "--spool", folder)
    lines = run(None, "show", first, "--spool", folder, "--json").stdout.splitlines()

    assert [line.split()[0] for line in listed.stdout.splitlines()] == [str(first), str(second), "and"]
    assert [fact["events"] for fact in facts] == [2, 1, 1]
    assert [line.encode() for line in lines] == [event(1), event(2)]
    assert shown.stdout.startswith('{\n  "type": "track",\n')


def test_show_nothing(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """A row that is not there is said not to be there."""
    leave(spool, destination(endpoint), [event(1)])

    done = run(None, "show", 7, "--spool", folder)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"otel-segment: no row 7 in {folder}: ")


def test_export(spool: Spool, folder: Path, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """The events come out as they are, one a line, for their owner alone, and stay in the spool."""
    bodies = [[event(number)] for number in range(500)]
    leave(spool, destination(endpoint), *bodies)
    out = tmp_path / "events.jsonl"

    done = run(None, "export", out, "--spool", folder)
    piped = run(None, "export", "-", "--spool", folder)
    again = run(None, "export", out, "--spool", folder)

    assert (done.returncode, piped.returncode, again.returncode) == (0, 0, 2)
    assert out.read_bytes().splitlines() == [event(number) for number in range(500)]
    assert piped.stdout.encode() == out.read_bytes()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "is there already" in again.stderr
    assert status(folder)["events"] == 500


def test_drain(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Everything that waits arrives, however old it is, and the spool is empty afterwards."""
    leave(
        spool, destination(endpoint), *[[event(n) for n in range(start, start + 100)] for start in range(0, 2000, 100)]
    )

    done = run(endpoint, "drain", "--spool", folder, OTEL_EXPORTER_SEGMENT_SPOOL_MAX_AGE="0.001")

    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{folder}: 2,000 events delivered\n")
    assert numbers(endpoint) == list(range(2000))
    assert status(folder)["events"] == 0


def test_drain_nothing(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Where nothing waits nothing is done."""
    leave(spool, destination(endpoint, OTHER_KEY), [event(1)])

    done = run(endpoint, "drain", OTEL_EXPORTER_SEGMENT_SPOOL=str(folder))

    assert (done.returncode, endpoint.requests) == (0, [])
    assert "1 event left, for source ***9999; to send them here: --source" in done.stdout


def test_drain_of_a_former_address(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """What the same source had for an address to which nobody sends any more is delivered, too."""
    program = f"""
import os
from otel_segment.spool import Destination, spool_for
spool = spool_for({str(folder)!r}, 2**30)
spool.write(Destination.of("http://127.0.0.1:9/v1/batch", {KEY!r}), [[{event(1)!r}]])
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=180)

    done = run(endpoint, "drain", "--spool", folder)

    assert (done.returncode, numbers(endpoint)) == (0, [1])


def test_drain_beside_a_running_process(folder: Path, endpoint: LocalEndpoint) -> None:
    """What a running process holds is left to it, and not waited for."""
    with start_holder(folder, destination(endpoint)) as holder:
        done = run(endpoint, "drain", "--spool", folder)
        holder.kill()

    assert (done.returncode, numbers(endpoint)) == (0, [])
    assert "1 event left, held by running processes, which send them" in done.stdout


@pytest.mark.parametrize("name", ["fingerprint", "hint", "end"])
def test_drain_of_another_source(name: str, spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """With --source the events of another write key are sent with the present one."""
    other = destination(endpoint, OTHER_KEY)
    leave(spool, other, [event(1), event(2)], [event(3)])
    source = {"fingerprint": other.source, "hint": other.hint, "end": OTHER_KEY[-4:]}[name]

    asked = run(endpoint, "drain", "--spool", folder, "--source", source)
    done = run(endpoint, "drain", "--spool", folder, "--source", source, "--yes")

    assert (asked.returncode, asked.stdout) == (2, "")
    assert "Send 3 events of source ***9999 for" in asked.stderr
    assert "give --yes" in asked.stderr
    assert (done.returncode, numbers(endpoint)) == (0, [1, 2, 3])
    assert status(folder)["events"] == 0


def test_drain_of_an_unknown_source(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """A source that is not there is said not to be there, with those that are."""
    other = destination(endpoint, OTHER_KEY)
    leave(spool, other, [event(1)])

    done = run(endpoint, "drain", "--spool", folder, "--source", "nobody", "--yes")

    assert done.returncode == 2
    assert f"no source is called nobody; there is {other.source} (***9999, 1 event)" in done.stderr


def test_drain_through_an_outage(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """An outage delays it."""
    answers = iter([Answer(503)] * 2)
    endpoint.behave(lambda _: next(answers, None))
    leave(spool, destination(endpoint), [event(1)])

    done = run(endpoint, "drain", "--spool", folder)

    assert (done.returncode, numbers(endpoint)) == (0, [1])


def test_drain_timeout(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """After --timeout it ends with 1, and what was not delivered is in the spool still."""
    endpoint.behave(lambda _: Answer(503))
    leave(spool, destination(endpoint), [event(1), event(2)])

    variables = {"OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "0.5"}
    done = run(endpoint, "drain", "--spool", folder, "--timeout", "1", **variables)

    assert done.returncode == 1
    assert "2 events left, which could not be delivered yet" in done.stdout
    assert status(folder)["events"] == 2


def test_drain_interrupted(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Ctrl-C ends it with 130; what has not arrived is in the spool still."""
    endpoint.behave(lambda request: None if request.number <= 2 else Wait(60))
    leave(spool, destination(endpoint), *[[event(n) for n in range(s, s + 2_500)] for s in range(0, 25_000, 2_500)])
    env = environment(endpoint.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="0.5")

    with subprocess.Popen([*COMMAND, "drain", "--spool", str(folder)], env=env, stdout=subprocess.PIPE) as process:
        assert endpoint.received.wait_for(lambda seen: len(seen) > 0, 60)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)

    assert process.returncode == 130
    endpoint.behave(None)
    assert run(endpoint, "drain", "--spool", folder).returncode == 0
    assert set(numbers(endpoint)) == set(range(25_000))


def test_drain_with_poison(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """What the endpoint refuses for good goes to a dead-letter file, by default in the spool's folder."""
    endpoint.behave(_without_poison)
    leave(spool, destination(endpoint), [event(1), event(2, event="Poison"), event(3)])

    done = run(endpoint, "drain", "--spool", folder)

    dead = folder / "dead-letter.jsonl"
    assert (done.returncode, numbers(endpoint)) == (1, [1, 3])
    assert [letter.message for letter in read_lines(dead)] == [event(2, event="Poison")]
    assert f"1 event refused, now in {dead}" in done.stdout


def _without_poison(request: IncomingRequest) -> Action:
    poisoned = any(message["event"] == "Poison" for message in request.messages)
    return Answer(400, body="bad event") if poisoned else None


def test_recover(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """What can be read of a damaged database goes back into the spool, and from there to the endpoint."""
    bodies = [[event(number, text="x" * 3_000)] for number in range(100)]
    leave(spool, destination(endpoint), *bodies)
    damaged = _damage(folder)

    done = run(None, "recover", damaged)

    assert done.returncode == 0
    found = status(folder)["events"]
    assert 50 < found < 100
    assert done.stderr == f"{damaged}: {found} events could be read, and went to {folder}\n"
    assert run(endpoint, "drain", "--spool", folder).returncode == 0
    assert len(set(numbers(endpoint))) == found


def test_recover_to_a_file(spool: Spool, folder: Path, endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """With --to it goes to a file that replay takes."""
    leave(spool, destination(endpoint), *[[event(number, text="x" * 3_000)] for number in range(100)])
    damaged = _damage(folder)
    out = tmp_path / "events.jsonl"

    done = run(None, "recover", damaged, "--to", out)

    assert done.returncode == 0
    assert not (folder / "spool.db").exists()
    found = {json.loads(line)["messageId"] for line in out.read_bytes().splitlines()}
    assert 50 < len(found) < 100
    assert "events could be read, and went to " in done.stderr


def _damage(folder: Path) -> Path:
    """Overwrite a part of a database, and move it aside."""
    database = folder / "spool.db"
    damaged = folder / "spool.db.damaged-20260102T030405Z"
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 2 // 4_096 * 4_096)
        file.write(b"\xff" * 4_096 * 4)
    return database.rename(damaged)


def test_recover_from_rubbish(tmp_path: Path) -> None:
    """A file that is no database, is not there, or is in use, is refused."""
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"no database" * 1_000)

    no_database, missing = run(None, "recover", rubbish), run(None, "recover", tmp_path / "missing")

    assert (no_database.returncode, missing.returncode) == (1, 2)
    assert "nothing can be read" in no_database.stderr
    assert "no such file" in missing.stderr


def test_recover_what_is_in_use(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """The spool in use is not poured into itself."""
    leave(spool, destination(endpoint), [event(1)])

    done = run(None, "recover", folder / "spool.db")

    assert (done.returncode, status(folder)["events"]) == (2, 1)
    assert "is the spool that is in use" in done.stderr


def test_purge_asks(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """Nothing is deleted unless the answer is yes."""
    leave(spool, destination(endpoint), [event(1)])

    nobody = run(None, "purge", "--spool", folder)
    no, asked = _answer(b"n\n", "purge", "--spool", str(folder))
    kept = status(folder)["events"]
    yes, _ = _answer(b"yes\n", "purge", "--spool", str(folder))

    assert (nobody.returncode, no, kept) == (2, 1, 1)
    assert "give --yes" in nobody.stderr
    assert f"Delete 1 event in {folder}, for good? [y/N] " in asked
    assert (yes, status(folder)["events"]) == (0, 0)


def test_purge_some(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """--older-than and --endpoint leave the rest alone."""
    leave(spool, destination(endpoint), [event(1)])
    leave(spool, Destination.of("http://elsewhere.example/v1/batch", KEY), [event(2), event(3)])

    young = run(None, "purge", "--spool", folder, "--older-than", "1", "--yes")
    other = run(None, "purge", "--spool", folder, "--endpoint", "http://elsewhere.example/v1/batch", "--yes")

    assert (young.stdout, other.stdout) == ("deleted 0 events\n", "deleted 2 events\n")
    assert status(folder)["events"] == 1


def _answer(answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal on which somebody answers; return its exit code and what it asked."""
    terminal, child = pty.openpty()
    env = environment("http://127.0.0.1:9")
    command = [*COMMAND, *arguments]
    with subprocess.Popen(command, env=env, stdin=child, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.close(child)
        os.write(terminal, answer)
        _, asked = process.communicate(timeout=180)
        os.close(terminal)
    return process.returncode, asked.decode()


@pytest.mark.parametrize("command", ["status", "ls", "show", "drain", "export", "purge"])
def test_no_spool(command: str, tmp_path: Path) -> None:
    """Where no folder is given, or there is no spool in it, the message says what to do; nothing is made there."""
    more = {"show": ["1"], "export": ["-"], "purge": ["--yes"]}.get(command, [])

    none, missing, empty = (
        run(None, command, *more, *where) for where in ([], ["--spool", tmp_path / "missing"], ["--spool", tmp_path])
    )

    assert [done.returncode for done in (none, missing, empty)] == [2, 2, 2]
    assert "which spool? Give its folder with --spool DIR, or set OTEL_EXPORTER_SEGMENT_SPOOL" in none.stderr
    assert f"no such folder: {tmp_path / 'missing'}; " in missing.stderr
    assert f"no spool in {tmp_path}: " in empty.stderr
    assert list(tmp_path.iterdir()) == []


def test_foreign_database(folder: Path) -> None:
    """A file that another program made is left alone."""
    folder.mkdir()
    program = f"import sqlite3; sqlite3.connect({str(folder / 'spool.db')!r}).execute('CREATE TABLE mine (x)')"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=180)

    done = run(None, "status", "--spool", folder)

    assert done.returncode == 1
    assert "is a database of another program" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["ls", "--limit", "0"], "argument --limit: at least 1"),
        (["drain", "--timeout", "0"], "argument --timeout: more than 0"),
        (["purge", "--older-than", "-1"], "argument --older-than"),
        (["show", "x"], "argument ID: invalid int value: 'x'"),
        (["export"], "the following arguments are required: FILE"),
    ],
)
def test_wrong_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are named, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(["spool", *arguments])

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", "status", "ls", "show", "drain", "export", "recover", "purge"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has help, with examples."""
    with pytest.raises(SystemExit) as end:
        main(["spool", *filter(None, [command]), "--help"])

    assert end.value.code == 0
    assert f"examples:\n  otel-segment spool {command}" in capsys.readouterr().out


def test_debug(tmp_path: Path) -> None:
    """--debug shows the traceback, given before the command's name or after it."""
    for arguments in (["--debug", "status"], ["status", "--debug"]):
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=environment("http://127.0.0.1:9"),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert "Traceback" in done.stderr


def test_progress(spool: Spool, folder: Path, endpoint: LocalEndpoint) -> None:
    """On a terminal a bar shows how far it has come."""
    endpoint.behave(lambda request: Wait(1) if request.number == 1 else None)
    leave(spool, destination(endpoint), [event(1)])
    terminal, child = pty.openpty()
    env = environment(endpoint.url, TERM="xterm")
    command = [*COMMAND, "drain", "--spool", str(folder)]

    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=child) as process:
        os.close(child)
        shown = _read_until_end(terminal)
        process.wait(60)

    assert process.returncode == 0
    assert "drain  [......" in shown
    assert "0 of 1 event delivered" in shown


def _read_until_end(terminal: int) -> str:
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
