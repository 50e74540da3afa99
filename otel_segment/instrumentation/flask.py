"""Flask: all applications of a process, or one of them.

There are two hooks, of which the outer one that is reached serves the request. ``Flask.__call__`` is outside of what
an application has put around its ``wsgi_app``, such as ``ProxyFix``, whose word on the client's address counts all the
same, since nobody asks for it before. ``Flask.wsgi_app`` is for those that call no more than that.
"""

from collections.abc import Callable, Collection
from typing import Any

from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import SegmentInstrumentor
from otel_segment.instrumentation._visit import KEY
from otel_segment.instrumentation.wsgi import serve

__all__ = ["SegmentFlaskInstrumentor"]

_TAKEN = "otel_segment.flask"


class SegmentFlaskInstrumentor(SegmentInstrumentor):
    """Instruments Flask: ``instrument()`` all applications, ``instrument_app(app)`` one."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("flask >= 2.0",)

    def _wrap(self, hooks: Hooks) -> None:
        def call(wrapped: Any, app: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(app)
            if web is None or keywords:
                return wrapped(*arguments, **keywords)
            environ, start_response = arguments
            if environ.get(_TAKEN) is app and KEY in environ:
                return wrapped(environ, start_response)
            environ[_TAKEN] = app
            framework = _Flask()
            return serve(wrapped, environ, framework.keeping(start_response), web, framework)

        # Not of the module flask, whose Flask OpenTelemetry's own instrumentor replaces by a class that inherits it.
        hooks.wrap("flask.app", "Flask.__call__", call)
        hooks.wrap("flask.app", "Flask.wsgi_app", call)


class _Flask:
    """What Flask knows of one request.

    What it tells in the request's context is kept for afterwards: a body may be made when the context is gone.
    """

    __slots__ = ("_globals", "_id", "_request", "_user")

    def __init__(self) -> None:
        self._globals: Any = None
        self._request: Any = None
        self._user: Any = None
        self._id: object = None

    def keeping(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """Let what is known be kept when the answer begins, which it does in the request's context."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self._keep()
            if exc_info is None:
                return start_response(status, headers)
            return start_response(status, headers, exc_info)

        return start

    def request(self, native: Any) -> Any:
        """Return ``flask.request``, without its proxy."""
        self._keep()
        return None if self._request is None and isinstance(native, dict) else self._request or native

    def made(self, native: Any) -> Any:
        """Make a request, outside of the application's context."""
        from flask import Request

        return Request(native)

    def user_id(self, native: Any) -> object:  # noqa: ARG002
        """Return the id of Flask-Login's user, if the application has loaded it."""
        self._keep()
        # Not flask_login.current_user, which would load the user.
        user: Any = None if self._globals is None else self._globals.get("_login_user")
        if user is not self._user:
            # Once for each user object: models of a database may have to be read again for it.
            self._id = user.get_id() if getattr(user, "is_authenticated", False) else None
            self._user = user
        return self._id

    def route(self, native: Any) -> str | None:
        """Return the rule, under the path that the application is mounted at."""
        self._keep()
        rule = getattr(self._request, "url_rule", None)
        return None if rule is None else f"{native.get('SCRIPT_NAME', '')}{rule.rule}"

    def _keep(self) -> None:
        if self._request is not None:
            return
        from flask import g, has_request_context, request

        if has_request_context():
            behind_proxies: tuple[Any, Any] = (g, request)
            self._globals, self._request = (each._get_current_object() for each in behind_proxies)  # noqa: SLF001
