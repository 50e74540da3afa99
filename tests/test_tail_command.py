"""``otel-segment tail``: what arrives at a real inspector, in a terminal and out of one."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from running import environment
from typing_extensions import Self

from otel_segment.cli import main
from otel_segment.cli._rows import listed
from otel_segment.cli.tail._following import Following, Wanted
from otel_segment.cli.tail._inspector import Inspector, address_of

live = pytest.importorskip("otel_segment.inspector.live", reason="needs otel-segment[inspector]")

# Under some runners Ctrl-C is ignored, and a child inherits that.
COMMAND = [
    sys.executable,
    "-c",
    (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from otel_segment.cli import main; sys.exit(main(['tail', *sys.argv[1:]]))"
    ),
]
TIMEOUT = 30


class Tail:
    """The command as a process, whose output is read as it comes.

    Args:
        *arguments: Its arguments.
        terminal: Whether it has one.
        **variables: What its environment has besides.
    """

    def __init__(self, *arguments: str, terminal: bool = False, **variables: str) -> None:
        self.output = ""
        self._ends = pty.openpty() if terminal else os.pipe()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment("", COLUMNS="120", TERM="xterm-256color") | variables,
            stdout=self._ends[1],
            stderr=subprocess.STDOUT,
        )
        os.close(self._ends[1])
        self._thread = Thread(target=self._read, daemon=True)

    def until(self, text: str) -> None:
        """Wait until something was written."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            assert self._thread.is_alive(), self.output
            time.sleep(0.02)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self.code = self._process.wait(TIMEOUT)
        finally:
            self._process.kill()
            self._thread.join(TIMEOUT)
            os.close(self._ends[0])

    def _read(self) -> None:
        try:
            while part := os.read(self._ends[0], 65_536):
                self.output += part.decode(errors="replace")
        except OSError:
            return  # the other end of a terminal has gone


@pytest.fixture
def inspector() -> Iterator[Any]:
    """Return an inspector."""
    with live.Inspector() as running:
        yield running


def give(url: str, **fields: Any) -> None:
    """Let an event arrive."""
    message = {"type": "track", "event": "Ping", "userId": "u-1", "messageId": fields.get("event", "m"), **fields}
    answer = requests.post(f"{url}/v1/{message['type']}", json=message, auth=("key", ""), timeout=TIMEOUT)
    assert answer.status_code == 200


def test_restart() -> None:
    """What was there and what comes is shown with its state, and after a restart all of what comes then, once."""
    with live.Inspector() as first:
        port = first.port
        give(first.url, event="Before")
        with Tail("--url", first.url) as tail:
            tail.until("Before")
            give(first.url, event="After")
            give(first.url, event="Bad\x1b[2J", userId="")
            tail.until("missing_identity")
            first.close()
            tail.until("the inspector is gone (it has ended); waiting for it")
            with live.Inspector(port=port) as second:
                # More than there were, so that its numbers alone tell nothing.
                for number in range(5):
                    give(second.url, event=f"Anew {number}")
                tail.until("Anew 4")

    lines = [line for line in tail.output.splitlines() if not line.startswith("otel-segment: ")]
    assert tail.code == 130
    assert [line[16:].split()[0] for line in lines] == ["track"] * 8
    assert [line[26:52].strip() for line in lines] == [
        *("Before", "After", "Bad�[2J"),
        *(f"Anew {number}" for number in range(5)),
    ]
    assert [line.split("  ")[-1].strip() for line in lines[:3]] == ["ok", "ok", "would be dropped: missing_identity"]
    assert tail.output.count("otel-segment: the inspector is back") == 1


def test_filters(inspector: Any) -> None:
    """--type, --state and --person choose, of what was there and of what comes; --json gives each event as it is."""
    for number in range(3):
        give(inspector.url, event=f"Old {number}")
    give(inspector.url, event="Other", userId="u-2")
    with Tail(
        *("--url", inspector.url, "--json", "--type", "track", "--type", "page", "--state", "ok"),
        *("--person", "u-1", "--last", "2"),
    ) as tail:
        tail.until("Old 2")
        give(inspector.url, event="Dropped", userId="u-1", timestamp="never")
        give(inspector.url, event="Another", userId="u-3")
        give(inspector.url, event="Identified", type="identify")
        give(inspector.url, event="New")
        tail.until("New")

    rows = [json.loads(line) for line in tail.output.splitlines()]
    assert [row["name"] for row in rows] == ["Old 1", "Old 2", "New"]
    assert {"number", "arrived", "type", "name", "person", "state", "problems"} <= rows[0].keys()


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_terminal(inspector: Any, variables: dict[str, str], coloured: bool) -> None:
    """On a terminal rows are coloured and counted at the foot; under NO_COLOR there is no colour."""
    pytest.importorskip("rich")
    with Tail("--url", inspector.url, terminal=True, **variables) as tail:
        give(inspector.url, event="Shown")
        tail.until("Shown")
        tail.until("1 events: 1 ok")

    assert bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", tail.output)) is coloured
    assert tail.code == 130


def test_forced_colour(inspector: Any) -> None:
    """Where there is no terminal there is no colour, FORCE_COLOR or not."""
    give(inspector.url, event="Shown")
    with Tail("--url", inspector.url, FORCE_COLOR="1") as tail:
        tail.until("Shown")

    assert "\x1b" not in tail.output


def test_token(capsys: pytest.CaptureFixture[str]) -> None:
    """An inspector with a token lets in whoever has it, also from the address that brings it along."""
    with live.Inspector(token="secret-token") as inspector:
        assert main(["tail", "--url", inspector.url]) == 1
        assert f"{inspector.url} wants a token; give the one" in capsys.readouterr().err
        assert main(["tail", "--url", inspector.url, "--token", "wrong"]) == 1
        assert "wants another token" in capsys.readouterr().err

        give(inspector.url, event="Shown")
        with Tail("--url", f"{inspector.url}/?token=secret-token") as tail:
            tail.until("Shown")


def test_no_inspector(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an inspector one line says how to start one, with exit code 1."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"

        code = main(["tail", "--url", url])

    assert code == 1
    told = f"otel-segment: there is no inspector at {url}: Connection refused; start one with: otel-segment inspect\n"
    assert capsys.readouterr().err == told


def test_other_server(capsys: pytest.CaptureFixture[str]) -> None:
    """A server that is no inspector is taken for none."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>" if "limit" in self.path else b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        code = main(["tail", "--url", f"127.0.0.1:{server.server_port}/"])
        server.shutdown()

    assert code == 1
    assert "what it answers is not what an inspector does" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://", "ftp://127.0.0.1", "http://[", "http://127.0.0.1:port"])
def test_wrong_address(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An address that is none has exit code 2."""
    assert main(["tail", "--url", url]) == 2
    assert f"argument --url: {url!r} is no address" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["a b", "a\nb", "\u20ac"])
def test_wrong_token(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A token that no inspector can have has exit code 2."""
    assert main(["tail", "--token", token]) == 2
    assert "argument --token: an inspector's token is letters, digits and signs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--state", "lost"], "invalid choice: 'lost'"),
        (["--last", "501"], "argument --last: 0 to 500"),
        (["--last", "all"], "argument --last: 0 to 500"),
    ],
)
def test_wrong_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are named, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(["tail", *arguments])

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "problems", "told", "grade"),
    [
        ("ok", [], "ok", 0),
        ("altered", ["invalid_timestamp"], "would be altered: invalid_timestamp", 1),
        ("duplicate", ["duplicate"], "duplicate", 1),
        ("dropped", ["missing_event"], "would be dropped: missing_event", 2),
        ("refused", ["event_too_large"], "refused: event_too_large", 2),
    ],
)
def test_states(state: str, problems: list[str], told: str, grade: int) -> None:
    """Each state has its words and its grade."""
    row = listed({"arrived": 0, "type": "track", "name": "", "person": "", "state": state, "problems": problems})

    assert (row.state, row.grade, row.person) == (told, grade, "nobody")


def test_too_many_at_once(inspector: Any) -> None:
    """What came too fast to be shown is said, from the first event on."""
    said: list[str] = []
    rows = Following(Inspector(address_of(inspector.url, None)), Wanted(), said.append).rows(10)
    assert next(rows) == []
    batch = [{"type": "track", "event": "E", "userId": "u", "messageId": f"m-{number}"} for number in range(2_000)]
    requests.post(f"{inspector.url}/v1/batch", json={"batch": batch, "writeKey": "k"}, timeout=TIMEOUT)

    shown = len(next(rows))
    rows.close()

    assert shown < 2_000
    assert said == [f"{2_000 - shown:,} events are not shown: they came too fast, or while there was no connection"]
