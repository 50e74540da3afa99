"""Starlette, and what is built on it, as FastAPI is: all applications of a process, or one of them."""

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any

from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._instrumentor import SegmentInstrumentor
from otel_segment.instrumentation._request import Scope
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation._web import Web
from otel_segment.instrumentation.asgi import Receive, Send, serve

__all__ = ["SegmentStarletteInstrumentor"]

_TEMPLATE = "otel_segment.route"
_MOUNT = "otel_segment.mount"
_IDS = ("identity", "id", "pk", "user_id", "username")
"""Where a user's id may be; Starlette itself names the first, and its own ``SimpleUser`` has but the last."""


class SegmentStarletteInstrumentor(SegmentInstrumentor):
    """Instruments Starlette and FastAPI: ``instrument()`` all applications, ``instrument_app(app)`` one.

    An asynchronous ``get_user`` is awaited when the route is known: sessions and users are there by then, and what
    stands before the application's own middleware has no user yet.
    """

    def instrumentation_dependencies(self) -> Collection[str]:
        """Name the versions that this is for."""
        return ("starlette >= 0.40",)

    def _wrap(self, hooks: Hooks) -> None:
        def call(wrapped: Any, app: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            web = self._web_for(app)
            # Wrong arguments raise at once: so uvicorn tells applications from what makes them.
            return wrapped(*arguments, **keywords) if web is None else _serve(wrapped, web, *arguments, **keywords)

        hooks.wrap("starlette.applications", "Starlette.__call__", call)
        hooks.wrap("starlette.routing", "Mount.handle", _handle_mount)
        hooks.wrap("starlette.routing", "Route.handle", _handle)
        if find_spec("fastapi") is not None:
            from fastapi.routing import APIRoute

            # It had none of its own for long.
            if "handle" in vars(APIRoute):
                hooks.wrap("fastapi.routing", "APIRoute.handle", _handle)


async def _serve(app: Any, web: Web, scope: Scope, receive: Receive, send: Send) -> None:
    scope.setdefault(_MOUNT, scope.get("root_path", ""))
    await serve(app, scope, receive, send, web, _STARLETTE)


async def _handle_mount(wrapped: Any, route: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Note the template of the path that an application is mounted at, of which the scope has but what it matched."""
    scope: Scope = arguments[0] if arguments else keywords["scope"]
    visit: Visit | None = scope.get(KEY)
    if visit is not None:
        # What is mounted may have no routes, as files have none.
        visit.note_trace()
        scope[_MOUNT] = f"{scope.get(_MOUNT, '')}{route.path}"
    await wrapped(*arguments, **keywords)


async def _handle(wrapped: Any, route: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Note the template of the route; ask who is signed in where that takes waiting."""
    scope: Scope = arguments[0] if arguments else keywords["scope"]
    visit: Visit | None = scope.get(KEY)
    if visit is not None:
        scope[_TEMPLATE] = scope.get(_MOUNT, "") + _path(route, scope)
        # What stands between may have made a scope of its own, and have begun to trace.
        visit.adopt(_STARLETTE, scope)
        if visit.awaits:
            await visit.ask_user()
    await wrapped(*arguments, **keywords)


def _path(route: Any, scope: Scope) -> str:
    # FastAPI keeps the template of a route in an included router apart from the route.
    context = (scope.get("fastapi") or {}).get("effective_route_context")
    path: str = context.path if context is not None and context.original_route is route else route.path
    return path


class _Starlette:
    """What Starlette keeps in a request's scope."""

    def request(self, native: Scope) -> Any:
        """Return the request, whose body is left alone."""
        from starlette.requests import Request

        return Request(native)

    made = request

    def user_id(self, native: Scope) -> object:
        """Return the id of the user whom the authentication middleware has found."""
        user = native.get("user")
        if user is None or _attribute(user, "is_authenticated") is not True:
            return None
        return next((found for name in _IDS if (found := _attribute(user, name)) is not None), None)

    def route(self, native: Scope) -> str | None:
        """Return the template of the route, with the one of the path that its application is mounted at."""
        return native.get(_TEMPLATE)


_STARLETTE = _Starlette()


def _attribute(user: Any, name: str) -> object:
    try:
        return getattr(user, name, None)
    except Exception:  # noqa: BLE001 - an attribute that is not there, in the words of its owner
        return None
