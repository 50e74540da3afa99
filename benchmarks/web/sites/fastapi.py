"""A site made with FastAPI."""

from collections.abc import Callable

import fastapi
from fastapi.responses import HTMLResponse, PlainTextResponse

from benchmarks.web.page import PAGE, PAGE_PATH, SETTLED_PATH


def make(settled: Callable[[], str]) -> fastapi.FastAPI:
    """Make the application."""
    site = fastapi.FastAPI()

    @site.get(PAGE_PATH, response_class=HTMLResponse)
    async def hello() -> str:
        return PAGE

    @site.get(SETTLED_PATH, response_class=PlainTextResponse)
    async def deliver() -> str:
        return settled()

    return site
