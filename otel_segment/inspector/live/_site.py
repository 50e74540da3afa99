"""Everything that the server serves, put together."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from otel_segment.inspector._courtesy import meant_path
from otel_segment.inspector.live._page import Page
from otel_segment.inspector.live._receiving import INTAKE_PATHS

__all__ = ["Site", "home"]


class Site:
    """Sends requests with events one way, and all the others the other way; an ASGI application."""

    def __init__(self, intake: ASGIApp, inside: ASGIApp) -> None:
        self._intake = intake
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"]
        is_intake = path in INTAKE_PATHS or path.startswith("/v1/")
        # Events that are sent to a wrong path are answered in the way of the right one.
        is_intake = is_intake or (scope.get("method") == "POST" and meant_path(path) != "")
        await (self._intake if is_intake else self._inside)(scope, receive, send)


def home(summary: Callable[[], dict[str, Any]], routes: Sequence[BaseRoute]) -> Starlette:
    """Give the application that shows what has arrived.

    Args:
        summary: Gives what there is as a whole.
        routes: The paths besides the page's.
    """
    page = Page()

    async def index(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return Response(page.html, headers=page.headers)
        return PlainTextResponse(_as_text(summary()))

    return Starlette(routes=[Route("/", index, methods=["GET"]), *routes])


def _as_text(summary: dict[str, Any]) -> str:
    lines = ["A local endpoint that speaks Segment's HTTP Tracking API. POST events to /v1/batch.", ""]
    lines += [f"{kind or '(no type)'}: {count}" for kind, count in sorted(summary["types"].items())]
    lines += [f"events: {summary['events']}"]
    lines += [f"{state}: {count}" for state, count in sorted(summary["states"].items())]
    return "\n".join(lines) + "\n"
