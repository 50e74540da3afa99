"""A site made with Starlette."""

from collections.abc import Callable

from starlette import applications
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from benchmarks.web.page import PAGE, PAGE_PATH, SETTLED_PATH


def make(settled: Callable[[], str]) -> applications.Starlette:
    """Make the application."""

    async def hello(request: Request) -> HTMLResponse:  # noqa: ARG001
        return HTMLResponse(PAGE)

    async def deliver(request: Request) -> PlainTextResponse:  # noqa: ARG001
        return PlainTextResponse(settled())

    return applications.Starlette(routes=[Route(PAGE_PATH, hello), Route(SETTLED_PATH, deliver)])
