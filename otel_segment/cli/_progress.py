"""How far a command has come: a line at the foot of a terminal, nothing elsewhere."""

import logging
import os
import shutil
import sys
import time
from types import TracebackType

from typing_extensions import Self

__all__ = ["Progress"]

_WIDTH = 24
_REDRAW_SECONDS = 0.1
_CLEAR = "\r\x1b[K"
_logger = logging.getLogger("otel_segment")


class Progress(logging.Handler):
    """A bar on the standard error, and the package's log lines above it; a context manager.

    Args:
        title: What is going on.
        total: How much there is to do; 0 where nobody knows.
    """

    def __init__(self, title: str, total: int) -> None:
        super().__init__(logging.WARNING)
        self._title = title
        self._total = total
        self._is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._line = ""
        self._drawn = -_REDRAW_SECONDS

    def show(self, done: int, text: str) -> None:
        """Show how much of the total is done, and some words on it."""
        if not self._is_live or time.monotonic() - self._drawn < _REDRAW_SECONDS:
            return
        self._drawn = time.monotonic()
        self._line = f"{self._title}  {self._bar(done)}{text}"
        self._draw()

    def say(self, text: str) -> None:
        """Print a line on the standard error, above the bar."""
        self._print(_CLEAR * self._is_live + text + "\n")
        self._draw()

    def emit(self, record: logging.LogRecord) -> None:
        """Print a log line."""
        self.say(f"{record.levelname.lower()}: {record.getMessage()}")

    def __enter__(self) -> Self:
        _logger.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _logger.removeHandler(self)
        if self._line:
            self._print(_CLEAR)

    def _bar(self, done: int) -> str:
        if not self._total:
            return ""
        share = min(1.0, done / self._total)
        full = int(share * _WIDTH)
        return f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}  "

    def _draw(self) -> None:
        if self._line:
            self._print(_CLEAR + self._line[: shutil.get_terminal_size().columns - 1])

    @staticmethod
    def _print(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
