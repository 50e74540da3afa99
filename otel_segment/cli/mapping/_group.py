"""``otel-segment mapping`` and the commands under it."""

import argparse

from otel_segment.cli._command import Command, add_commands
from otel_segment.cli.mapping._check import CHECK
from otel_segment.cli.mapping._schema import SCHEMA
from otel_segment.cli.mapping._trial import TEST

__all__ = ["MAPPING"]

_COMMANDS = (CHECK, TEST, SCHEMA)

_DESCRIPTION = """\
A mapping says which events go to Segment, and as what; the setting "mapping" names its file. These commands tell
before a deployment whether it says what was meant. Nothing is sent.

examples:
  otel-segment mapping check mapping.yaml
  otel-segment mapping test mapping.yaml events.jsonl
  otel-segment mapping schema > mapping.schema.json

exit codes: 0 done, 1 there are mistakes or differences, 2 wrong command line, file or missing package
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, _COMMANDS)


MAPPING = Command("mapping", "check mapping rules, and try them on events", _DESCRIPTION, _add_arguments)
