"""``otel-segment spool ls``: the rows, oldest first."""

import argparse
import json
import time

from otel_segment.cli._command import OK, Command
from otel_segment.cli._numbers import whole_number
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.cli.spool._words import count, moment, size
from otel_segment.spool import RowInfo

__all__ = ["LS"]

_DESCRIPTION = """\
Lists the rows of the spool, the oldest first. A row is one event or several that were written together; its number
is what "otel-segment spool show" takes.

examples:
  otel-segment spool ls
  otel-segment spool ls --limit 1000 --json

exit codes: 0 done, 1 the spool cannot be read, 2 wrong command line or folder
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folder(parser)
    parser.add_argument(
        "--limit", type=whole_number("at least 1", 1), default=50, metavar="N", help="how many rows at most (50)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")


def _run(arguments: argparse.Namespace) -> int:
    with opened(folder_of(arguments)) as spool:
        rows = spool.list_rows(arguments.limit + 1)
    now = time.time()
    for row in rows[: arguments.limit]:
        print(json.dumps(_facts(row)) if arguments.json else _line(row, now))
    if len(rows) > arguments.limit and not arguments.json:
        print(f"and more; --limit {arguments.limit * 10} shows them")
    return OK


def _facts(row: RowInfo) -> dict[str, object]:
    return row._asdict() | {"created": moment(row.created), "due": moment(row.due) if row.due else None}


def _line(row: RowInfo, now: float) -> str:
    state = "held" if row.held else f"due {moment(row.due)}" if row.due > now else "free"
    failed = f", failed {row.failures}x" if row.failures else ""
    return (
        f"{row.id}  {moment(row.created)}  {count(row.events, 'event'):>12}  {size(row.size):>8}"
        f"  {row.hint or '?'}  {row.url or '?'}  {state}{failed}"
    )


LS = Command("ls", "the rows, oldest first", _DESCRIPTION, _add_arguments, _run)
