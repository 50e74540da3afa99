"""The live table: rows in colour, and below them the counts so far."""

from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text
from typing_extensions import Self

from otel_segment.cli._rows import COLOURS, LETTERS, Row

__all__ = ["LiveView"]

_GRADES = ("green", "yellow", "bold red")


class LiveView:
    """Prints rows on a terminal and keeps the counts below them."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8)
        self._types: Counter[str] = Counter()
        self._grades: Counter[int] = Counter()

    def show(self, rows: Sequence[Row]) -> None:
        """Print events and count them."""
        for row in rows:
            self._types[row.type] += 1
            self._grades[row.grade] += 1
        self._console.print(Text("\n").join(map(_line, rows)))
        self._live.update(self._counts())

    def say(self, text: str) -> None:
        """Print some text."""
        self._console.print(text, markup=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _counts(self) -> Text:
        counts = Text("\n")
        for kind, letter in LETTERS.items():
            counts.append(f" {letter} ", f"bold reverse {COLOURS[kind]}")
            counts.append(f" {kind} {self._types[kind]} ")
        counts.append(f"\n{self._types.total()} events: {self._grades[0]} ok, ")
        counts.append(f"{self._grades[1]} repeated or altered, {self._grades[2]} would be dropped")
        return counts


def _line(row: Row) -> Text:
    colour = COLOURS.get(row.type, "white")
    return Text.assemble(
        (f"{row.time} ", "dim"),
        (f" {row.letter} ", f"bold reverse {colour}"),
        (f" {row.type:<8}  ", colour),
        (f"{row.name:<24}  ", "bold"),
        (f"{row.person:<18}  ", ""),
        (row.state, _GRADES[row.grade]),
    )
