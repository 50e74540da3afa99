"""Starlette, and what is built on it, as FastAPI is: all applications of a process, or one of them."""

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any

from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import SegmentInstrumentor
from otel_segment.instrumentation._request import Scope
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation.asgi import serve

__all__ = ["SegmentStarletteInstrumentor"]

_TEMPLATE = "otel_segment.route"
_IDS = ("identity", "id", "pk", "user_id", "username")
"""Where a user's id may be; Starlette itself names the first, and its own ``SimpleUser`` has but the last."""


class SegmentStarletteInstrumentor(SegmentInstrumentor):
    """Instruments Starlette and FastAPI: ``instrument()`` all applications, ``instrument_app(app)`` one.

    An asynchronous ``get_user`` is awaited when the route is known: sessions and users are there by then, and what
    stands before the application's own middleware has no user yet.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("starlette >= 0.27",)

    def _wrap(self, hooks: Hooks) -> None:
        async def call(wrapped: Any, app: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            web = self._web_for(app)
            if web is None:
                await wrapped(*arguments, **keywords)
            else:
                scope, receive, send = arguments
                await serve(wrapped, scope, receive, send, web, _STARLETTE)

        hooks.wrap("starlette.applications", "Starlette.__call__", call)
        hooks.wrap("starlette.routing", "Route.handle", _handle)
        if find_spec("fastapi") is not None:
            from fastapi.routing import APIRoute

            # It had none of its own for long.
            if "handle" in vars(APIRoute):
                hooks.wrap("fastapi.routing", "APIRoute.handle", _handle)


async def _handle(wrapped: Any, route: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Note the template of the route; ask who is signed in where that takes waiting."""
    scope: Scope = arguments[0] if arguments else keywords["scope"]
    visit: Visit | None = scope.get(KEY)
    if visit is not None:
        scope[_TEMPLATE] = route.path
        if visit.awaits_user:
            await visit.ask_user()
    await wrapped(*arguments, **keywords)


class _Starlette:
    """What Starlette keeps in a request's scope."""

    def request(self, native: Scope) -> Any:
        """Return the request, whose body is left alone."""
        from starlette.requests import Request

        return Request(native)

    def user_id(self, native: Scope) -> object:
        """Return the id of the user whom the authentication middleware has found."""
        user = native.get("user")
        if user is None or not getattr(user, "is_authenticated", False):
            return None
        return next((found for name in _IDS if (found := _attribute(user, name)) is not None), None)

    def route(self, native: Scope) -> str | None:
        """Return the template of the route, under the path that its application is mounted at."""
        # FastAPI keeps the template of a route in an included router apart from the route.
        included = getattr((native.get("fastapi") or {}).get("effective_route_context"), "path", None)
        template = included or native.get(_TEMPLATE)
        return None if template is None else f"{native.get('root_path', '')}{template}"


_STARLETTE = _Starlette()


def _attribute(user: Any, name: str) -> object:
    try:
        return getattr(user, name, None)
    except NotImplementedError:
        return None
