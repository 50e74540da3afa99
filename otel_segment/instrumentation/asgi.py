"""Any ASGI application: a visitor for each request, and an event for each page that is viewed."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from typing_extensions import Unpack

from otel_segment.emit import Presence, Visitor
from otel_segment.instrumentation._browser_endpoint import local_path, serve_asgi
from otel_segment.instrumentation._callers import NOBODY, take_over, without_ours
from otel_segment.instrumentation._framework import BARE, Framework
from otel_segment.instrumentation._lifespan import live
from otel_segment.instrumentation._request import AsgiRequest, Scope
from otel_segment.instrumentation._settings import WebArguments
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation._web import Web

__all__ = ["AnalyticsMiddleware", "Receive", "Send", "serve"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_START = "http.response.start"
_NOBODY = Visitor()


class AnalyticsMiddleware:
    """Stands before an ASGI application (version 3).

    Only HTTP is looked at. WebSockets pass, and of the lifespan the end is noticed: what was emitted is delivered then,
    within 5 seconds. A request that another layer of ours has taken already is left to it.

    Args:
        app: The application.
        **settings: The settings of the web instrumentation; what is not given comes from the environment. An
            asynchronous ``get_user`` is awaited before the application is called.

    Raises:
        ConfigurationError: Settings are unknown or wrong.
    """

    def __init__(self, app: Application, **settings: Unpack[WebArguments]) -> None:
        self.app = app
        self._web = Web(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        await serve(self.app, scope, receive, send, self._web)


async def serve(
    app: Application,
    scope: Scope,
    receive: Receive,
    send: Send,
    web: Web,
    framework: Framework = BARE,
) -> None:
    """Serve a connection of an application.

    Args:
        app: The application.
        scope: The connection.
        receive: The server's.
        send: The server's.
        web: The settings, made ready.
        framework: The application's framework; it asks an asynchronous ``get_user`` itself, when it knows more.
    """
    if scope["type"] == "websocket":
        await _serve_socket(app, scope, receive, send)
        return
    if scope["type"] == "lifespan":
        await live(app, scope, receive, send)
        return
    if scope["type"] != "http":
        await app(scope, receive, send)
        return
    known: Visit | None = scope.get(KEY)
    if known is not None:
        if framework is BARE:
            known.note_trace()
            await app(scope, receive, send)
            return
        with known.lent(framework, AsgiRequest(scope)):
            await app(scope, receive, send)
        return
    if web.browser is not None and local_path(scope) in web.browser.paths:
        await serve_asgi(scope, receive, send, web, web.browser, framework)
        return
    visit = scope[KEY] = Visit(AsgiRequest(scope), web, framework)

    async def answer(message: Message) -> None:
        if message["type"] == _START:
            await send(await _begun(message, visit))
            return
        await send(message)
        # The event waits until the first bytes are on their way.
        visit.tell(message.get("body", b""))

    try:
        with visit.presence:
            if framework is BARE and visit.awaits:
                await visit.ask_user()
            await app(scope, receive, answer)
    finally:
        # Who serves one request after another with this scope begins anew; and they hold each other.
        scope.pop(KEY, None)


async def _serve_socket(app: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Leave a WebSocket to the application, and see that nobody else's visitor is there.

    Servers may begin it in the context of an earlier request of the connection, which a proxy shares between people;
    and no visitor that somebody made up may go on from here.
    """
    _, had_any = take_over(AsgiRequest(scope), NOBODY, NOBODY.client)
    with Presence(lambda: _NOBODY, None, without_ours if had_any else None):
        await app(scope, receive, send)


async def _begun(message: Message, visit: Visit) -> Message:
    """Take note of an answer that begins; return what to send in its place."""
    headers = message.get("headers", ())
    if not isinstance(headers, (list, tuple)):
        # They can be gone through once.
        headers = list(headers)
        message = {**message, "headers": headers}
    try:
        texts = [(str(name, "latin-1"), str(value, "latin-1")) for name, value in headers]
    except (TypeError, ValueError):
        # The server is to say it.
        return message
    status = message.get("status", 0)
    if visit.awaits and visit.makes_event(status, texts):
        # No route has asked, as files have none.
        await visit.ask_user()
    cookie = visit.answered(status, texts)
    added = [] if cookie is None else [(b"set-cookie", cookie.encode("latin-1"))]
    if visit.naming is not None:
        added.append((b"server-timing", visit.naming[1].encode("latin-1")))
    return {**message, "headers": [*headers, *added]} if added else message
