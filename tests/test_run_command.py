"""``otel-segment run``: a command under OpenTelemetry, as real processes."""

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from running import APPS, Server, environment

from otel_segment.cli import main
from otel_segment.cli._local_inspector import is_local
from otel_segment.inspector import LocalEndpoint

COMMAND = [sys.executable, "-m", "otel_segment", "run"]
ONE_EVENT = str(APPS / "unchanged.py")

pytestmark = pytest.mark.skipif(find_spec("opentelemetry.distro") is None, reason="needs opentelemetry-distro")


def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command, in an environment that leads nowhere."""
    env = environment("http://127.0.0.1:9", OTEL_EXPORTER_SEGMENT_DISABLED="true") | variables
    return subprocess.run(
        [*COMMAND, *arguments],
        env={name: value for name, value in env.items() if value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def show(monkeypatch: pytest.MonkeyPatch, *arguments: str, **variables: str) -> int:
    """Run the command with --show, in this process."""
    wanted = environment("") | variables
    for name in set(os.environ) - wanted.keys():
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    return main(["run", *arguments, "--show"])


def test_events_arrive() -> None:
    """A program's events go where --endpoint says, without a write key if that is local; nothing goes elsewhere."""
    with LocalEndpoint() as endpoint:
        done = run(
            *("--endpoint", endpoint.url, "--", sys.executable, ONE_EVENT),
            OTEL_EXPORTER_SEGMENT_DISABLED="",
            SEGMENT_WRITE_KEY="",
        )

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert [message["event"] for message in endpoint.received.messages] == ["Order Completed"]


@pytest.mark.parametrize("server", ["flask", "gunicorn"])
def test_servers(server: str) -> None:
    """Web servers run under it, with several workers too, and their events arrive."""
    pytest.importorskip(server)
    pytest.importorskip("flask")
    commands = {
        "flask": [sys.executable, "-m", "flask", "--app", "ran_by_command:app", "run", "--port={port}"],
        "gunicorn": [
            *(sys.executable, "-m", "gunicorn", "--workers=2", "--bind=127.0.0.1:{port}"),
            "ran_by_command:app",
        ],
    }
    with (
        LocalEndpoint() as endpoint,
        Server(*COMMAND, "--", *commands[server], env=environment(endpoint.url)) as running,
    ):
        running.ask_all(1 if server == "flask" else 2, least=4)
        asked = len(running.answers)

        assert endpoint.received.wait_for(lambda seen: len(seen.messages) >= asked, 30)
        assert {message["event"] for message in endpoint.received.messages} == {"Asked"}


def test_takes_place() -> None:
    """The command is the same process: its arguments, its exit code and its signals are its own."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        "print(os.getpid(), sys.argv[1:], flush=True)\n"
        "signal.pause()\n"
    )
    env = environment("http://127.0.0.1:9", OTEL_EXPORTER_SEGMENT_DISABLED="true")
    with subprocess.Popen(
        [*COMMAND, "--", sys.executable, "-c", code, "--debug", "--", "a b"], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        ended = process.wait(60)

    assert told == f"{process.pid} ['--debug', '--', 'a b']\n"
    assert ended == 9


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sh", "-c", "exit 3"], 3),
        # What reads has gone: without the signal it would complain, and end otherwise.
        (["--", "sh", "-c", "kill -PIPE $$; exit 4"], -signal.SIGPIPE),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    """However the command ends, so it ended."""
    done = run(*arguments)

    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize(
    ("name", "code", "complaint"),
    [
        ("nosuch-command", 127, "nosuch-command: there is no such command"),
        ("./nosuch", 127, "./nosuch: there is no such command"),
        ("./plain", 126, "plain: it cannot be executed"),
        (".", 127, ".: there is no such command"),
        ("./", 126, "./: it cannot be executed"),
    ],
)
def test_impossible_commands(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: int,
    complaint: str,
) -> None:
    """A command that does not exist gives 127, one that cannot be executed 126, each in one line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("no program\n")

    assert main(["run", "--", name]) == code
    assert capsys.readouterr().err == f"otel-segment: {complaint}\n"


def test_no_program(tmp_path: Path) -> None:
    """What may be executed and is no program gives 126, in one line."""
    path = tmp_path / "garbage"
    path.write_text("no program\n")
    path.chmod(0o755)

    done = run("--", str(path))

    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr == f"otel-segment: {path}: it cannot be executed: Exec format error\n"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"LOGS": "segment", "TRACES": "none", "METRICS": "none"}),
        ({"OTEL_LOGS_EXPORTER": "segment,console"}, {"TRACES": "none", "METRICS": "none"}),
        ({"OTEL_TRACES_EXPORTER": "segment", "OTEL_METRICS_EXPORTER": " "}, {"LOGS": "segment", "METRICS": "none"}),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"},
            {"LOGS": "segment,otlp", "TRACES": "otlp", "METRICS": "otlp"},
        ),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"},
            {"LOGS": "segment", "TRACES": "otlp", "METRICS": "none"},
        ),
        ({"OTEL_CONFIG_FILE": "otel.yaml"}, {}),
    ],
)
def test_exporters(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    expected: dict[str, str],
) -> None:
    """A signal that nobody configured gets an exporter or none; what is set is left as it is."""
    code = show(monkeypatch, **variables)

    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    assert code == 0
    assert lines == [f"OTEL_{signal}_EXPORTER={value}" for signal, value in expected.items()]


def test_show_masks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """--show tells what is set already, too, with secrets masked, and runs nothing."""
    secrets = {
        "OTEL_EXPORTER_SEGMENT_WRITE_KEY": "s3cret-write-key",
        "OTEL_EXPORTER_SEGMENT_PRIVACY_SALT": "s3cret-salt",
        "OTEL_EXPORTER_SEGMENT_HEADERS": "x=s3cret-header",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:s3cret-password@collector:4318",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "user:s3cret/p@ssword@collector:4318",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1?key=s3cret",
        "OTEL_RESOURCE_ATTRIBUTES": "team=a,note=s3cret-write-key",
    }

    code = show(monkeypatch, "--inspect", **secrets)

    told = capsys.readouterr().out
    assert (code, "s3cret" in told) == (0, False)
    assert "OTEL_EXPORTER_SEGMENT_ENDPOINT=http://127.0.0.1:8765\n" in told
    assert "# set already: OTEL_EXPORTER_SEGMENT_WRITE_KEY=***\n" in told
    assert "# set already: OTEL_EXPORTER_OTLP_ENDPOINT='http://***@collector:4318'\n" in told
    assert "# set already: OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=***@collector:4318\n" in told
    assert "WRITE_KEY=local" not in told


def test_wrong_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    """An address that cannot be one is a wrong command line; nothing is run, and what stands in it is not repeated."""
    assert main(["run", "--endpoint", "http://s3cret:@elsewhere.example", "--", "echo", "here"]) == 2
    told = capsys.readouterr()
    assert (told.out, "s3cret" in told.err) == ("", False)
    assert told.err.startswith("otel-segment: argument --endpoint: it has a user name or password; leave both out")


def test_doubts() -> None:
    """Where nothing would go to Segment a line each says why, and the command runs all the same."""
    variables = {"OTEL_LOGS_EXPORTER": "console", "SEGMENT_WRITE_KEY": "", "OTEL_EXPORTER_SEGMENT_DISABLED": ""}

    done = run("--", "echo", "here", **variables)

    assert (done.returncode, done.stdout) == (0, "here\n")
    name, key = done.stderr.splitlines()
    assert name.startswith("otel-segment: warning: OTEL_LOGS_EXPORTER=console does not name segment, so nothing goes")
    assert key.startswith("otel-segment: warning: ")
    assert "write_key: not set" in key


def test_config_file(tmp_path: Path) -> None:
    """With OTEL_CONFIG_FILE the file decides alone, and an endpoint that is given besides is doubted."""
    if find_spec("opentelemetry.configuration") is None:
        pytest.skip("needs opentelemetry-configuration")
    path = tmp_path / "otel.yaml"
    with LocalEndpoint() as endpoint:
        exporter = {"segment": {"endpoint": endpoint.url, "write_key": "wk-from-the-file"}}
        processors = [{"batch": {"exporter": exporter}}]
        path.write_text(json.dumps({"file_format": "1.0", "logger_provider": {"processors": processors}}))

        done = run(
            *("--inspect", "--", sys.executable, ONE_EVENT),
            OTEL_EXPORTER_SEGMENT_DISABLED="",
            SEGMENT_WRITE_KEY="",
            OTEL_CONFIG_FILE=str(path),
        )

        assert done.returncode == 0
        assert "--endpoint counts only where the file in OTEL_CONFIG_FILE names no endpoint" in done.stderr
        assert len(endpoint.received.messages) == 1


def test_missing_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without opentelemetry-distro one line says what to install, with exit code 2."""
    monkeypatch.setitem(sys.modules, "opentelemetry.distro", None)

    code = main(["run", "--", "true"])

    assert code == 2
    assert "run pip install 'otel-segment[auto]'" in capsys.readouterr().err


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command there is nothing to run, which has exit code 2."""
    assert main(["run"]) == 2
    assert capsys.readouterr().err == "otel-segment: run: say what to run, as in: otel-segment run -- python app.py\n"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8765", True),
        ("localhost:8765", True),
        ("http://[::1]:1/v1", True),
        ("http://127.0.0.1.example.com", False),
        ("https://api.segment.io", False),
        ("http://[", False),
    ],
)
def test_local_addresses(url: str, expected: bool) -> None:
    """An address is local when it is this machine's own."""
    assert is_local(url) is expected
