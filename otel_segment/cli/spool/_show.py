"""``otel-segment spool show``: the events of a row."""

import argparse
import json

from otel_segment.cli._command import FAILED, OK, Command, CommandError
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.wire import decode_message

__all__ = ["SHOW"]

_DESCRIPTION = """\
Shows the events of one row, as they will be sent.

examples:
  otel-segment spool show 1764460800000000
  otel-segment spool show 1764460800000000 --json

exit codes: 0 done, 1 there is no such row, or the spool cannot be read, 2 wrong command line or folder
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=int, metavar="ID", help='the number of a row, from "otel-segment spool ls"')
    add_folder(parser)
    parser.add_argument("--json", action="store_true", help="one event a line, for programs")


def _run(arguments: argparse.Namespace) -> int:
    folder = folder_of(arguments)
    with opened(folder) as spool:
        messages = spool.read_row(arguments.id)
    if messages is None:
        msg = f"no row {arguments.id} in {folder}: it has been delivered, or never was there"
        raise CommandError(msg)
    for message in messages:
        shown = message.decode("utf-8", "replace")
        print(shown if arguments.json else json.dumps(decode_message(message), indent=2, ensure_ascii=False))
    return OK if messages else FAILED


SHOW = Command("show", "the events of a row", _DESCRIPTION, _add_arguments, _run)
