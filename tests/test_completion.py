"""Completion by the tabulator key, in a real bash."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from otel_segment.cli import main

pytest.importorskip("shtab", reason="needs otel-segment[completion]")

# What readline does when the key is pressed, as far as the function can tell.
PRESS = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
function=$(complete -p otel-segment | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
"$function" otel-segment "${COMP_WORDS[COMP_CWORD]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def script_for(shell: str) -> str:
    """Return the script for a shell."""
    output = StringIO()
    with redirect_stdout(output):
        assert main(["completion", shell]) == 0
    return output.getvalue()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with the script for bash."""
    path = tmp_path_factory.mktemp("completion") / "otel-segment"
    path.write_text(script_for("bash"))
    return path


def press(script: Path, folder: Path, *words: str) -> list[str]:
    """Return what bash offers after some words, of which the last is not complete."""
    done = subprocess.run(
        ["bash", "--norc", "-c", PRESS, "bash", str(script), "otel-segment", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


@needs_bash
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sp"], ["spool"]),
        (["spool", "dr"], ["drain"]),
        (["send", ""], ["track", "page", "screen", "identify", "group", "alias"]),
        (["send", "track", "--us"], ["--user-id"]),
        (["send", "track", "--property", "a=b", "--pro"], ["--property"]),
        (["tail", "--state", "d"], ["duplicate", "dropped"]),
        (["replay", "--reason", "queue"], ["queue_full"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["mapping", "check", "ru"], ["rules.yaml"]),
        (["spool", "status", "--spool", "wa"], ["waiting"]),
    ],
)
def test_bash(script: Path, tmp_path: Path, words: list[str], expected: list[str]) -> None:
    """Bash completes commands, options, choices, files and folders."""
    (tmp_path / "rules.yaml").touch()
    (tmp_path / "waiting").mkdir()
    (tmp_path / "wages.txt").touch()

    assert press(script, tmp_path, *words) == expected


@needs_bash
def test_keys(script: Path) -> None:
    """In a bash that somebody types in, the tabulator key completes."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PS1": "> ", "TERM": "dumb", "COLUMNS": "200", "INPUTRC": "/dev/null"},
        start_new_session=True,
    ) as bash:
        os.close(theirs)
        os.write(ours, f"source {script}; echo rea''dy\n".encode())
        _read_until(ours, "ready")
        os.write(ours, b"otel-segment spo\tdr\t--tim\t")
        said = _read_until(ours, "--timeout")
        os.write(ours, b"\x15exit\n")
        bash.wait(30)
    os.close(ours)

    assert "otel-segment spool drain --timeout" in said


def _read_until(terminal: int, text: str) -> str:
    said, deadline = "", time.monotonic() + 30
    while text not in said:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, said
        said += os.read(terminal, 65_536).decode(errors="replace")
    return said


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell: str, tmp_path: Path) -> None:
    """The other shells get scripts with all commands, which they can read where they are installed."""
    path = tmp_path / shell
    path.write_text(script_for(shell))

    assert all(word in path.read_text() for word in ("otel-segment", "spool", "drain", "previous-id", "dropped"))
    if program := shutil.which(shell):
        subprocess.run([program, "-n", path], check=True, timeout=30)


def test_missing_package(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without shtab one line says what to install, with exit code 2."""
    monkeypatch.setitem(sys.modules, "shtab", None)

    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr().err == (
        "otel-segment: not installed: shtab; run pip install 'otel-segment[completion]'\n"
    )


def test_loaded_late() -> None:
    """No other command loads what makes the scripts."""
    code = (
        "import sys; from otel_segment.cli import main; main(['mapping', 'schema']); sys.exit('shtab' in sys.modules)"
    )

    assert (
        subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, timeout=60, check=False).returncode == 0
    )
