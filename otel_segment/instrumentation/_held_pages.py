"""Pages that wait for what their browsers report, each in the process that has served it.

Only that process emits them, so none is emitted twice; and it emits each of them when its time is over, when there are
too many, when everything is flushed, and when it ends, so none is lost but with the process itself.
"""

import atexit
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeAlias
from weakref import WeakSet

from otel_segment._log import say
from otel_segment._signals import signals_held
from otel_segment.emit import on_release
from otel_segment.instrumentation._browser_report import report_of
from otel_segment.instrumentation._report_files import ReportFiles

__all__ = ["HeldPages", "release_all"]

Emit: TypeAlias = Callable[[dict[str, Any]], None]
"""Emits a page, with more attributes."""

_MOST = 2_048
_MOST_KNOWN = 8_192
"""Pages that a process remembers to be done with: those of half a minute, where it serves hundreds in a second."""
_IDLE = 60
"""Seconds after which the thread ends that had nothing to do."""
_LONGEST_SETTLING = 5


class HeldPages:
    """Holds pages.

    Args:
        wait: Seconds for which a page is held.
        files: Where other processes leave reports.
    """

    def __init__(self, wait: float, files: ReportFiles) -> None:
        self._wait = wait
        self._files = files
        self._shelf = _Shelf(self._settle)
        self._done: OrderedDict[str, None] = OrderedDict()

    def hold(self, uid: str, emit: Emit) -> None:
        """Hold a page; where there are too many, the oldest goes.

        Args:
            uid: Its id.
            emit: Emits it.
        """
        _see_to_the_end()
        _all.add(self)
        self._own().put(uid, time.monotonic() + self._wait, emit)

    def complete(self, uid: str, attributes: dict[str, Any]) -> bool:
        """Emit a page with what its browser has reported; False where this process has not held it."""
        emit = self._own().pop(uid)
        if emit is None:
            return uid in self._done
        self._note(uid)
        _emit(emit, attributes)
        return True

    def hand_over(self, uid: str, report: bytes) -> None:
        """Leave the first report of a page that is not this process's to whoever holds it."""
        self._note(uid)
        self._files.put(uid, report)

    def release(self) -> None:
        """Emit all pages that this process holds, with what was reported of them so far."""
        for uid, emit in self._own().empty():
            self._settle(uid, emit)

    def _own(self) -> "_Shelf":
        # What a process held before it forked is its own to emit.
        if self._shelf.process != os.getpid():
            self._shelf = _Shelf(self._settle)
        return self._shelf

    def _note(self, uid: str) -> None:
        """Remember that nothing is to be done any more about reports of a page."""
        self._done[uid] = None
        if len(self._done) > _MOST_KNOWN:
            self._done.popitem(last=False)

    def _settle(self, uid: str, emit: Emit) -> None:
        self._note(uid)
        self._files.sweep()
        left = self._files.take(uid)
        report = None if left is None else report_of(left)
        _emit(emit, {} if report is None else report.attributes)


class _Shelf:
    """The pages that one process holds, the oldest first, and the thread that waits for them."""

    def __init__(self, settle: Callable[[str, Emit], None]) -> None:
        self.process = os.getpid()
        self._settle = settle
        self._changed = threading.Condition()
        self._pages: dict[str, tuple[float, Emit]] = {}
        self._watcher: threading.Thread | None = None
        self._is_settling = False

    def put(self, uid: str, deadline: float, emit: Emit) -> None:
        surplus: list[tuple[str, tuple[float, Emit]]] = []
        with self._changed:
            self._pages[uid] = deadline, emit
            if len(self._pages) > _MOST:
                oldest = next(iter(self._pages))
                surplus.append((oldest, self._pages.pop(oldest)))
            if self._watcher is None:
                if not self._watch():
                    surplus.extend(self._pages.items())
                    self._pages.clear()
            elif len(self._pages) == 1:
                self._changed.notify()
        for each, (_, emit_it) in surplus:
            self._settle(each, emit_it)

    def pop(self, uid: str) -> Emit | None:
        with self._changed:
            found = self._pages.pop(uid, None)
        return None if found is None else found[1]

    def empty(self) -> list[tuple[str, Emit]]:
        with self._changed:
            if threading.current_thread() is not self._watcher:
                # What is under way is not to be overtaken by the end of the process.
                self._changed.wait_for(lambda: not self._is_settling, _LONGEST_SETTLING)
            pages = [(uid, emit) for uid, (_, emit) in self._pages.items()]
            self._pages.clear()
        return pages

    def _watch(self) -> bool:
        # In a context of its own: some versions of Python would keep the one of the request that is just being served.
        watcher = threading.Thread(target=Context().run, args=(self._run,), name="otel-segment-pages", daemon=True)
        try:
            with signals_held():
                watcher.start()
        except RuntimeError:
            # The interpreter is ending, and starts no more threads.
            return False
        self._watcher = watcher
        return True

    def _run(self) -> None:
        while (due := self._next()) is not None:
            self._settle(*due)
            with self._changed:
                self._is_settling = False
                self._changed.notify_all()

    def _next(self) -> tuple[str, Emit] | None:
        """Wait for a page whose time is over; None where there was nothing to wait for."""
        with self._changed:
            while self.process == os.getpid():
                if not self._pages:
                    if not self._changed.wait(_IDLE) and not self._pages:
                        break
                    continue
                uid, (deadline, emit) = next(iter(self._pages.items()))
                left = deadline - time.monotonic()
                if left <= 0:
                    del self._pages[uid]
                    self._is_settling = True
                    return uid, emit
                self._changed.wait(left)
            self._watcher = None
        return None


def _emit(emit: Emit, attributes: dict[str, Any]) -> None:
    try:
        emit(attributes)
    except Exception as error:  # noqa: BLE001 - processors are foreign code
        say("web pages", logging.ERROR, "a page that was held could not be emitted: %s", type(error).__name__)


_all: "WeakSet[HeldPages]" = WeakSet()
_ending: set[int] = set()


def release_all() -> None:
    """Emit all pages that this process holds."""
    for held in list(_all):
        held.release()


def _see_to_the_end() -> None:
    # In each process anew: its exit handlers run in the reverse order, and the provider's is to come after this one.
    if os.getpid() not in _ending:
        _ending.clear()
        _ending.add(os.getpid())
        atexit.register(release_all)
        on_release(release_all)
