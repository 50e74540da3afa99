"""``otel-segment inspect`` as a process: what it says, what it serves, and how it ends."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from inspecting import TIMEOUT, track
from running import unmeasured

from otel_segment.cli import main

# Under some runners Ctrl-C is ignored, and a child inherits that.
COMMAND = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from otel_segment.cli import main
sys.exit(main(sys.argv[1:]))
"""


@contextmanager
def inspecting(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command, and yield it with what it said before the first empty line."""
    command = [sys.executable, "-c", COMMAND, "inspect", "--port", "0", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured()
    ) as process:
        assert process.stdout is not None
        try:
            lines = []
            while not (line := process.stdout.readline()).startswith("Ctrl-C"):
                assert line, process.communicate()
                lines.append(line)
            yield process, "".join(lines)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_of_it(tmp_path: Path, number: signal.Signals) -> None:
    """It names its page and endpoint, takes in events, ends by Ctrl-C with exit code 0, and has all when it returns."""
    file = tmp_path / "events.db"
    options = ("--store", str(file), "--keep", "5", "--fault", "latency=1ms", "--fault", "status=503,share=0.0001")
    with inspecting(*options) as (process, said):
        (url,) = re.findall(r"^endpoint +(\S+)$", said, re.MULTILINE)
        assert f"page      {url}/\n" in said
        assert f"curl -u my-key: {url}/v1/track" in said
        assert "faults    latency=1ms; status=503,share=0.0001\n" in said
        for each in range(8):
            requests.post(f"{url}/v1/batch", json={"batch": [track(each)]}, auth=("k", ""), timeout=TIMEOUT)
        process.send_signal(number)
        rest, complaints = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, rest.strip(), complaints) == (0, "", "")

    with inspecting("--store", str(file)) as (_, said):
        assert "events.db, 5 events so far\n" in said


def test_token() -> None:
    """On all addresses it needs a token, and prints the address with it."""
    with inspecting("--host", "0.0.0.0", "--token", "a/b", "--write-key", "right") as (_, said):
        assert "curl -u YOUR_WRITE_KEY: " in said
        (page,) = re.findall(r"^page +(\S+)$", said, re.MULTILINE)
        assert page.endswith("/?token=a%2Fb")
        with requests.Session() as browser:
            browser.trust_env = False
            assert browser.get(page, headers={"Accept": "text/html"}, timeout=TIMEOUT).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 lets others see what arrives: give --token SECRET as well"),
        (["--host", "::"], "--host :: lets others see what arrives"),
        (["--token", ""], "the token is empty: give --token a text, or leave it out"),
        (["--write-key", ""], "the write key is empty: give --write-key a text, or leave it out"),
        (["--token", "a b"], "the token cannot stand in a header"),
        (["--fault", "foo=1"], "fault 'foo=1': there is no foo; use status, retry_after"),
        (["--forward", "segment"], "segment is no address to pass events on to: write it like https://"),
        (["--store", "/nowhere/events.db"], "/nowhere/events.db cannot be opened: is its folder there"),
        (["--host", "192.0.2.1", "--token", "t"], "cannot listen on 192.0.2.1 port 0"),
        (["--host", "no.such.name.invalid", "--token", "t"], "cannot listen on no.such.name.invalid port 0"),
    ],
)
def test_wrong_options(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with the options is said in one line with the cure, and the exit code is 2."""
    code = main(["inspect", "--port", "0", *arguments])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err.startswith(f"otel-segment: {sentence}")
    assert told.err.count("\n") == 1


def test_port_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken is said so, with the cure."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["inspect", "--port", str(port)])

    assert code == 2
    assert capsys.readouterr().err == (
        f"otel-segment: 127.0.0.1 port {port} is taken, by another inspector perhaps: "
        "give another --port, or --port 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "70000"], "a port is 0 to 65535"),
        (["--port", "http"], "a port is 0 to 65535"),
        (["--keep", "0"], "1 to 10000000 events"),
        (["--keep", "1e5"], "1 to 10000000 events"),
    ],
)
def test_wrong_numbers(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers that cannot be are refused."""
    with pytest.raises(SystemExit) as error:
        main(["inspect", *arguments])

    assert error.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_extra_missing(module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the packages of the extra, the way to install it is named."""
    monkeypatch.setattr("otel_segment.cli._command._installed", lambda name: name != module)

    code = main(["inspect"])

    assert code == 2
    told = capsys.readouterr().err
    assert told == f"otel-segment: not installed: {module}; run pip install 'otel-segment[inspector]'\n"
