"""An ASGI application without a framework."""

from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.web.page import PAGE, SETTLED_PATH

_PAGE = PAGE.encode()


def make(settled: Callable[[], str]) -> Callable[..., Awaitable[None]]:
    """Make the application."""

    async def application(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:  # noqa: ARG001
        if scope["path"] == SETTLED_PATH:
            body, kind = settled().encode(), b"text/plain"
        else:
            body, kind = _PAGE, b"text/html; charset=utf-8"
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application
