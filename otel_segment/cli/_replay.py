"""``otel-segment replay``: the events of a dead-letter file once more."""

import argparse
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from otel_segment._clock import SYSTEM_CLOCK
from otel_segment.cli._checks import Checked
from otel_segment.cli._command import FAILED, OK, UNUSABLE, Command, CommandError
from otel_segment.cli._courier import Courier, settings_of_environment
from otel_segment.cli._interrupts import Interrupts
from otel_segment.cli._progress import Progress
from otel_segment.cli._replayed import Replayed
from otel_segment.dead_letter import DeadLetter
from otel_segment.delivery import Stats
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.wire import decode_message

__all__ = ["REPLAY"]

_UNBOUNDED = 2**62
_MOST_FAILURES = 5_000

_DESCRIPTION = """\
Sends the events of dead-letter files again, to the endpoint and with the write key that the environment gives
(OTEL_EXPORTER_SEGMENT_...). Each event is checked first by Segment's own rules. Message ids and timestamps stay, so
that Segment knows an event again that it has already. A file of events alone, as "otel-segment spool export" writes it,
will do as well.

FILE is left as it is. What could not be delivered is written to the dead-letter file that is set
(OTEL_EXPORTER_SEGMENT_DEAD_LETTER) or, where none is set or it is FILE itself, to FILE.failed. An application may go
on writing to FILE in the meantime; what it adds is not read.

examples:
  otel-segment replay dead.jsonl --dry-run
  otel-segment replay dead.jsonl
  otel-segment replay dead.jsonl.2 dead.jsonl.1 dead.jsonl \\
      --reason retries_exhausted --reason queue_full

exit codes: 0 all of it was delivered (or would be sent, with --dry-run), 1 some of it was not, 2 wrong command line or
settings, 130 ended by Ctrl-C: everything is in FILE still, so that the command may be run again
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a dead-letter file, rotated ones too")
    parser.add_argument("--dry-run", action="store_true", help="check the events and count them, send nothing")
    parser.add_argument(
        "--reason",
        action="append",
        choices=[str(reason) for reason in DropReason],
        metavar="REASON",
        help="only events that were put down for it, such as rejected; may be given several times",
    )


def _run(arguments: argparse.Namespace) -> int:
    for file in arguments.files:
        _check_file(file)
    settings = None if arguments.dry_run else settings_of_environment()
    complete = [_replay(file, arguments, settings) for file in arguments.files]
    return OK if all(complete) else FAILED


def _replay(file: Path, arguments: argparse.Namespace, settings: Settings | None) -> bool:
    result = Replayed(file)
    if settings is None:
        _look(result, arguments.reason)
        print("\n".join(result.forecast()), flush=True)
        return result.is_complete
    try:
        _send(result, arguments.reason, _with_dead_letter(settings, file, arguments.files))
    finally:
        # After a Ctrl-C, too.
        print("\n".join(result.outcome()), flush=True)
    return result.is_complete


def _check_file(file: Path) -> None:
    try:
        with file.open("rb"):
            is_file = file.is_file()
    except OSError as error:
        msg = f"cannot read {file}: {error.strerror}"
        raise CommandError(msg, UNUSABLE) from error
    if not is_file:
        msg = f"cannot read {file}: not a regular file"
        raise CommandError(msg, UNUSABLE)


def _with_dead_letter(settings: Settings, file: Path, files: Collection[Path]) -> Settings:
    """Return settings of which the dead-letter file is not read here, and never sheds its oldest part."""
    target = settings.dead_letter
    if target is None or any(Path(target).exists() and Path(target).samefile(other) for other in files):
        target = f"{file}.failed"
    return replace(settings, dead_letter=target, dead_letter_max_bytes=_UNBOUNDED)


def _look(result: Replayed, reasons: Collection[str] | None) -> None:
    with Progress(result.file.name, result.file.stat().st_size) as progress:
        for _ in result.lines(reasons):
            progress.show(result.bytes_read, f"{result.events:,} events")


def _send(result: Replayed, reasons: Collection[str] | None, settings: Settings) -> None:
    result.kept_in = settings.dead_letter or ""
    with Progress(result.file.name, result.file.stat().st_size) as progress, Interrupts() as interrupts:

        def tick(stats: Stats) -> None:
            progress.show(result.bytes_read, f"{stats.delivered:,} delivered")
            interrupts.check()

        courier = Courier(settings, tick)
        try:
            with courier:
                for found in result.lines(reasons):
                    interrupts.check()
                    _check_hope(courier)
                    if found.problem is None and found.message is not None:
                        courier.send(found.message)
                    else:
                        result.unkept += not _put_down(found, result.kept_in)
                courier.finish()
        finally:
            result.delivered = courier.stats.delivered
            result.unkept += sum(courier.stats.dropped.values())
            result.undelivered = courier.undelivered


def _check_hope(courier: Courier) -> None:
    """Stop where nothing at all arrives: else the whole of a large file would be written down again."""
    if sum(courier.undelivered.values()) >= _MOST_FAILURES and not courier.stats.delivered:
        msg = f"the endpoint has accepted none of {_MOST_FAILURES:,} events, so no more were sent; check the settings"
        raise CommandError(msg)


def _put_down(found: Checked, target: str) -> bool:
    """Write an event that is not sent to the dead-letter file; a line that holds none stays where it is."""
    if found.problem is None or found.message is None:
        return True
    dead_letter = DeadLetter(target, _UNBOUNDED)
    message = decode_message(found.message)
    return dead_letter.write(found.reason, [message], 0, found.problem.sentence, SYSTEM_CLOCK.time())


REPLAY = Command("replay", "send the events of a dead-letter file again", _DESCRIPTION, _add_arguments, _run)
