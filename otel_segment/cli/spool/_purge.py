"""``otel-segment spool purge``: what waits is thrown away."""

import argparse
import math
import time

from otel_segment.cli._command import FAILED, OK, Command
from otel_segment.cli._numbers import number
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.cli.spool._words import confirmed, count

__all__ = ["PURGE"]

_DAY = 24 * 60 * 60

_DESCRIPTION = """\
Deletes events from the spool for good, after asking. Rows that a running process holds stay. To have the events in a
file first, see "otel-segment spool export".

examples:
  otel-segment spool purge --older-than 3
  otel-segment spool purge --endpoint https://old.example.com/v1/batch --yes

exit codes: 0 done, 1 the answer was no, 2 wrong command line or folder, or nobody to ask and no --yes
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folder(parser)
    parser.add_argument(
        "--older-than",
        type=number("a number of days, 0 or more", lambda days: 0 <= days < math.inf),
        metavar="DAYS",
        help="only what was written so many days ago",
    )
    parser.add_argument("--endpoint", metavar="URL", help='only what is for this address, as "status" shows it')
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _run(arguments: argparse.Namespace) -> int:
    folder = folder_of(arguments)
    now = time.time()
    before = None if arguments.older_than is None else now - arguments.older_than * _DAY
    with opened(folder) as spool:
        events = sum(each.events for each in spool.status(now) if arguments.endpoint in {None, each.url})
        what = f"{count(events, 'event')} in {folder}" + (f" for {arguments.endpoint}" if arguments.endpoint else "")
        if before is not None:
            what = f"what is older than {arguments.older_than:g} days of {what}"
        if not confirmed(f"Delete {what}, for good?", yes=arguments.yes):
            print("nothing was deleted")
            return FAILED
        print(f"deleted {count(spool.purge(arguments.endpoint, before), 'event')}")
    return OK


PURGE = Command("purge", "throw away what waits", _DESCRIPTION, _add_arguments, _run)
