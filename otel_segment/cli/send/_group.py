"""``otel-segment send`` and the six calls under it."""

import argparse

from otel_segment.cli._command import Command, add_commands
from otel_segment.cli.send._calls import CALLS

__all__ = ["SEND"]

_DESCRIPTION = """\
Makes one call of product analytics and sends it through the real exporter, with the settings of the environment
(OTEL_EXPORTER_SEGMENT_..., or the file in OTEL_CONFIG_FILE): mapping, consent and limits act as in an application.
Then it says what became of the event. Neither the spool nor the dead-letter file is used. For events in a file there
is "otel-segment replay".

examples:
  otel-segment send track --user-id u-1 --event "Order Completed" \\
      --property total:=42.5 --property currency=EUR
  otel-segment send identify --user-id u-1 --trait plan=gold --dry-run
  otel-segment send page --anonymous-id a-1 --name Home --json

exit codes: 0 delivered (or would be sent, with --dry-run), 1 dropped or not delivered, 2 wrong command line or
settings, 130 ended by Ctrl-C
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, CALLS)


SEND = Command("send", "send one event, and say what became of it", _DESCRIPTION, _add_arguments)
