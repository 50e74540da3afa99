"""What a Django request knows, without being made to find it out."""

from io import BytesIO
from typing import Any

from otel_segment.instrumentation._django_route import template
from otel_segment.instrumentation._request import AsgiRequest, Request, WsgiRequest
from otel_segment.instrumentation._visit import KEY, Visit

__all__ = ["DJANGO", "kept_in", "neutral", "visit_of"]


class _Django:
    """What a Django request knows; it is an environment or a scope until the handler has made it one."""

    def request(self, native: Any) -> Any:
        """Return the request."""
        return None if isinstance(native, dict) else native

    def made(self, native: Any) -> Any:
        """Make a request, of which no middleware knows."""
        if "type" in native:
            from django.core.handlers.asgi import ASGIRequest

            return ASGIRequest(native, BytesIO())
        from django.core.handlers.wsgi import WSGIRequest

        return WSGIRequest(native)

    def user_id(self, native: Any) -> object:
        """Return the id of the user, if the application has loaded it.

        Asking ``request.user`` would load it and its session, and would have the answer vary by cookie. So this looks
        at what is kept when somebody else has asked. What a session says is not enough: Django does not believe it
        where the password has changed since or the user is gone.
        """
        kept = getattr(native, "__dict__", None)
        if kept is None:
            return None
        user = _loaded(kept.get("user"))
        if user is None:
            user = kept.get("_cached_user") or kept.get("_acached_user")
        return user.pk if user is not None and user.is_authenticated else None

    def route(self, native: Any) -> str | None:
        """Return the route of the URL configuration, under the path that the application is mounted at."""
        match = getattr(native, "resolver_match", None) or _resolved(native)
        route = getattr(match, "route", None)
        return None if route is None else f"{native.META.get('SCRIPT_NAME', '').rstrip('/')}/{template(route)}"


DJANGO = _Django()


def kept_in(request: Any) -> Any:
    """Return where the visit of a Django request is kept: its scope, else its environment."""
    scope = getattr(request, "scope", None)
    return request.META if scope is None else scope


def visit_of(request: Any) -> Visit | None:
    """Return the visit that a Django request is part of, which learns what the request knows."""
    visit: Visit | None = kept_in(request).get(KEY)
    if visit is not None:
        visit.adopt(DJANGO, request)
    return visit


def neutral(request: Any) -> Request:
    """Return a Django request as all frameworks have it."""
    scope = getattr(request, "scope", None)
    return WsgiRequest(request.META, request) if scope is None else AsgiRequest(scope, request)


def _resolved(native: Any) -> Any:
    """Find the route that a request would have taken, had no middleware answered it, as from a cache."""
    path = getattr(native, "path_info", None)
    if path is None:
        return None
    from django.urls import resolve

    try:
        return resolve(path, getattr(native, "urlconf", None))
    except Exception:  # noqa: BLE001 - there is none, or the project's own converters fail
        return None


def _loaded(user: Any) -> Any:
    """Return a user who stands in for none that is yet to be loaded."""
    from django.utils.functional import LazyObject, empty

    if not issubclass(type(user), LazyObject):
        return user if hasattr(user, "is_authenticated") and hasattr(user, "pk") else None
    wrapped = user.__dict__.get("_wrapped")
    return None if wrapped is empty else wrapped
