"""Any WSGI application: a visitor for each request, and an event for each page that is viewed."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, TypeAlias, cast

from typing_extensions import Unpack

from otel_segment._log import say_once
from otel_segment.instrumentation._browser_endpoint import serve_wsgi
from otel_segment.instrumentation._framework import BARE, Framework
from otel_segment.instrumentation._request import Environ, WsgiRequest
from otel_segment.instrumentation._settings import WebArguments
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation._web import Web

__all__ = ["AnalyticsMiddleware", "serve"]

Application: TypeAlias = Callable[..., Iterable[bytes]]


class AnalyticsMiddleware:
    """Stands before a WSGI application (PEP 3333).

    A request that another layer of ours has taken already is left to it.

    Args:
        application: The application.
        **settings: The settings of the web instrumentation; what is not given comes from the environment.

    Raises:
        ConfigurationError: Settings are unknown or wrong.
    """

    def __init__(self, application: Application, **settings: Unpack[WebArguments]) -> None:
        self._application = application
        self._web = Web(settings)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request."""
        return serve(self._application, environ, start_response, self._web)


def serve(
    application: Application,
    environ: Environ,
    start_response: Callable[..., Any],
    web: Web,
    framework: Framework = BARE,
) -> Iterable[bytes]:
    """Serve a request of an application.

    Args:
        application: The application.
        environ: The request.
        start_response: The server's.
        web: The settings, made ready.
        framework: The application's framework.
    """
    known: Visit | None = environ.get(KEY)
    if known is not None:
        if framework is BARE:
            known.note_trace()
            return application(environ, start_response)
        with known.lent(framework, WsgiRequest(environ)):
            return application(environ, start_response)
    if web.browser is not None and environ.get("PATH_INFO") in web.browser.paths:
        return serve_wsgi(environ, start_response, web, web.browser, framework)
    visit = environ[KEY] = Visit(WsgiRequest(environ), web, framework)
    has_begun = False

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        nonlocal has_begun
        has_begun = True
        begun = _begun(visit, _code(status), headers)
        return start_response(status, begun) if exc_info is None else start_response(status, begun, exc_info)

    is_done = True
    try:
        with visit.presence:
            body = application(environ, start)
            if isinstance(body, (list, tuple)):
                visit.tell(b"".join(body) if visit.takes_title else b"")
                return body
            if has_begun and _is_file(body, environ):
                # The server looks for its own kind of file, and sends it without reading it here.
                visit.tell()
                return body
        is_done = False
    finally:
        if is_done:
            # Who serves one request after another with these variables begins anew; and they hold each other.
            environ.pop(KEY, None)
    return (_SizedBody if hasattr(body, "__len__") else _Body)(body, visit, environ)


def _begun(visit: Visit, status: int, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Take note of an answer that begins; return its headers."""
    cookie = visit.answered(status, headers)
    if cookie is not None:
        headers = [*headers, ("Set-Cookie", cookie)]
    return headers if visit.naming is None else [*headers, visit.naming]


class _Body:
    """A body whose code runs with the visitor, each step of it."""

    def __init__(self, body: Iterable[bytes], visit: Visit, environ: Environ) -> None:
        self._body = body
        self._environ = environ
        self._steps: Iterator[bytes] | None = None
        self._visit = visit

    def __iter__(self) -> "Iterator[bytes]":
        return self

    def __next__(self) -> bytes:
        with self._visit.presence:
            if self._steps is None:
                self._steps = iter(self._body)
            chunk = next(self._steps, None)
        # Not before: a body that fails at its first step is answered with an error.
        self._visit.tell(chunk or b"")
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the application's body."""
        close = getattr(self._body, "close", None)
        if self._steps is None:
            # Nobody wants to read it, and so nothing has failed.
            self._visit.tell()
        try:
            if close is not None:
                with self._visit.presence:
                    close()
        finally:
            self._environ.pop(KEY, None)


class _SizedBody(_Body):
    """A body whose length servers can ask for, to find out that it is in one piece."""

    def __len__(self) -> int:
        return len(cast("Sized", self._body))


def _is_file(body: object, environ: Environ) -> bool:
    kind = environ.get("wsgi.file_wrapper")
    # Where the server's kind is a function, what it returns has what servers need to send a file.
    return isinstance(body, kind) if isinstance(kind, type) else hasattr(body, "fileno")


def _code(status: str) -> int:
    try:
        return int(status[:3])
    except ValueError:
        say_once("web status", logging.WARNING, "the application answers with something that is no HTTP status")
        return 0
