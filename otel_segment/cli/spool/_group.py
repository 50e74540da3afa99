"""``otel-segment spool`` and the commands under it."""

import argparse

from otel_segment.cli._command import Command, add_commands
from otel_segment.cli.spool._drain import DRAIN
from otel_segment.cli.spool._export import EXPORT
from otel_segment.cli.spool._ls import LS
from otel_segment.cli.spool._purge import PURGE
from otel_segment.cli.spool._recover import RECOVER
from otel_segment.cli.spool._show import SHOW
from otel_segment.cli.spool._status import STATUS

__all__ = ["SPOOL"]

_COMMANDS = (STATUS, LS, SHOW, DRAIN, EXPORT, RECOVER, PURGE)

_DESCRIPTION = """\
The spool is the folder in which events wait that are not delivered yet. Applications that use it need none of these
commands: what one process leaves there the next one sends. Its folder is given by --spool, or by the setting's
variable OTEL_EXPORTER_SEGMENT_SPOOL. The commands may be used while applications use the spool.

examples:
  otel-segment spool status
  otel-segment spool ls --spool /var/spool/shop --limit 10
  otel-segment spool drain --timeout 60
  otel-segment spool export events.jsonl

exit codes: 0 done, 1 failed, 2 wrong command line, settings or folder, 130 ended by Ctrl-C: nothing is lost
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_commands(parser, _COMMANDS)


SPOOL = Command("spool", "see, send and take out what waits in the spool", _DESCRIPTION, _add_arguments)
