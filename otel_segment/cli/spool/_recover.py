"""``otel-segment spool recover``: what can still be read of a damaged database."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from otel_segment.cli._command import FAILED, OK, UNUSABLE, Command, CommandError
from otel_segment.cli._progress import Progress
from otel_segment.cli.spool._folder import opened
from otel_segment.cli.spool._lines import new_file
from otel_segment.cli.spool._words import count
from otel_segment.spool import Destination, SpoolError, has_spool, recover

__all__ = ["RECOVER"]

_DATABASE = "spool.db"

_DESCRIPTION = """\
Reads what SQLite can still read of a spool's database that was damaged and moved aside, and writes it to the spool in
the same folder, from where it is delivered; or to a file, with --to. FILE is left as it is. Events that were delivered
before the damage may come again: they have their messageId, by which Segment knows them.

examples:
  otel-segment spool recover /var/spool/shop/spool.db.damaged-20260102T030405Z
  otel-segment spool recover spool.db.damaged-20260102T030405Z --to events.jsonl

exit codes: 0 done, 1 nothing could be read, 2 wrong command line or file
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a database, mostly spool.db.damaged-...")
    parser.add_argument("--to", metavar="OUT", help="a file of JSON Lines that is not there yet, or -")
    parser.add_argument("--spool", type=Path, metavar="DIR", help="the spool's folder (that of FILE)")


def _run(arguments: argparse.Namespace) -> int:
    file = arguments.file.absolute()
    if not file.is_file():
        msg = f"no such file: {arguments.file}"
        raise CommandError(msg, UNUSABLE)
    folder = (arguments.spool or file.parent).absolute()
    if arguments.to is None and has_spool(folder) and (folder / _DATABASE).samefile(file):
        msg = f"{arguments.file} is the spool that is in use; to read it, give --to OUT"
        raise CommandError(msg, UNUSABLE)
    result = _Recovered()
    with Progress("recover", 0) as progress:
        for _ in _to_file(result, file, arguments.to) if arguments.to else _to_spool(result, file, folder):
            progress.show(0, count(result.events, "event"))
    if result.stray:
        print(
            f"{count(result.stray, 'event')} of them went to {_stray_name(file)}: for which source they are could not "
            "be read; otel-segment replay sends them to the one that is set",
            file=sys.stderr,
        )
    place = arguments.to or str(folder)
    print(f"{arguments.file}: {count(result.events, 'event')} could be read, and went to {place}", file=sys.stderr)
    return OK if result.events else FAILED


@dataclass(slots=True)
class _Recovered:
    """What was found.

    Attributes:
        events: All events.
        stray: Those of which the destination could not be read.
    """

    events: int = 0
    stray: int = 0


def _to_file(result: _Recovered, file: Path, target: str) -> Iterator[None]:
    with new_file(target) as out:
        for _, messages in _rows(file):
            _write_lines(out, messages)
            result.events += len(messages)
            yield


def _to_spool(result: _Recovered, file: Path, folder: Path) -> Iterator[None]:
    with opened(folder) as spool, ExitStack() as files:
        stray: BinaryIO | None = None
        for destination, messages in _rows(file):
            if destination.source:
                spool.release(spool.write(destination, [messages]))
            else:
                stray = stray or files.enter_context(new_file(_stray_name(file)))
                _write_lines(stray, messages)
                result.stray += len(messages)
            result.events += len(messages)
            yield


def _stray_name(file: Path) -> str:
    return f"{file}.jsonl"


def _rows(file: Path) -> Iterator[tuple[Destination, list[bytes]]]:
    try:
        yield from recover(file)
    except SpoolError as error:
        raise CommandError(str(error)) from error


def _write_lines(out: BinaryIO, messages: Iterable[bytes]) -> None:
    out.writelines(message + b"\n" for message in messages)


RECOVER = Command("recover", "get events out of a damaged database", _DESCRIPTION, _add_arguments, _run)
