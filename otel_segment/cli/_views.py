"""How events are shown as they arrive: a live table on a terminal, plain lines elsewhere."""

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol

from typing_extensions import Self

from otel_segment.cli._rows import Row, row
from otel_segment.inspector import Arrivals

__all__ = ["Follower", "View", "open_view"]

_LOOK_SECONDS = 0.1


class View(Protocol):
    """Something that rows and remarks can be shown on, from several threads; a context manager."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show events."""

    def say(self, text: str) -> None:
        """Show some text."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainView:
    """One line of text after the other."""

    def show(self, rows: Sequence[Row]) -> None:
        """Print events."""
        for each in rows:
            print(each.line, flush=True)

    def say(self, text: str) -> None:
        """Print some text."""
        print(text, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def open_view() -> View:
    """Give the view that suits the standard output: live on a terminal, plain elsewhere."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return PlainView()
    try:
        # It needs rich, which plain output does not.
        from otel_segment.cli._live import LiveView
    except ImportError:
        return PlainView()
    return LiveView()


class Follower:
    """Shows what arrives, on a thread of its own, from its beginning to its end."""

    def __init__(self, store: Arrivals, view: View) -> None:
        self._store = store
        self._view = view
        self._seen = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        # Without a reader the main thread finds the same, and ends the command.
        with suppress(BrokenPipeError):
            while not self._ended.is_set():
                self._show(_LOOK_SECONDS)
            self._show(0)

    def _show(self, timeout: float) -> None:
        if events := self._store.after(self._seen, timeout):
            self._seen = events[-1].number
            self._view.show([row(event) for event in events])
