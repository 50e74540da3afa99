"""Flask: all applications of a process, or one of them.

The hook is ``Flask.wsgi_app``: inside of what an application has put around itself, such as ``ProxyFix``, whose word
on the client's address thus counts.
"""

from collections.abc import Collection
from typing import Any

from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import SegmentInstrumentor
from otel_segment.instrumentation.wsgi import serve

__all__ = ["SegmentFlaskInstrumentor"]


class SegmentFlaskInstrumentor(SegmentInstrumentor):
    """Instruments Flask: ``instrument()`` all applications, ``instrument_app(app)`` one."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("flask >= 2.2",)

    def _wrap(self, hooks: Hooks) -> None:
        def wsgi_app(wrapped: Any, app: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(app)
            if web is None:
                return wrapped(*arguments, **keywords)
            return serve(wrapped, arguments[0], arguments[1], web, _FLASK)

        hooks.wrap("flask", "Flask.wsgi_app", wsgi_app)


class _Flask:
    """What Flask knows of the request that is being served in this context."""

    def request(self, native: Any) -> Any:
        """Return ``flask.request``, without its proxy."""
        from flask import has_request_context, request

        behind_proxy: Any = request
        return behind_proxy._get_current_object() if has_request_context() else native  # noqa: SLF001

    def user_id(self, native: Any) -> object:  # noqa: ARG002
        """Return the id of Flask-Login's user, if the application has loaded it."""
        from flask import g, has_app_context

        # Not flask_login.current_user, which would load the user.
        user = g.get("_login_user") if has_app_context() else None
        return user.get_id() if user is not None and getattr(user, "is_authenticated", False) else None

    def route(self, native: Any) -> str | None:
        """Return the rule, under the path that the application is mounted at."""
        from flask import has_request_context, request

        rule = request.url_rule if has_request_context() else None
        return None if rule is None else f"{native.get('SCRIPT_NAME', '')}{rule.rule}"


_FLASK = _Flask()
