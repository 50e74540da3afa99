"""``otel-segment spool drain``: what waits is sent now."""

import argparse
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from otel_segment.cli._command import FAILED, OK, Command
from otel_segment.cli._courier import TICK, settings_of_environment
from otel_segment.cli._interrupts import Interrupts
from otel_segment.cli._numbers import number
from otel_segment.cli._progress import Progress
from otel_segment.cli.spool._adoption import adopt
from otel_segment.cli.spool._folder import add_folder, folder_of, opened
from otel_segment.cli.spool._words import count
from otel_segment.delivery import Delivery
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.spool import Destination, DestinationStatus, Spool

__all__ = ["DRAIN"]

_UNBOUNDED = 2**62
_LOOK_SECONDS = 0.5
_QUIET_LOOKS = 3
"""How often in a row nothing must be left to do; what was left for another address takes longer to be claimed."""

_DESCRIPTION = """\
Sends what waits in the spool for the endpoint and the write key that the environment gives
(OTEL_EXPORTER_SEGMENT_...), and ends when nothing is left that no running process holds. It goes on through outages
until --timeout. What the endpoint refuses for good goes to the dead-letter file that is set, else to dead-letter.jsonl
in the spool's folder. Age is no obstacle here: spool_max_age is not applied.

Events for another write key stay where they are. With --source they are sent to the present one instead: after a key
was changed, or when a wrong one had been set.

examples:
  otel-segment spool drain
  otel-segment spool drain --timeout 60
  otel-segment spool drain --source 9f86d081884c7d65

exit codes: 0 all of it was delivered, 1 some of it was not, 2 wrong command line, settings or folder, 130 ended by
Ctrl-C: what is not delivered is in the spool still
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folder(parser)
    parser.add_argument(
        "--timeout",
        type=number("more than 0 seconds", lambda seconds: seconds > 0),
        metavar="SECONDS",
        help="end after so many seconds at the latest",
    )
    parser.add_argument("--source", metavar="SOURCE", help='send what is for this other source, as "status" shows it')
    parser.add_argument("--yes", action="store_true", help="do not ask, with --source")


def _run(arguments: argparse.Namespace) -> int:
    folder = folder_of(arguments)
    settings = _with_spool(settings_of_environment(), folder)
    destination = Destination.of(settings.url, settings.write_key)
    with opened(folder) as spool:
        spool.free_orphans()
        if arguments.source is not None:
            adopt(spool, arguments.source, destination, spool.status(time.time()), yes=arguments.yes)
        drain = _Drain(spool, destination, settings)
        try:
            drain.run(math.inf if arguments.timeout is None else arguments.timeout)
        finally:
            # After a Ctrl-C, too.
            print("\n".join(drain.outcome()), flush=True)
        return OK if drain.is_complete else FAILED


def _with_spool(settings: Settings, folder: Path) -> Settings:
    return replace(
        settings,
        spool=str(folder),
        spool_max_age=math.inf,
        durable=False,
        dead_letter=settings.dead_letter or str(folder / "dead-letter.jsonl"),
        dead_letter_max_bytes=_UNBOUNDED,
    )


class _Drain:
    """Waits for delivery to send what is in the spool, which it does by itself.

    Args:
        spool: The spool.
        destination: Whose events.
        settings: The settings.
    """

    def __init__(self, spool: Spool, destination: Destination, settings: Settings) -> None:
        self._spool = spool
        self._destination = destination
        self._settings = settings
        self._refused: Counter[DropReason] = Counter()
        self._delivered = 0
        self._lost = 0
        self._quiet = 0

    @property
    def is_complete(self) -> bool:
        """Whether everything was delivered that no running process holds."""
        return not self._refused and not any(each.rows > each.held for each in self._own())

    def run(self, timeout: float) -> None:
        """Wait until nothing is left, or the time is over."""
        total = sum(each.events for each in self._own())
        if not total:
            return
        deadline = time.monotonic() + timeout
        with Progress("drain", total) as progress, Interrupts() as interrupts:
            delivery = Delivery(
                replace(self._settings, on_dropped=self._note, on_delivered=None), "segment_drain", "log"
            )
            looked = time.monotonic()
            try:
                while time.monotonic() < deadline and self._quiet < _QUIET_LOOKS:
                    time.sleep(TICK)
                    interrupts.check()
                    self._delivered = delivery.stats().delivered
                    progress.show(self._delivered, f"{self._delivered:,} of {count(total, 'event')} delivered")
                    if time.monotonic() - looked >= _LOOK_SECONDS:
                        looked = time.monotonic()
                        self._look(is_settled=delivery.stats().settled)
            finally:
                delivery.shutdown()
                self._delivered = delivery.stats().delivered
                self._lost = sum(delivery.stats().dropped.values())

    def outcome(self) -> Iterator[str]:
        """Say what has become of the events."""
        yield f"{self._settings.spool}: {count(self._delivered, 'event')} delivered"
        refused = sum(self._refused.values())
        if refused > self._lost:
            yield f"  {count(refused - self._lost, 'event')} refused, now in {self._settings.dead_letter}"
        if self._lost:
            yield f"  {count(self._lost, 'event')} refused and lost: {self._settings.dead_letter} cannot be written"
        for each in self._spool.status(time.time()):
            yield f"  {count(each.events, 'event')} left, {self._why(each)}"

    def _why(self, each: DestinationStatus) -> str:
        if each.source != self._destination.source:
            return f"for source {each.hint or '?'}; to send them here: --source {each.source}"
        if each.held == each.rows:
            return "held by running processes, which send them"
        if each.url != self._destination.url:
            return f"for {each.url}; to send them here: --source {each.source}"
        return "which could not be delivered yet"

    def _look(self, *, is_settled: bool) -> None:
        free = [each for each in self._own() if each.rows > each.held]
        # What is for another address of the same source is sent first, unless a running process sends there.
        is_done = all(each.url != self._destination.url and not each.waiting for each in free)
        self._quiet = self._quiet + 1 if is_done and is_settled else 0
        if not free and is_settled:
            self._quiet = max(self._quiet, _QUIET_LOOKS - 1)

    def _own(self) -> list[DestinationStatus]:
        return [each for each in self._spool.status(time.time()) if each.source == self._destination.source]

    def _note(self, reason: DropReason, messages: list[dict[str, Any]]) -> None:
        self._refused[reason] += len(messages)


DRAIN = Command("drain", "send what waits", _DESCRIPTION, _add_arguments, _run)
