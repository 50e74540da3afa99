"""The middleware for Django's ``MIDDLEWARE``, and what it does where an outer layer has taken the request."""

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import get_current_span

from otel_segment.instrumentation._django_body import follow
from otel_segment.instrumentation._django_browser import browser_reply
from otel_segment.instrumentation._django_request import DJANGO, kept_in, neutral, visit_of
from otel_segment.instrumentation._django_settings import web_of_django
from otel_segment.instrumentation._visit import KEY, Visit
from otel_segment.instrumentation._web import Web

__all__ = ["AnalyticsMiddleware", "Witness", "ask_user", "ask_user_of_answer"]

_TO_BE_KEPT = ("Cache-Control", "public")


class Witness:
    """Tells the visit that an outer layer has begun what it could not see from there.

    Django's tracing middleware begins and ends the request's span inside of the handler. What is inside of that
    middleware sees the span, and the answer while it is not over.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction

        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)  # type: ignore[arg-type, unused-ignore]

    def __call__(self, request: Any) -> Any:
        """Serve a request; in Django's asynchronous mode what is returned is to be awaited."""
        if self._is_async:
            return self._serve_async(request)
        visit = visit_of(request)
        if visit is not None:
            return _witnessed(visit, self.get_response(request))
        return self._serve(request)

    async def _serve_async(self, request: Any) -> Any:
        visit = visit_of(request)
        if visit is not None:
            return _witnessed(visit, await self.get_response(request))
        return await self._serve_alone(request)

    def _serve(self, request: Any) -> Any:
        return self.get_response(request)

    async def _serve_alone(self, request: Any) -> Any:
        return await self.get_response(request)


class AnalyticsMiddleware(Witness):
    """Stands in Django's ``MIDDLEWARE``, by WSGI and by ASGI; best as the first of them.

    What stands before it is not seen: a page that another middleware answers there makes no event, and what another
    one makes of an answer there (a 304 of what has not changed) is not known here. A request that another layer of
    ours has taken already is left to it.

    The settings are those of ``OTEL_SEGMENT`` in Django's settings, a map of names to values; what is not given there
    comes from the environment. An asynchronous ``get_user`` is awaited before the view is called, and a plain one runs
    in a thread, where the server is an ASGI one; with a WSGI server it is called when a first event needs it.

    Raises:
        ConfigurationError: Settings are unknown or wrong.
    """

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        super().__init__(get_response)
        self._web: Web = web_of_django({})
        if self._is_async and self._web.settings.get_user is not None:
            self.process_view = _before_view

    def _serve(self, request: Any) -> Any:
        if (reply := browser_reply(request, self._web)) is not None:
            return reply
        visit = kept_in(request)[KEY] = Visit(neutral(request), self._web, DJANGO)
        try:
            with visit.presence:
                return _answered(visit, request, self.get_response(request))
        finally:
            kept_in(request).pop(KEY, None)

    async def _serve_alone(self, request: Any) -> Any:
        if (reply := browser_reply(request, self._web)) is not None:
            return reply
        visit = kept_in(request)[KEY] = Visit(neutral(request), self._web, DJANGO)
        try:
            with visit.presence:
                response = await self.get_response(request)
                await ask_user_of_answer(visit, response)
                return _answered(visit, request, response)
        finally:
            kept_in(request).pop(KEY, None)


async def _before_view(request: Any, *_: Any) -> None:
    visit = visit_of(request)
    if visit is not None:
        await ask_user(visit)


async def ask_user(visit: Visit) -> None:
    """Ask who is signed in, where there is an event loop: a plain function may ask the database, in a thread."""
    from asgiref.sync import sync_to_async

    await visit.ask_user(sync_to_async)


async def ask_user_of_answer(visit: Visit, response: Any) -> None:
    """Ask who is signed in where a middleware has answered with a page, before a view had its turn."""
    if visit.lacks_user and visit.makes_event(response.status_code, _headers(response)):
        await ask_user(visit)


def _witnessed(visit: Visit, response: Any) -> Any:
    if get_current_span().is_recording():
        visit.answered(response.status_code, _headers(response))
    return response


def _answered(visit: Visit, request: Any, response: Any) -> Any:
    headers = _headers(response)
    if not response.streaming and not response.has_header("Content-Length"):
        # The common middleware that says so may stand outside.
        headers.append(("Content-Length", str(len(response.content))))
    if getattr(request, "_cache_update_cache", False):
        # Django's own cache is going to keep this answer for others, and says so in a header when it does.
        headers.append(_TO_BE_KEPT)
    cookie = visit.answered(response.status_code, headers)
    if cookie is not None:
        response.cookies.load(cookie)
    if visit.naming is not None:
        name, value = visit.naming
        response[name] = f"{response[name]}, {value}" if response.has_header(name) else value
    if response.streaming:
        follow(response, visit)
        visit.tell()
    else:
        visit.tell(response.content if visit.takes_title else b"")
    return response


def _headers(response: Any) -> list[tuple[str, str]]:
    set_here = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
    return [*response.items(), *set_here]
