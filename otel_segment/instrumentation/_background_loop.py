"""One event loop of the whole process, in a thread of its own: for what has to be awaited where nothing can be."""

import asyncio
import inspect
import os
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from otel_segment.instrumentation._greenlets import RealThreads, are_threads, signal, start_thread

__all__ = ["MOST_LEFT", "InLoopError", "TooManyLeftError", "in_loop", "run"]

MOST_LEFT = 64
"""How many that took too long may still go on; until one of them ends, nothing more is begun."""


class InLoopError(Exception):
    """Whoever waits would hold up the event loop that is to do the work."""


class TooManyLeftError(Exception):
    """So many that took too long have not ended that no more are begun."""


def in_loop() -> bool:
    """Tell whether an event loop runs right here, which waiting would hold up."""
    if are_threads() and not _is_ours():
        # It may be another greenlet's, and whoever waits lets all others go on.
        return False
    return asyncio._get_running_loop() is not None  # noqa: SLF001 - documented for this, and raises nothing


def run(waiting: Awaitable[Any], seconds: float) -> Any:
    """Wait for something that is awaited in the background, in a copy of the caller's context.

    Args:
        waiting: What to await.
        seconds: How long to wait at most; then it is cancelled, and left behind if it does not end.

    Raises:
        InLoopError: The caller is in the background loop itself.
        TimeoutError: It took longer.
        TooManyLeftError: See there.
    """
    problem = InLoopError() if _is_ours() else TooManyLeftError() if len(_left) >= MOST_LEFT else None
    if problem is not None:
        _discard(waiting)
        raise problem
    tell, wait = signal()
    job = _Job(waiting, tell)
    loop = _loop_of_process()
    loop.put(job.begin)
    wait(seconds)
    if not job.is_done:
        job.leave()
        loop.put(job.cancel)
        raise TimeoutError
    return job.result()


class _Job:
    """One thing that is awaited."""

    def __init__(self, waiting: Awaitable[Any], tell: Callable[[], Any]) -> None:
        self._waiting = waiting
        self._tell = tell
        self._context = copy_context()
        self._task: asyncio.Task[Any] | None = None
        self._is_left = False
        self.is_done = False

    def begin(self) -> None:
        """Begin, in the loop."""
        if self._is_left:
            _discard(self._waiting)
            self._end()
            return
        # A task of its own context can be made by a keyword only from Python 3.11 on.
        self._task = self._context.run(asyncio.ensure_future, _awaited(self._waiting))
        self._task.add_done_callback(self._end)

    def leave(self) -> None:
        """Be waited for no longer."""
        self._is_left = True
        _left.add(self)
        if self.is_done:
            _left.discard(self)

    def cancel(self) -> None:
        """Cancel it, in the loop."""
        if self._task is not None:
            self._task.cancel()

    def result(self) -> Any:
        """Return what it returned, or raise what it raised."""
        if self._task is None or self._task.cancelled():
            message = "it was cancelled"
            raise RuntimeError(message)
        return self._task.result()

    def _end(self, task: "asyncio.Task[Any] | None" = None) -> None:
        if task is not None and not task.cancelled():
            # Nobody may be there any more to see it, and asyncio is not to complain of that.
            task.exception()
        self.is_done = True
        _left.discard(self)
        # The thread that waited may have ended.
        with suppress(Exception):
            self._tell()


class _Loop:
    """An event loop that is made in a real thread of its own, with the first job.

    In the one that all greenlets share, each of them would take it for a loop that runs where it is itself.

    No lock is held anywhere: a fork could leave it locked for good.
    """

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._to_start = [self._serve]
        self.loop: asyncio.AbstractEventLoop | None = None

    def put(self, call: Callable[[], None]) -> None:
        """Have something called in the loop, in the order of the calls."""
        self._calls.append(call)
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._drain)
        elif self._to_start:
            with suppress(IndexError):
                # Whoever takes it out starts the thread.
                serve = self._to_start.pop()
                try:
                    start_thread(serve)
                except RuntimeError:
                    self._calls.remove(call)
                    self._to_start.append(serve)
                    raise

    def _serve(self) -> None:
        loop = asyncio.new_event_loop()
        if are_threads():
            loop.set_default_executor(RealThreads())
        # In this order: what was put in before is seen by this call, and what comes after calls itself.
        self.loop = loop
        loop.call_soon(self._drain)
        while True:
            # What a callback raises to end the program ends no more than the callback.
            with suppress(SystemExit, KeyboardInterrupt):
                loop.run_forever()

    def _drain(self) -> None:
        while self._calls:
            self._calls.popleft()()


# Those of a parent process are kept: to collect one would take its files out of the loop that still runs there.
_loops: dict[int, _Loop] = {}
_left: set[_Job] = set()


def _loop_of_process() -> _Loop:
    process = os.getpid()
    found = _loops.get(process)
    if found is None:
        # What a parent process waits for in vain does not go on here.
        _left.clear()
        found = _loops.setdefault(process, _Loop())
    return found


def _is_ours() -> bool:
    ours = _loops.get(os.getpid())
    return ours is not None and ours.loop is not None and asyncio._get_running_loop() is ours.loop  # noqa: SLF001


async def _awaited(waiting: Awaitable[Any]) -> Any:
    return await waiting


def _discard(waiting: Awaitable[Any]) -> None:
    if inspect.iscoroutine(waiting):
        waiting.close()
