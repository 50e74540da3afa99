"""Callbacks of the application: they may fail, and may be asynchronous, and neither is the request's problem."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from otel_segment._log import say_once
from otel_segment.instrumentation._forms import Late

__all__ = ["call", "call_async", "is_asynchronous"]

# An event loop itself holds its tasks by weak references.
_tasks: "set[asyncio.Task[Any]]" = set()


def is_asynchronous(callback: Callable[..., Any]) -> bool:
    """Tell whether a callback is known to have to be awaited."""
    if isinstance(callback, Late):
        callback = callback.found or callback
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(getattr(callback, "__call__", None))  # noqa: B004


def call(callback: Callable[..., Any], name: str, request: Any, seconds: float) -> Any:
    """Call a callback where nothing can be awaited; an asynchronous one gets an event loop of its own.

    Args:
        callback: The callback. A plain function is waited for, however long it takes.
        name: The setting, for the log.
        request: What it is given.
        seconds: How long an asynchronous one may take.

    Returns:
        Its answer; None where it fails, which is said once in the log.
    """
    try:
        answer = callback(request)
        return _run(asyncio.wait_for(answer, seconds)) if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001 - the callback is foreign code
        _say(name, error, seconds)
        return None


async def call_async(callback: Callable[..., Any], name: str, request: Any, seconds: float) -> Any:
    """Call a callback where there is an event loop: as :func:`call`, in that loop."""
    try:
        answer = callback(request)
        return await _within(answer, seconds) if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001 - the callback is foreign code
        _say(name, error, seconds)
        return None


async def _within(waiting: Awaitable[Any], seconds: float) -> Any:
    """Await something in a task of its own, which is left behind if it does not end when it is cancelled."""
    task = asyncio.ensure_future(_awaited(waiting))
    _tasks.add(task)
    task.add_done_callback(_end)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    if not task.done():
        raise asyncio.TimeoutError
    if task.cancelled():
        message = "it was cancelled"
        raise RuntimeError(message)
    return task.result()


async def _awaited(waiting: Awaitable[Any]) -> Any:
    return await waiting


def _end(task: "asyncio.Task[Any]") -> None:
    _tasks.discard(task)
    if not task.cancelled():
        # Nobody may be there any more to see it, and asyncio is not to complain of that.
        task.exception()


def _run(waiting: Any) -> Any:
    async def wait() -> Any:
        return await waiting

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    # A loop runs in this thread and is held up by us: it cannot run the callback, but another one can.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, wait()).result()


def _say(name: str, error: Exception, seconds: float) -> None:
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        reason = f"took longer than {seconds:g} s"
    else:
        # Not the error's own text, which may quote what it was given.
        reason = f"raised {type(error).__name__}"
    say_once(
        f"web callback {name}",
        logging.ERROR,
        "%s %s: the request goes on without its answer. This is said once",
        name,
        reason,
    )
