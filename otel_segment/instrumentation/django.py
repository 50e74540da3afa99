"""Django, by WSGI and by ASGI: all of a process, or where ``settings.MIDDLEWARE`` says.

The hooks are the handlers, which hold the behaviour of both kinds of server, and the outermost and the innermost step
of a request: where Django has made it, for what a middleware answers, and where sessions, users and routes are known as
far as they are wanted.
"""

from collections.abc import Collection
from threading import Lock
from typing import Any

from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation._django_middleware import AnalyticsMiddleware, Witness, ask_user, ask_user_of_answer
from otel_segment.instrumentation._django_request import DJANGO, visit_of
from otel_segment.instrumentation._django_settings import web_of_django
from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import OF_OPENTELEMETRY, SegmentInstrumentor
from otel_segment.instrumentation._lifespan import lives
from otel_segment.instrumentation.asgi import serve as serve_asgi
from otel_segment.instrumentation.wsgi import serve as serve_wsgi

__all__ = ["AnalyticsMiddleware", "SegmentDjangoInstrumentor"]

_TRACING = "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware"
_WITNESS = f"{Witness.__module__}.{Witness.__qualname__}"
_loading = Lock()


class SegmentDjangoInstrumentor(SegmentInstrumentor):
    """Instruments Django: ``instrument()`` all handlers of the process, ``instrument_app(handler)`` one.

    Of what ``instrument()`` is not given, ``OTEL_SEGMENT`` in Django's settings counts, and then the environment. It
    is read when Django is ready, with the first handler that is made, and raises there if it is wrong.
    """

    _arguments: dict[str, Any] | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("django >= 4.2",)

    def _instrument(self, **settings: Any) -> None:
        self._arguments = {name: settings[name] for name in settings.keys() - OF_OPENTELEMETRY}
        try:
            super()._instrument(**settings)
        except ConfigurationError:
            self._uninstrument()
            raise

    def _wrap(self, hooks: Hooks) -> None:
        from django.apps import apps

        def wsgi(wrapped: Any, handler: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(handler)
            if web is None or keywords or len(arguments) != 2:  # noqa: PLR2004 - environ, start_response
                return wrapped(*arguments, **keywords)
            return serve_wsgi(wrapped, *arguments, web, DJANGO)

        # Not asynchronous itself: servers call without arguments to find out whether this is a factory.
        def asgi(wrapped: Any, handler: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(handler)
            if web is None or keywords or len(arguments) != 3:  # noqa: PLR2004 - scope, receive, send
                return wrapped(*arguments, **keywords)
            # Django refuses the lifespan, and then nothing tells that uvicorn is about to end.
            app = lives if arguments[0]["type"] == "lifespan" else wrapped
            return serve_asgi(app, *arguments, web, DJANGO)

        def load(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            self._read_settings()
            _load_with_witness(wrapped, arguments, keywords)

        hooks.wrap("django.core.handlers.wsgi", "WSGIHandler.__call__", wsgi)
        hooks.wrap("django.core.handlers.asgi", "ASGIHandler.__call__", asgi)
        hooks.wrap("django.core.handlers.base", "BaseHandler.load_middleware", load)
        hooks.wrap("django.core.handlers.base", "BaseHandler.get_response", _note_request)
        hooks.wrap("django.core.handlers.base", "BaseHandler.get_response_async", _get_response_async)
        hooks.wrap("django.core.handlers.base", "BaseHandler._get_response", _note_request)
        hooks.wrap("django.core.handlers.base", "BaseHandler._get_response_async", _call_view_async)
        if apps.ready:
            self._read_settings()

    def _read_settings(self) -> None:
        arguments, self._arguments = self._arguments, None
        if arguments is not None and self._of_all is not None:
            self._of_all = web_of_django(arguments)


def _load_with_witness(load: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Have a handler's middleware loaded with a witness right inside of what traces requests, if anything does."""
    from django.conf import settings

    listed = list(settings.MIDDLEWARE)
    if _TRACING not in listed:
        load(*arguments, **keywords)
        return
    inside = listed.index(_TRACING) + 1
    with _loading:
        before = settings.MIDDLEWARE
        settings.MIDDLEWARE = [*listed[:inside], _WITNESS, *listed[inside:]]
        try:
            load(*arguments, **keywords)
        finally:
            settings.MIDDLEWARE = before


def _note_request(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    visit_of(arguments[0] if arguments else keywords["request"])
    return wrapped(*arguments, **keywords)


async def _get_response_async(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    visit = visit_of(arguments[0] if arguments else keywords["request"])
    response = await wrapped(*arguments, **keywords)
    if visit is not None:
        await ask_user_of_answer(visit, response)
    return response


async def _call_view_async(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    visit = visit_of(arguments[0] if arguments else keywords["request"])
    if visit is not None:
        await ask_user(visit)
    return await wrapped(*arguments, **keywords)
