"""What a Django request knows, without being made to find it out."""

from typing import Any

from otel_segment.instrumentation._django_route import template
from otel_segment.instrumentation._request import AsgiRequest, Request, WsgiRequest
from otel_segment.instrumentation._visit import KEY, Visit

__all__ = ["DJANGO", "kept_in", "neutral", "visit_of"]


class _Django:
    """What a Django request knows; it is an environment or a scope until the handler has made it one."""

    def request(self, native: Any) -> Any:
        """Return the request."""
        return native

    def user_id(self, native: Any) -> object:
        """Return the id of the user, if the application has loaded it or the session that has it.

        Asking ``request.user`` would load both, and would have the answer vary by cookie. So this looks at what they
        keep when somebody else has asked them.
        """
        kept = getattr(native, "__dict__", None)
        if kept is None:
            return None
        user = _loaded(kept.get("user"))
        if user is None:
            user = kept.get("_cached_user") or kept.get("_acached_user")
        if user is not None:
            return user.pk if user.is_authenticated else None
        session = getattr(kept.get("session"), "__dict__", {}).get("_session_cache")
        return session.get("_auth_user_id") if isinstance(session, dict) else None

    def route(self, native: Any) -> str | None:
        """Return the route of the URL configuration, under the path that the application is mounted at."""
        route = getattr(getattr(native, "resolver_match", None), "route", None)
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


def _loaded(user: Any) -> Any:
    """Return a user who stands in for none that is yet to be loaded."""
    from django.utils.functional import LazyObject, empty

    if not issubclass(type(user), LazyObject):
        return user if hasattr(user, "is_authenticated") and hasattr(user, "pk") else None
    wrapped = user.__dict__.get("_wrapped")
    return None if wrapped is empty else wrapped
