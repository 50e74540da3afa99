"""``otel-segment spool export``: the events as JSON Lines."""

import argparse
import sys
import time
from collections.abc import Iterator

from otel_segment.cli._command import OK, Command
from otel_segment.cli._progress import Progress
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.cli.spool._lines import new_file
from otel_segment.cli.spool._words import count
from otel_segment.spool import Spool

__all__ = ["EXPORT"]

_ROWS = 200

_DESCRIPTION = """\
Writes the events of the spool to a new file, one JSON object a line, or to the standard output with "-". They stay in
the spool. "otel-segment replay FILE" sends them from there, which is of use where the spool's own machine cannot.

examples:
  otel-segment spool export events.jsonl
  otel-segment spool export - | jq -r .event | sort | uniq -c

exit codes: 0 done, 1 the spool cannot be read, 2 wrong command line, folder or file
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that is not there yet, or -")
    add_folder(parser)


def _run(arguments: argparse.Namespace) -> int:
    folder = folder_of(arguments)
    events = 0
    with opened(folder) as spool, new_file(arguments.file) as file:
        total = sum(each.events for each in spool.status(time.time()))
        with Progress("export", total) as progress:
            for messages in _rows(spool):
                file.writelines(message + b"\n" for message in messages)
                events += len(messages)
                progress.show(events, count(events, "event"))
    if arguments.file != "-":
        print(f"{arguments.file}: {count(events, 'event')}; they are in {folder} still", file=sys.stderr)
    return OK


def _rows(spool: Spool) -> Iterator[list[bytes]]:
    after = 0
    while rows := spool.list_rows(_ROWS, after):
        after = rows[-1].id
        for row in rows:
            yield spool.read_row(row.id) or []


EXPORT = Command("export", "write the events to a file", _DESCRIPTION, _add_arguments, _run)
