"""Callbacks of the application: they may fail, and may be asynchronous, and neither is the request's problem."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from otel_segment._log import say_once
from otel_segment.instrumentation._background_loop import MOST_LEFT, InLoopError, TooManyLeftError, run
from otel_segment.instrumentation._forms import Late

__all__ = ["Answer", "call", "call_async", "is_asynchronous"]

# An event loop itself holds its tasks by weak references.
_tasks: "set[asyncio.Task[Any]]" = set()


class Answer(NamedTuple):
    """What a callback said.

    Attributes:
        value: Its answer; None where there is none.
        is_final: Whether it need not be asked again: it said it, or is asynchronous and was waited for.
        is_awaited: Whether it had to be awaited.
    """

    value: Any
    is_final: bool = True
    is_awaited: bool = False


_NONE_YET = Answer(None, is_final=False, is_awaited=True)


def is_asynchronous(callback: Callable[..., Any]) -> bool:
    """Tell whether a callback is known to have to be awaited."""
    if isinstance(callback, Late):
        callback = callback.found or callback
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(getattr(callback, "__call__", None))  # noqa: B004


def call(callback: Callable[..., Any], name: str, request: Any, seconds: float, *, may_wait: bool) -> Answer:
    """Call a callback where nothing can be awaited; an asynchronous one runs in the background.

    Args:
        callback: The callback. A plain function is waited for, however long it takes.
        name: The setting, for the log.
        request: What it is given.
        seconds: How long an asynchronous one may take.
        may_wait: Whether an asynchronous one may be waited for; else there is to be a moment to await it.

    Returns:
        Its answer; None where it fails, which is said once in the log.
    """
    if not may_wait and is_asynchronous(callback):
        return _too_early(name)
    is_awaited = False
    try:
        answer = callback(request)
        if not inspect.isawaitable(answer):
            return Answer(answer)
        if not may_wait:
            if inspect.iscoroutine(answer):
                answer.close()
            return _too_early(name)
        is_awaited = True
        return Answer(run(answer, seconds), is_awaited=True)
    except InLoopError:
        return _too_early(name)
    except Exception as error:  # noqa: BLE001 - the callback is foreign code
        _say(name, error, seconds)
        return Answer(None, is_final=is_awaited, is_awaited=is_awaited)


async def call_async(callback: Callable[..., Any], name: str, request: Any, seconds: float) -> Any:
    """Call a callback where there is an event loop, in that loop; else as :func:`call`."""
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


def _too_early(name: str) -> Answer:
    say_once(
        f"web callback {name} early",
        logging.WARNING,
        "%s is asynchronous, and an event needed its answer before it could be awaited: that event goes without it. "
        "Emit later, in the view or route, or make it a plain function. This is said once",
        name,
    )
    return _NONE_YET


def _say(name: str, error: Exception, seconds: float) -> None:
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        reason = f"took longer than {seconds:g} s"
    elif isinstance(error, TooManyLeftError):
        say_once(
            "web callbacks left",
            logging.ERROR,
            "%d asynchronous callbacks took too long and have not ended: until some have, no more are asked. Let them "
            "end when they are cancelled. This is said once",
            MOST_LEFT,
        )
        return
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
