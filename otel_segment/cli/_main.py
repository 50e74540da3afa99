"""From the command line to a subcommand, and from its end to an exit code."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from otel_segment.cli._command import FAILED, INTERRUPTED, CommandError
from otel_segment.cli._tame import tame_line

__all__ = ["main"]

_NO_ARGUMENTS = argparse.Namespace(debug=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: The arguments, without the program's name; those of the process by default.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong command line or missing package, 130 ended by Ctrl-C.

    Raises:
        SystemExit: For ``--help``, ``--version`` and wrong arguments, as :mod:`argparse` does.
    """
    arguments = _NO_ARGUMENTS
    _write_anything()
    try:
        try:
            arguments = _parse(argv)
            return int(arguments.run(arguments))
        finally:
            _flush()
    except KeyboardInterrupt:
        if arguments.debug:
            raise
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading has gone, and needs to hear nothing.
        return FAILED
    except Exception as error:
        if arguments.debug:
            raise
        code = error.code if isinstance(error, CommandError) else FAILED
        print(f"otel-segment: {_one_line(error)}", file=sys.stderr)
        return code


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    # Here, so that a Ctrl-C while all that is loaded has its exit code, too.
    from otel_segment.cli._parser import make_parser

    words = sys.argv[1:] if argv is None else argv
    parser = make_parser(words[0] if words else None)
    arguments, strangers = parser.parse_known_args(words)
    if strangers:
        # The library would show the usage of the whole, which does not help.
        getattr(arguments, "parser", parser).error(f"unrecognized arguments: {' '.join(strangers)}")
    return arguments


def _write_anything() -> None:
    """Have what the encoding of a terminal or a pipe does not know written as its number, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    """Write what is left, so that what cannot be written is found out here, and not by the interpreter at exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        # Else it is tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _one_line(error: Exception) -> str:
    text = tame_line(str(error))
    if isinstance(error, CommandError):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"
