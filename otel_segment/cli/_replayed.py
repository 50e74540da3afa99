"""What became of the events of a dead-letter file, counted and in words."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from otel_segment.cli._checks import Checked, check
from otel_segment.dead_letter import read_lines
from otel_segment.reasons import DropReason

__all__ = ["Replayed"]

_MOST_LINES = 5
_NO_EVENT = "no event"


class Replayed:
    """The events of one file.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.bytes_read = 0
        """Bytes of the lines that were looked at."""
        self.events = 0
        """Lines that were asked for."""
        self.skipped = 0
        """Lines that were not."""
        self.sendable: Counter[str] = Counter()
        """Events that can be sent, by what they were put down for."""
        self.unsendable: Counter[str] = Counter()
        """Events that cannot, by what is wrong with them."""
        self.delivered = 0
        self.undelivered: Mapping[DropReason, int] = {}
        """Events that were given up, by reason."""
        self.kept_in = ""
        """The file that those go to that are not delivered."""
        self.unkept = 0
        """Events that could not even be written there."""
        self.is_whole = False
        """Whether the file was read to its end."""
        self._lines: dict[str, list[int]] = {}

    def lines(self, reasons: Collection[str] | None) -> Iterator[Checked]:
        """Look at the lines that are asked for."""
        for letter in read_lines(self.file):
            self.bytes_read += letter.size + 1
            if reasons and letter.reason not in reasons:
                self.skipped += 1
                continue
            self.events += 1
            found = check(letter)
            self._count(found)
            yield found
        self.is_whole = True

    @property
    def is_complete(self) -> bool:
        """Whether all of the events were delivered, or would be sent."""
        return not self.unsendable and not any(self.undelivered.values())

    def forecast(self) -> Iterator[str]:
        """Say what would be sent."""
        total = sum(self.sendable.values())
        yield f"{self.file}: {self.events:,} events read, {total:,} would be sent{self._aside()}"
        yield from (f"  {reason:<24}{count:>10,}" for reason, count in self.sendable.most_common())
        yield from self._faults("would not be sent")

    def outcome(self) -> Iterator[str]:
        """Say what was sent."""
        missed = sum(self.undelivered.values()) + sum(self.unsendable.values())
        yield f"{self.file}: {self.events:,} events read, {self.delivered:,} delivered, {missed:,} not{self._aside()}"
        yield from (f"  {reason!s:<24}{count:>10,}  not delivered" for reason, count in self.undelivered.items())
        yield from self._faults("not sent")
        kept = missed - self.unkept - self.unsendable[_NO_EVENT]
        if kept:
            yield f"  {kept:,} of them went to {self.kept_in}"
        if kept < missed:
            yield f"  {missed - kept:,} of them are in {self.file} alone"
        if not self.is_whole:
            yield "  it was not read to its end; run this again: what has arrived is known by its messageId"

    def _count(self, found: Checked) -> None:
        if found.problem is None:
            self.sendable[found.letter.reason or "no reason given"] += 1
            return
        label = str(found.problem) if found.message is not None else _NO_EVENT
        self.unsendable[label] += 1
        lines = self._lines.setdefault(label, [])
        if len(lines) < _MOST_LINES:
            lines.append(found.letter.number)

    def _faults(self, verdict: str) -> Iterator[str]:
        for label, count in self.unsendable.most_common():
            shown = ", ".join(map(str, self._lines[label])) + (", ..." if count > _MOST_LINES else "")
            yield f"  {label:<24}{count:>10,}  {verdict} (line {shown})"

    def _aside(self) -> str:
        return f", {self.skipped:,} passed over" if self.skipped else ""
