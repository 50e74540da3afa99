"""The whole command line as one parser."""

import argparse

from otel_segment._version import __version__
from otel_segment.cli._command import add_commands
from otel_segment.cli._help import HelpFormatter, keep_colours_to_terminals
from otel_segment.cli._table import commands

__all__ = ["make_parser"]

_EPILOG = """\
examples:
  otel-segment demo             a shop, a crowd, and the calls as they arrive
  otel-segment demo --once      the same as a check: ends by itself
  otel-segment inspect          what arrives, on a page in a browser
  otel-segment tail             the same in a terminal
  otel-segment run -- python x  a program, with its events on the way to Segment
  otel-segment doctor           why nothing arrives
  otel-segment send track --user-id u-1 --event Ping
                                one event
  otel-segment mapping check F  what is wrong with mapping rules
  otel-segment replay FILE      the events of a dead-letter file once more
  otel-segment spool status     what waits in the spool, and for whom
  otel-segment COMMAND --help   what a command takes

exit codes: 0 done, 1 failed, 2 wrong command line or missing package, 3 something is doubtful to doctor, 130 ended by
Ctrl-C
"""


def make_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """Make the parser.

    Args:
        chosen: The command that is to be run, which alone is then known; by default, and where there is no such
            command, all are.
    """
    parser = argparse.ArgumentParser(
        prog="otel-segment",
        description="Product analytics from OpenTelemetry to Segment.",
        epilog=_EPILOG,
        formatter_class=HelpFormatter,
    )
    keep_colours_to_terminals(parser)
    parser.add_argument("--version", action="version", version=f"otel-segment {__version__}")
    parser.set_defaults(debug=False, make_parser=make_parser)
    add_commands(parser, commands(chosen))
    return parser
