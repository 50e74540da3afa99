"""``otel-segment spool status``: what waits, by endpoint."""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from otel_segment.cli._command import OK, Command
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.cli.spool._words import age, count, moment, size
from otel_segment.spool import DestinationStatus

__all__ = ["STATUS"]

_DESCRIPTION = """\
Says how many events wait in the spool, for how long, and for which endpoint and source. A source is shown by the end of
its write key and by a fingerprint of it; the key itself is not in the spool. Rows are held while a running process
sends them, and not due while an endpoint has asked to wait.

examples:
  otel-segment spool status
  otel-segment spool status --json --spool /var/spool/shop

exit codes: 0 done, 1 the spool cannot be read, 2 wrong command line or folder
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folder(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def _run(arguments: argparse.Namespace) -> int:
    folder = folder_of(arguments)
    now = time.time()
    with opened(folder) as spool:
        found = spool.status(now)
    print(json.dumps(_facts(folder, found)) if arguments.json else "\n".join(_lines(folder, found, now)))
    return OK


def _facts(folder: Path, found: Sequence[DestinationStatus]) -> dict[str, object]:
    return {
        "folder": str(folder),
        "rows": sum(each.rows for each in found),
        "events": sum(each.events for each in found),
        "bytes": sum(each.bytes for each in found),
        "oldest": moment(min(each.oldest for each in found)) if found else None,
        "destinations": [each._asdict() | {"oldest": moment(each.oldest)} for each in found],
    }


def _lines(folder: Path, found: Sequence[DestinationStatus], now: float) -> Iterator[str]:
    if not found:
        yield f"{folder}: nothing waits"
        return
    events = count(sum(each.events for each in found), "event")
    oldest = age(now - min(each.oldest for each in found))
    yield f"{folder}: {events}, {size(sum(each.bytes for each in found))}, the oldest is {oldest} old"
    for each in found:
        yield f"  {each.url}  source {each.hint or '?'} ({each.source})"
        yield f"    {count(each.events, 'event')} in {count(each.rows, 'row')}, {size(each.bytes)}"
        yield f"    oldest from {moment(each.oldest)}, {age(now - each.oldest)} ago"
        if each.held:
            yield f"    {count(each.held, 'row')} held by running processes"
        if each.waiting:
            yield f"    {count(each.waiting, 'row')} not due yet"


STATUS = Command("status", "what waits, by endpoint", _DESCRIPTION, _add_arguments, _run)
