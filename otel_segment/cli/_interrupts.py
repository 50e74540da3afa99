"""Ctrl-C at a moment that suits."""

import signal
from types import TracebackType

from typing_extensions import Self

__all__ = ["Interrupts"]


class Interrupts:
    """Keeps the first Ctrl-C until somebody asks, so that it cuts nothing in two; the second one is at once."""

    def __init__(self) -> None:
        self._is_asked = False

    def check(self) -> None:
        """Let a Ctrl-C have its way now.

        Raises:
            KeyboardInterrupt: There was one.
        """
        if self._is_asked:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        self.check()
        self._is_asked = True
