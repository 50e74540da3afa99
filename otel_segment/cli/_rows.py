"""An event that arrived, as a row of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from otel_segment.cli._tame import tame
from otel_segment.inspector import Received

__all__ = ["COLOURS", "LETTERS", "Row", "listed", "row"]

LETTERS = {"track": "T", "page": "P", "screen": "S", "identify": "I", "group": "G", "alias": "A"}
COLOURS = {
    "track": "green",
    "page": "blue",
    "screen": "cyan",
    "identify": "magenta",
    "group": "yellow",
    "alias": "red",
}
_GRADES = {"ok": 0, "altered": 1, "duplicate": 1}
_WORDS = {"altered": "would be altered", "dropped": "would be dropped"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, as text without anything that a terminal would obey.

    Attributes:
        time: When the event arrived, local time with milliseconds.
        type: The Segment call.
        name: The event, the page or the screen.
        person: The userId, else the anonymousId.
        state: What Segment would do with it.
        grade: 0 when it would keep it, 1 when it came before or would be altered, 2 when it would be dropped.
    """

    time: str
    type: str
    name: str
    person: str
    state: str
    grade: int

    @property
    def letter(self) -> str:
        """One letter for the type, ``?`` where it has none."""
        return LETTERS.get(self.type, "?")

    @property
    def line(self) -> str:
        """The row as one line of text."""
        return f"{self.time}  {self.letter} {self.type:<8}  {self.name:<24}  {self.person:<18}  {self.state}".rstrip()


def row(event: Received) -> Row:
    """Describe an event that arrived."""
    message = event.message
    name = message.get("event") or message.get("name") or message.get("groupId") or message.get("previousId") or ""
    state, grade = _state(event)
    return Row(
        _time(event.arrived),
        _tamed(event.type, 8),
        _tamed(name, 24),
        _tamed(message.get("userId") or message.get("anonymousId") or "nobody", 18),
        state,
        grade,
    )


def listed(fields: Mapping[str, Any]) -> Row:
    """Describe an event as an inspector lists it."""
    state = fields["state"]
    word = _WORDS.get(state, state)
    problems = "" if state in {"ok", "duplicate"} else ", ".join(fields["problems"])
    return Row(
        _time(fields["arrived"] / 1_000),
        _tamed(fields["type"], 8),
        _tamed(fields["name"], 24),
        _tamed(fields["person"] or "nobody", 18),
        _tamed(f"{word}: {problems}" if problems else word, 200),
        _GRADES.get(state, 2),
    )


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds).astimezone()
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1_000:03}"


def _state(event: Received) -> tuple[str, int]:
    if event.duplicate:
        return "duplicate", 1
    if not event.problems:
        return "ok", 0
    problems = ", ".join(map(str, event.problems))
    return (f"would be altered: {problems}", 1) if event.kept else (f"would be dropped: {problems}", 2)


def _tamed(value: object, width: int) -> str:
    text = tame(str(value))
    return text if len(text) <= width else text[: width - 1] + "…"
