"""The command: its help, its exit codes and how it fails."""

import socket
import subprocess
import sys

import pytest

from otel_segment import __version__
from otel_segment.cli import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process."""
    command = [sys.executable, "-m", "otel_segment", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def test_version() -> None:
    """--version says the version and nothing else."""
    done = run("--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"otel-segment {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows examples and exit codes."""
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 0
    assert "examples:\n  otel-segment demo" in (told := capsys.readouterr().out)
    assert "exit codes:" in told


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["demo", "--fly"], "unrecognized arguments: --fly"),
        (["demo", "--visitors", "0"], "argument --visitors: at least 1"),
        (["demo", "--visitors", "many"], "argument --visitors"),
        (["demo", "--port", "70000"], "argument --port: a port is 0 to 65535"),
    ],
)
def test_wrong_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are named on the standard error, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("module", ["rich", "flask", "waitress"])
def test_missing_extra(module: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of the extra, one line says what to install, with exit code 2."""
    monkeypatch.setitem(sys.modules, module, None)

    code = main(["demo", "--once"])

    assert code == 2
    assert capsys.readouterr().err == (f"otel-segment: not installed: {module}; run pip install 'otel-segment[demo]'\n")


def test_missing_namespace(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package inside a namespace is missing just as well."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for module in [name for name in sys.modules if name.startswith(("opentelemetry.distro", "opentelemetry.inst"))]:
        monkeypatch.delitem(sys.modules, module)

    code = main(["demo", "--once"])

    assert code == 2
    assert "opentelemetry.distro, opentelemetry.instrumentation" in capsys.readouterr().err


def test_failure() -> None:
    """What goes wrong is one line on the standard error and exit code 1; --debug shows the traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        plain, debug = run("demo", "--once", "--port", port), run("demo", "--once", "--debug", "--port", port)

    assert (plain.returncode, debug.returncode) == (1, 1)
    assert plain.stderr.startswith("otel-segment: the shop did not start: ")
    assert plain.stderr.count("\n") == 1
    assert "Traceback" in debug.stderr


def test_unexpected_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody thought of is one line too, which says how to see more."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    code = main(["demo", "--once"])

    assert code == 1
    assert capsys.readouterr().err.startswith("otel-segment: FileNotFoundError: ")
    with pytest.raises(FileNotFoundError):
        main(["demo", "--once", "--debug"])


def test_reader_gone() -> None:
    """When nobody reads its output any more the command ends without a traceback."""
    command = [sys.executable, "-m", "otel_segment", "demo", "--once", "--visitors", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()
        process.wait(60)

    assert (process.returncode, complaints) == (1, b"")
