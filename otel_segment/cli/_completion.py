"""``otel-segment completion``: what a shell needs to complete command lines."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from otel_segment.cli._command import OK, Command, require

__all__ = ["COMPLETION"]

_SHELLS = ("bash", "zsh", "fish")
_FOLDERS = frozenset(("FOLDER", "DIR"))
_FILES = frozenset(("FILE", "EVENTS", "-- COMMAND ..."))

_DESCRIPTION = """\
Prints a script by which a shell completes commands, options, choices and file names with the tabulator key. Print it
again after an update. It needs the package shtab: pip install 'otel-segment[completion]'.

examples:
  otel-segment completion bash \\
      > ~/.local/share/bash-completion/completions/otel-segment
  otel-segment completion zsh > ~/.zfunc/_otel-segment  # a folder in $fpath
  otel-segment completion fish > ~/.config/fish/completions/otel-segment.fish
  source <(otel-segment completion bash)  # for this session alone

exit codes: 0 done, 2 wrong command line or missing package
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=_SHELLS, help="the shell that is to read it")


def _run(arguments: argparse.Namespace) -> int:
    require("completion", ("shtab",))
    import shtab

    parser: argparse.ArgumentParser = arguments.make_parser()
    for action in _actions(parser):
        if _is_folder(action):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.type is Path or action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, arguments.shell))
    return OK


def _is_folder(action: argparse.Action) -> bool:
    return action.metavar in _FOLDERS or action.dest == "spool"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield what the commands take, all the way down."""
    for action in parser._actions:  # noqa: SLF001 - there is no public way, and shtab goes the same
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for sub in action.choices.values():
                yield from _actions(sub)


COMPLETION = Command("completion", "print a script for your shell's completion", _DESCRIPTION, _add_arguments, _run)
