"""Following an inspector, over its restarts."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from otel_segment.cli.tail._inspector import Inspector, NotThereError

__all__ = ["Following", "Wanted"]

_PAUSE = 0.5
_MOST_LAST = 500


class Wanted(NamedTuple):
    """Which events are to be shown; empty means all of them."""

    types: Sequence[str] = ()
    states: Sequence[str] = ()
    person: str = ""

    def takes(self, row: dict[str, Any]) -> bool:
        """Tell whether an event is one of them."""
        return (
            (not self.types or row.get("type") in self.types)
            and (not self.states or row.get("state") in self.states)
            and (not self.person or row.get("person") == self.person)
        )

    def question(self) -> list[tuple[str, str]]:
        """Ask for them."""
        asked = [("type", each) for each in self.types] + [("state", each) for each in self.states]
        return [*asked, ("person", self.person)] if self.person else asked


class Following:
    """Yields what arrives at an inspector.

    Args:
        inspector: The inspector.
        wanted: Which events.
        say: Told of what the user should know besides.
    """

    def __init__(self, inspector: Inspector, wanted: Wanted, say: Callable[[str], None]) -> None:
        self._inspector = inspector
        self._wanted = wanted
        self._say = say
        self._last: dict[str, Any] | None = None
        """The last event that was heard of, shown or not."""

    def rows(self, last: int) -> Iterator[list[dict[str, Any]]]:
        """Yield rows as they come, oldest first, without end.

        Args:
            last: How many of those that are there already to begin with.

        Raises:
            NotThereError: There is no inspector to begin with.
            CommandError: It does not let this command in.
        """
        yield self._begin(last)
        while True:
            try:
                # Read to its end, which is when the inspector ends.
                for news in self._inspector.news(self._after()):
                    yield from self._take(news.rows, news.skipped)
                reason = "it has ended"
            except NotThereError as error:
                reason = str(error)
            self._wait(reason)

    def _begin(self, last: int) -> list[dict[str, Any]]:
        newest = self._inspector.events([("limit", "1")])
        if not newest:
            return []
        self._last = newest[0]
        if not last:
            return []
        limits = [("limit", str(min(last, _MOST_LAST))), ("before", str(newest[0]["number"] + 1))]
        return self._inspector.events([*limits, *self._wanted.question()])[::-1]

    def _take(self, rows: Sequence[dict[str, Any]], skipped: int) -> Iterator[list[dict[str, Any]]]:
        if skipped:
            self._say(f"{skipped:,} events are not shown: they came too fast, or while there was no connection")
        if rows:
            self._last = rows[-1]
            if chosen := [row for row in rows if self._wanted.takes(row)]:
                yield chosen

    def _after(self) -> int:
        """Say from which number on to go: from the first, where it is another inspector that counts anew."""
        if self._last is None:
            return 0
        number: int = self._last["number"]
        found = self._inspector.event(number)
        marks = ("arrived", "messageId", "size")
        if found is not None and all(found.get(mark) == self._last.get(mark) for mark in marks):
            return number
        self._last = None
        return 0

    def _wait(self, reason: str) -> None:
        """Wait until there is an inspector again."""
        self._say(f"the inspector is gone ({reason}); waiting for it")
        while True:
            time.sleep(_PAUSE)
            try:
                self._inspector.events([("limit", "1")])
            except NotThereError:
                continue
            self._say("the inspector is back")
            return
