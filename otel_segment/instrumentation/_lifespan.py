"""The life of an ASGI application: when it is over, what was emitted is delivered while the server still waits for it.

uvicorn ends its process by the signal that it got, so that no exit handler runs: there is no later moment than this.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context, ContextVar
from typing import Any

from opentelemetry._logs import get_logger_provider

from otel_segment._log import say
from otel_segment._signals import signals_held
from otel_segment.analytics import outlet
from otel_segment.instrumentation._held_pages import release_all
from otel_segment.instrumentation._request import Scope

__all__ = ["live", "lives"]

_LONGEST = 5.0
"""Seconds that delivery may take: as many as the exit of a process has by default."""

_BEGUN = "lifespan.startup.complete"
_ENDS = frozenset(("lifespan.shutdown.complete", "lifespan.shutdown.failed"))

# Of several layers the outermost delivers: what those inside emit when they end is then there, too.
_is_seen_to: ContextVar[bool] = ContextVar("otel_segment.lifespan", default=False)


async def live(
    app: Callable[..., Awaitable[None]],
    scope: Scope,
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Let an application live, and deliver before its server is told that it has ended.

    An application that does not support the lifespan says so to the server, as if nobody stood between.

    Args:
        app: The application.
        scope: The lifespan's.
        receive: The server's; the application gets the same.
        send: The server's.
    """
    if _is_seen_to.get():
        await app(scope, receive, send)
        return
    has_begun = is_over = False

    async def note(message: Any) -> None:
        nonlocal has_begun, is_over
        kind = message["type"]
        has_begun = has_begun or kind == _BEGUN
        if kind in _ENDS and not is_over:
            is_over = True
            await _deliver()
        await send(message)

    _is_seen_to.set(True)
    try:
        await app(scope, receive, note)
    except GeneratorExit:
        # Whoever throws this away lets nothing be awaited any more.
        is_over = True
        raise
    finally:
        _is_seen_to.set(False)
        if has_begun and not is_over:
            await _deliver()


async def lives(_: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """Be the lifespan of an application that has none, so that it has an end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": _BEGUN})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _deliver() -> None:
    """Wait for a thread that delivers, but not longer than it may take."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        # Another kind of event loop, which has nothing else to do at its end.
        if (thread := _begin(_settle)) is not None:
            thread.join(_LONGEST)
        return
    done = asyncio.Event()

    def settle() -> None:
        try:
            _settle()
        finally:
            # The loop may have ended meanwhile.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(done.set)

    if _begin(settle) is not None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), _LONGEST)


def _settle() -> None:
    """Deliver what is held, what waits for our exporters, and what waits for others of the same provider."""
    deadline = time.monotonic() + _LONGEST
    release_all()
    others = _begin(_flush_provider)
    if not outlet.flush(_LONGEST):
        say("web end", logging.WARNING, "not all events could be delivered when the application was shut down")
    if others is not None:
        others.join(max(0.0, deadline - time.monotonic()))


def _flush_provider() -> None:
    # The API has no such thing, and its stand-in for a provider neither.
    flush = getattr(get_logger_provider(), "force_flush", None)
    if flush is None:
        return
    try:
        flush(int(_LONGEST * 1_000))
    except Exception as error:  # noqa: BLE001 - the application's LoggerProvider is foreign code
        say("web end", logging.ERROR, "the LoggerProvider could not be flushed: %s", type(error).__name__)


def _begin(call: Callable[[], None]) -> threading.Thread | None:
    """Start a thread that nobody has to wait for; None where the interpreter is ending and starts no more."""
    # The application's context is no business of its delivery.
    thread = threading.Thread(target=Context().run, args=(call,), name="otel-segment-end", daemon=True)
    try:
        with signals_held():
            thread.start()
    except RuntimeError:
        return None
    return thread
