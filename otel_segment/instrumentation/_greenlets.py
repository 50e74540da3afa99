"""Real threads where gevent has put greenlets in the place of threads, and how to wait for them."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

__all__ = ["RealThreads", "are_threads", "signal", "start_thread"]

_MOST_THREADS = 64


def are_threads() -> bool:
    """Tell whether threads are greenlets here, all in one real thread."""
    return _monkey() is not None


def start_thread(serve: Callable[[], None]) -> None:
    """Start a real thread, which nobody waits for when the program ends.

    Raises:
        RuntimeError: There is to be none, as the program ends.
    """
    monkey = _monkey()
    if monkey is None:
        threading.Thread(target=serve, name="otel-segment-callbacks", daemon=True).start()
    else:
        monkey.get_original("_thread", "start_new_thread")(serve, ())


def signal() -> tuple[Callable[[], Any], Callable[[float], Any]]:
    """Return what tells from another real thread, and what waits to be told: a greenlet lets all others go on."""
    if not are_threads():
        told = threading.Event()
        return told.set, told.wait
    from gevent import get_hub  # type: ignore[import-untyped, unused-ignore]
    from gevent.event import Event  # type: ignore[import-untyped, unused-ignore]

    event = Event()
    return partial(get_hub().loop.run_callback_threadsafe, event.set), event.wait


class RealThreads(ThreadPoolExecutor):
    """What an event loop in a real thread runs plain functions with, where threads are greenlets.

    The usual executor's threads would be greenlets, of which the program waits at its end for ever, as they belong to
    another real thread.
    """

    def __init__(self) -> None:
        super().__init__(_MOST_THREADS)
        from gevent.threadpool import ThreadPool  # type: ignore[import-untyped, unused-ignore]

        self._pool: Any = ThreadPool(_MOST_THREADS)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> "Future[Any]":
        """Begin in a thread of its own.

        Raises:
            RuntimeError: So many are being run that no more are begun.
        """
        # The pool would hold up the event loop until one has ended.
        if len(self._pool) >= _MOST_THREADS:
            message = f"{_MOST_THREADS} threads have not ended"
            raise RuntimeError(message)
        future: Future[Any] = Future()
        self._pool.spawn(_work, future, partial(function, *arguments, **keywords))
        return future


def _work(future: "Future[Any]", work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        future.set_exception(error)


def _monkey() -> Any:
    monkey = sys.modules.get("gevent.monkey")
    return monkey if monkey is not None and monkey.is_module_patched("threading") else None
