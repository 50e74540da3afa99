"""Django, by WSGI and by ASGI: all of a process, or where ``settings.MIDDLEWARE`` says.

The hooks are the handlers, which hold the behaviour of both kinds of server, and the innermost step of a request, where
sessions, users and routes are known as far as they are wanted.
"""

from collections.abc import Collection
from typing import Any

from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import SegmentInstrumentor
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation.asgi import serve as serve_asgi
from otel_segment.instrumentation.wsgi import serve as serve_wsgi

__all__ = ["SegmentDjangoInstrumentor"]


class SegmentDjangoInstrumentor(SegmentInstrumentor):
    """Instruments Django: ``instrument()`` all handlers of the process, ``instrument_app(handler)`` one."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("django >= 3.2",)

    def _wrap(self, hooks: Hooks) -> None:
        def wsgi(wrapped: Any, handler: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(handler)
            if web is None:
                return wrapped(*arguments, **keywords)
            return serve_wsgi(wrapped, arguments[0], arguments[1], web, _DJANGO)

        async def asgi(wrapped: Any, handler: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            web = self._web_for(handler)
            if web is None:
                await wrapped(*arguments, **keywords)
            else:
                scope, receive, send = arguments
                await serve_asgi(wrapped, scope, receive, send, web, _DJANGO)

        hooks.wrap("django.core.handlers.wsgi", "WSGIHandler.__call__", wsgi)
        hooks.wrap("django.core.handlers.asgi", "ASGIHandler.__call__", asgi)
        hooks.wrap("django.core.handlers.base", "BaseHandler._get_response", _get_response)
        hooks.wrap("django.core.handlers.base", "BaseHandler._get_response_async", _get_response_async)


def _get_response(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    _adopt(arguments[0] if arguments else keywords["request"])
    return wrapped(*arguments, **keywords)


async def _get_response_async(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    visit = _adopt(arguments[0] if arguments else keywords["request"])
    if visit is not None and visit.awaits_user:
        await visit.ask_user()
    return await wrapped(*arguments, **keywords)


def _adopt(request: Any) -> Visit | None:
    scope = getattr(request, "scope", None)
    visit: Visit | None = request.META.get(KEY) if scope is None else scope.get(KEY)
    if visit is not None:
        visit.adopt(_DJANGO, request)
    return visit


class _Django:
    """What a Django request knows; it is an environment or a scope until the handler has made it one."""

    def request(self, native: Any) -> Any:
        """Return the request."""
        return native

    def user_id(self, native: Any) -> object:
        """Return the id of the user, if the application has loaded it or the session that has it."""
        kept = getattr(native, "__dict__", {})
        # What django.contrib.auth and the session keep when they were asked for: asking would load them, and would have
        # the answer vary by cookie.
        user = kept.get("_cached_user") or kept.get("_acached_user")
        if user is not None:
            return user.pk if user.is_authenticated else None
        session = getattr(kept.get("session"), "__dict__", {}).get("_session_cache")
        return session.get("_auth_user_id") if isinstance(session, dict) else None

    def route(self, native: Any) -> str | None:
        """Return the route of the URL configuration, under the path that the application is mounted at."""
        match = getattr(native, "resolver_match", None)
        return None if match is None else f"{native.META.get('SCRIPT_NAME', '')}/{match.route.removeprefix('^')}"


_DJANGO = _Django()
