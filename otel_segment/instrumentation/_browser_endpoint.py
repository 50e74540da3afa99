"""Requests for the script and reports, as servers hand them on; the application is not asked."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from otel_segment.instrumentation._browser_part import BrowserPart
from otel_segment.instrumentation._browser_report import MOST_BYTES
from otel_segment.instrumentation._browser_reports import Reply, asked, refusal, take
from otel_segment.instrumentation._framework import BARE, Framework
from otel_segment.instrumentation._request import AsgiRequest, Environ, Request, Scope, WsgiRequest
from otel_segment.instrumentation._web import Web
from otel_segment.instrumentation._who import Who

__all__ = ["answered", "local_path", "serve_asgi", "serve_wsgi"]


def serve_wsgi(
    environ: Environ, start_response: Callable[..., Any], web: Web, part: BrowserPart, framework: Framework
) -> Iterable[bytes]:
    """Answer by WSGI."""
    is_script = environ.get("PATH_INFO") != part.path
    reply = answered(
        WsgiRequest(environ), is_script, web, part, framework, environ.get("CONTENT_LENGTH"), lambda: _body(environ)
    )
    start_response(f"{reply.status.value} {reply.status.phrase}", reply.headers)
    return [reply.body]


def answered(
    request: Request,
    is_script: bool,
    web: Web,
    part: BrowserPart,
    framework: Framework,
    length: object,
    body: Callable[[], bytes],
) -> Reply:
    """Answer where nothing has to be awaited.

    Args:
        request: The request.
        is_script: Whether it is for the script.
        web: The settings, made ready.
        part: What the browsers report to.
        framework: The application's framework.
        length: The length of the body, as the request says it.
        body: Reads the body, or its beginning.
    """
    reply = asked(request, is_script=is_script)
    if reply is None:
        who = _sender(request, web, framework)
        reply = refusal(who, web, part, length) or take(who, web, part, body())
    return reply


async def serve_asgi(
    scope: Scope,
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
    web: Web,
    part: BrowserPart,
    framework: Framework,
) -> None:
    """Answer by ASGI."""
    request = AsgiRequest(scope)
    reply = asked(request, is_script=local_path(scope) != part.path)
    if reply is None:
        who = _sender(request, web, framework)
        if who.awaits and not who.objects():
            await who.ask()
        reply = refusal(who, web, part, request.header("content-length"))
        if reply is None:
            reply = take(who, web, part, await _received(receive))
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def local_path(scope: Scope) -> Any:
    """Return the path under the mount point; servers differ in whether the path has that."""
    path, root = scope.get("path"), scope.get("root_path")
    return path.removeprefix(root) if isinstance(path, str) and isinstance(root, str) else path


def _sender(request: Request, web: Web, framework: Framework) -> Who:
    who = Who(request, web, framework)
    if framework is not BARE:
        # It may go by what the application would have prepared for it.
        who.forgo_user()
    return who


def _body(environ: Environ) -> bytes:
    length = environ.get("CONTENT_LENGTH")
    if not length and not environ.get("wsgi.input_terminated"):
        return b""
    try:
        body = environ["wsgi.input"].read(int(length or MOST_BYTES + 1))
    except Exception:  # noqa: BLE001 - each server has its own errors for a client that has gone
        return b""
    return body if isinstance(body, bytes) else b""


async def _received(receive: Callable[[], Awaitable[Any]]) -> bytes:
    body = b""
    while len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body
