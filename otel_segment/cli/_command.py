"""What a subcommand is, and how it fails."""

import argparse
import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from otel_segment.cli._help import HelpFormatter, keep_colours_to_terminals

__all__ = ["FAILED", "INTERRUPTED", "OK", "UNUSABLE", "Command", "CommandError", "add_commands", "require"]

OK = 0
"""It did what it was asked to."""
FAILED = 1
"""It could not, or what it checks does not hold."""
UNUSABLE = 2
"""The command line or the installation is at fault."""
INTERRUPTED = 130
"""It was ended by Ctrl-C before it had done what it was asked to."""


class CommandError(Exception):
    """What is said in one line on the standard error before the command ends.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand.

    Attributes:
        name: What it is called by.
        summary: One line for the list of commands.
        description: What it does and how it ends, for its own help.
        add_arguments: Says what it takes.
        run: Does it; returns the exit code. ``None`` where its arguments are subcommands, which run themselves.
    """

    name: str
    summary: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int] | None = None


def add_commands(parser: argparse.ArgumentParser, commands: Iterable[Command]) -> None:
    """Let a parser take subcommands."""
    choices = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        sub = choices.add_parser(
            command.name, help=command.summary, description=command.description, formatter_class=HelpFormatter
        )
        keep_colours_to_terminals(sub)
        # Without a default: one that was given further left stays.
        sub.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )
        command.add_arguments(sub)
        if command.run is not None:
            sub.set_defaults(run=command.run, parser=sub)


def require(extra: str, modules: tuple[str, ...]) -> None:
    """Check that the packages of an extra are there.

    Args:
        extra: The name of the extra.
        modules: The modules that it brings.

    Raises:
        CommandError: If one is missing, with the way to install it.
    """
    missing = [module for module in modules if not _installed(module)]
    if missing:
        msg = f"not installed: {', '.join(missing)}; run pip install 'otel-segment[{extra}]'"
        raise CommandError(msg, UNUSABLE)


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
