"""From the command line to a subcommand, and from its end to an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

from otel_segment._version import __version__
from otel_segment.cli._command import FAILED, INTERRUPTED, Command, CommandError, add_commands
from otel_segment.cli._demo import DEMO
from otel_segment.cli._replay import REPLAY
from otel_segment.cli.mapping import MAPPING
from otel_segment.cli.spool import SPOOL

__all__ = ["main"]

_COMMANDS: tuple[Command, ...] = (DEMO, MAPPING, REPLAY, SPOOL)

_EPILOG = """\
examples:
  otel-segment demo             a small shop, a crowd of visitors, and the Segment calls as they arrive
  otel-segment demo --once      the same as a check: ends by itself, exit code 0 when nothing was lost
  otel-segment mapping check F  what is wrong with mapping rules, if anything is
  otel-segment replay FILE      the events of a dead-letter file once more
  otel-segment spool status     what waits in the spool, and for which endpoint
  otel-segment COMMAND --help   what a command takes

exit codes: 0 done, 1 failed, 2 wrong command line or missing package, 130 ended by Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: The arguments, without the program's name; those of the process by default.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong command line or missing package, 130 ended by Ctrl-C.

    Raises:
        SystemExit: For ``--help``, ``--version`` and wrong arguments, as :mod:`argparse` does.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading has gone; the interpreter must not find that out again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if arguments.debug:
            raise
        code = error.code if isinstance(error, CommandError) else FAILED
        print(f"otel-segment: {_one_line(error)}", file=sys.stderr)
        return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="otel-segment",
        description="Product analytics from OpenTelemetry to Segment.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"otel-segment {__version__}")
    parser.set_defaults(debug=False)
    add_commands(parser, _COMMANDS)
    return parser


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, CommandError):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"
