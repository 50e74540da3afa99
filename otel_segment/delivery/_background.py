"""A thread that is there as long as there is something for it to do."""

import logging
import threading
from collections.abc import Callable

from otel_segment._log import say
from otel_segment._signals import signals_held
from otel_segment.delivery._quiet import quietly

__all__ = ["Background"]


class Background:
    """Does some work on one daemon thread, which is started when it is asked for and not there.

    Args:
        name: What the thread is for.
        work: Does the work; it ends when there is none.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        # A signal handler may ask for the work on the thread that is just asking for it.
        self._lock = threading.RLock()
        self._is_running = False
        self._is_asked_for = False
        self._ident: int | None = None

    @property
    def is_here(self) -> bool:
        """Whether this is the thread."""
        return self._ident == threading.get_ident()

    def ensure(self) -> None:
        """See to it that the work is done."""
        with self._lock:
            self._is_asked_for = True
            if self._is_running:
                return
            self._is_running = True
        try:
            with signals_held():
                threading.Thread(target=self._run, name=f"otel-segment-{self._name}", daemon=True).start()
        except RuntimeError:
            # The interpreter is ending, or has as many threads as it may have: whoever asks next tries again.
            self._is_running = False

    def _run(self) -> None:
        self._ident = threading.get_ident()
        with quietly():
            while self._is_wanted():
                self._work_unharmed()

    def _work_unharmed(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - a meter of the application, or a defect of ours
            say(self._name, logging.ERROR, "the %s failed; the next event starts it again", self._name, exc_info=error)

    def _is_wanted(self) -> bool:
        """Tell whether somebody has asked since the work was begun; if not, the next who asks starts a thread."""
        with self._lock:
            self._is_running, self._is_asked_for = self._is_asked_for, False
            return self._is_running
