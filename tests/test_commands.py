"""What holds for every command and subcommand, whichever there are."""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
from privileges import unprivileged

from otel_segment.cli import _parser, main
from otel_segment.cli._command import Command, CommandError

GUIDE = Path(__file__).parent.parent / "docs" / "commands.md"
COLUMNS = 80
CODES = {0, 1, 2, 3, 126, 127, 130, 143}


class Found(NamedTuple):
    """A command, as the whole parser has it."""

    path: tuple[str, ...]
    summary: str
    parser: argparse.ArgumentParser

    @property
    def help(self) -> str:
        """Its help, without what it says of options."""
        return "\n\n".join(filter(None, (self.parser.description, self.parser.epilog)))

    @property
    def exit_codes(self) -> str:
        """What it says of its exit codes."""
        found = re.search(r"^exit codes: (.+?)(?:\n\n|\Z)", self.help, re.MULTILINE | re.DOTALL)
        return " ".join(found[1].split()) if found else ""


def commands(parser: argparse.ArgumentParser, path: tuple[str, ...] = (), summary: str = "") -> Iterator[Found]:
    """Yield a command and all that are under it."""
    yield Found(path, summary, parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, sub in action.choices.items():
                yield from commands(sub, (*path, name), summaries[name])


ALL = list(commands(_parser.make_parser()))
each = pytest.mark.parametrize("command", ALL, ids=lambda command: " ".join(command.path) or "otel-segment")


def run(*arguments: str, code: str = "sys.exit(main(sys.argv[1:]))", **streams: object) -> "subprocess.Popen[str]":
    """Start the command as a process."""
    whole = f"import sys; from otel_segment.cli import main; {code}"
    # As users have it: what is written waits until there is enough of it, or the end.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.Popen([sys.executable, "-c", whole, *arguments], text=True, env=env, **streams)  # type: ignore[call-overload,no-any-return]


@each
def test_texts(command: Found) -> None:
    """Each has a summary, a description with examples of itself, and exit codes of a closed list."""
    name = " ".join(("otel-segment", *command.path))
    codes = {int(code) for code in re.findall(r"(?<![\w.])\d+(?= [a-z])", command.exit_codes)}

    assert command.summary or not command.path
    assert re.search(rf"^examples:\n(.*\n)*?  .*{re.escape(name)}", command.help, re.MULTILINE)
    assert codes or "those of" in command.exit_codes
    assert codes <= CODES
    assert not command.help.lstrip().startswith(("examples", "exit codes"))


@pytest.mark.parametrize("words", [["doctor"], ["send", "track", "--user-id", "u", "--event", "e"], ["spool", "ls"]])
def test_unknown_options(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An option that there is not is said with the usage of the command that was given it."""
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--bogus"])

    told = capsys.readouterr().err
    name = " ".join(["otel-segment", *words[: 1 + (words[0] != "doctor")]])
    assert told.startswith(f"usage: {name} [-h]")
    assert told.endswith(f"\n{name}: error: unrecognized arguments: --bogus\n")


@each
def test_wrong_numbers(command: Found, capsys: pytest.CaptureFixture[str]) -> None:
    """What is to be a number and is none is said in words, not by a name of this program's insides."""
    for action in command.parser._actions:
        if action.option_strings and action.type not in {None, Path}:
            with pytest.raises(SystemExit, match="2"):
                command.parser.parse_args([action.option_strings[-1], "so:many"])
            assert "invalid _" not in capsys.readouterr().err


@each
def test_help(command: Found, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """--help fits 80 columns, has no colours outside of a terminal, FORCE_COLOR or not, and exit code 0."""
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("FORCE_COLOR", "1")

    with pytest.raises(SystemExit) as end:
        main([*command.path, "--help"])

    told = capsys.readouterr()
    assert (end.value.code, told.err) == (0, "")
    assert [line for line in told.out.splitlines() if len(line) > COLUMNS] == []
    assert told.out.startswith(f"usage: {' '.join(('otel-segment', *command.path))}")
    assert "\x1b" not in told.out


@each
def test_every_option_is_explained(command: Found) -> None:
    """Each option and argument says what it is for."""
    unexplained = [action.dest for action in command.parser._actions if not action.help]

    assert [name for name in unexplained if name != argparse.SUPPRESS] == []


@each
def test_wrong_option(command: Found, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option is said in one line below the usage, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main([*command.path, "--no-such-option"])

    told = capsys.readouterr()
    lines = [line for line in told.err.splitlines() if not line.startswith((" ", "usage: "))]
    assert (end.value.code, told.out, len(lines)) == (2, "", 1)
    assert lines[0].startswith("otel-segment")
    assert ": error: " in lines[0]


@each
def test_debug(command: Found) -> None:
    """Each takes --debug; only the whole is without it, which runs nothing itself."""
    assert ("--debug" in command.parser._option_string_actions) is bool(command.path)


def table() -> str:
    """Return the table of the guide, made of the parsers."""
    rows = [
        f"| `{' '.join(('otel-segment', *found.path))}` | {found.summary} | {found.exit_codes} |"
        for found in ALL
        if found.path and not found.parser._subparsers
    ]
    return "\n".join(["| Command | What it does | Exit codes |", "| --- | --- | --- |", *rows])


def test_guide() -> None:
    """The guide's table is that of the commands; where this fails, put the left side in the place of the right."""
    found = re.search(r"^\| Command \|(.+\n)+", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert found is not None
    assert table() == found[0].rstrip("\n")


def command_that(act: Callable[[], object]) -> tuple[Command]:
    """Return a table with a command that does this."""
    return (Command("act", "act", "Acts.", lambda _: None, lambda _: int(bool(act()))),)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    """Return a function that raises."""

    def act() -> NoReturn:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
        (CommandError("it is\nso", 2), 2, "otel-segment: it is so\n"),
        (PermissionError(13, "Permission denied", "f"), 1, "otel-segment: PermissionError: [Errno 13] Permission"),
        (RecursionError("too deep"), 1, "otel-segment: RecursionError: too deep (--debug shows where)\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_errors(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    told: str,
) -> None:
    """Whatever a command raises is an exit code and at most a line on the standard error; with --debug it is raised."""
    monkeypatch.setattr(_parser, "commands", lambda _: command_that(raising(error)))

    assert main(["act"]) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", bool(told))
    assert said.err.startswith(told)
    if not isinstance(error, BrokenPipeError):
        with pytest.raises(type(error)):
            main(["act", "--debug"])


def test_interrupt_while_loading(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C before the command has begun has its exit code, too."""

    class Interrupting:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "otel_segment.cli._parser":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "otel_segment.cli._parser")
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])

    assert main(["mapping", "schema"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", [["mapping", "schema"], ["--help"]])
def test_reader_gone(arguments: list[str]) -> None:
    """When nobody reads what it writes, it ends without a word, also where it wrote all of it at once."""
    reading, writing = os.pipe()
    os.close(reading)
    with run(*arguments, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        _, complaints = process.communicate(timeout=60)

    assert (process.returncode, complaints) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk() -> None:
    """What cannot be written is said once, in one line."""
    with (
        open("/dev/full", "w") as full,  # noqa: PTH123
        run("mapping", "schema", stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, complaints = process.communicate(timeout=60)

    assert process.returncode == 1
    assert complaints == "otel-segment: OSError: [Errno 28] No space left on device (--debug shows where)\n"


def test_no_output() -> None:
    """It may run without a standard output at all."""
    with run("mapping", "schema", preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE) as process:
        _, complaints = process.communicate(timeout=60)

    assert (process.returncode, complaints) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "{}"],
        ["mapping", "check", "{}"],
        ["mapping", "test", "{}", "-"],
        ["mapping", "test", "/dev/null.json", "{}"],
        ["spool", "status", "--spool", "{}"],
        ["spool", "ls", "--spool", "{}"],
        ["spool", "show", "1", "--spool", "{}"],
        ["spool", "drain", "--spool", "{}"],
        ["spool", "export", "-", "--spool", "{}"],
        ["spool", "recover", "{}", "--to", "-"],
        ["spool", "purge", "--spool", "{}"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("kind", ["missing", "unreadable", "folder"])
def test_unusable_files(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    kind: str,
) -> None:
    """A file or folder that is missing, unreadable or something else is one line on the standard error."""
    monkeypatch.setenv("SEGMENT_WRITE_KEY", "key")
    path = tmp_path / "it.json"
    main([argument.format(path) for argument in arguments])  # so that all modules are loaded
    capsys.readouterr()
    if kind == "unreadable":
        path.touch(0o000)
    elif kind == "folder":
        path.mkdir()

    with unprivileged():
        code = main([argument.format(path) for argument in arguments])

    told = capsys.readouterr()
    assert code in {1, 2}
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "Traceback" not in told.err


def test_interrupted_process(tmp_path: Path) -> None:
    """Ctrl-C in a real process that waits for its input ends it with 130 and without a traceback."""
    mapping = tmp_path / "mapping.json"
    mapping.write_text("{}")
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.stdout.reconfigure(line_buffering=True); sys.exit(main(sys.argv[1:]))"
    )
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with run("mapping", "test", str(mapping), "-", code=code, **streams) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"event_name": "Ping"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)

    assert process.returncode == 130
    assert complaints == ""


def test_loads_one_alone() -> None:
    """A command that is run does not wait for what others need."""
    code = (
        "import contextlib\n"
        "with contextlib.suppress(SystemExit): main(['run', '--help'])\n"
        "sys.exit(any(name in sys.modules for name in ('requests', 'opentelemetry.sdk', 'rich', 'starlette')))"
    )
    with run(code=f"exec({code!r})", stdout=subprocess.DEVNULL) as process:
        assert process.wait(60) == 0
