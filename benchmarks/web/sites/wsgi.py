"""A WSGI application without a framework."""

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.web.page import PAGE, SETTLED_PATH

_PAGE = PAGE.encode()


def make(settled: Callable[[], str]) -> Callable[..., Iterable[bytes]]:
    """Make the application."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == SETTLED_PATH:
            body, kind = settled().encode(), "text/plain"
        else:
            body, kind = _PAGE, "text/html; charset=utf-8"
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return application
