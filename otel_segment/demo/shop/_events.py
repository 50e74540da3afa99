"""What the shop tells about its visitors: through OpenTelemetry's API, to whoever listens."""

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import request
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.trace import SpanKind

from ._visitor import current_visitor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["tell", "tell_analytics", "tell_on_span", "traced"]

_NAME, _VERSION = "demo.shop", "1.0.0"


def tell(event: str, attributes: Mapping[str, Any]) -> None:
    """Tell of an event in the shop's own words, as a log record; what it means to analytics is not said here.

    Args:
        event: The name of the event.
        attributes: What there is to say about it.
    """
    _emit(event, {**_request_attributes(), **_person_attributes(), **attributes})


def tell_analytics(event: str, attributes: Mapping[str, Any]) -> None:
    """Tell of an event that is a track call by its own account, under the name that it is to have there.

    Who it is about, and where that person is, is not said: such an event has the visitor of its request.
    """
    _emit(event, {"analytics.type": "track", **attributes})


def tell_on_span(event: str, attributes: Mapping[str, str | float]) -> None:
    """Tell of a step of what the current span is about, as an event on it; the span says the rest."""
    span = trace.get_current_span()
    span.set_attributes(_person_attributes())
    span.add_event(event, {"log.record.uid": uuid.uuid4().hex, **attributes}, time.time_ns())


def traced(application: "WSGIApplication") -> "WSGIApplication":
    """Give each request a span with the usual attributes."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        tracer = trace.get_tracer(_NAME, _VERSION)
        facts = _span_attributes(environ)
        with tracer.start_as_current_span(_span_name(environ), kind=SpanKind.SERVER, attributes=facts):
            return application(environ, start_response)

    return call


def _emit(event: str, attributes: Mapping[str, Any]) -> None:
    told = {"log.record.uid": uuid.uuid4().hex, **attributes}
    get_logger(_NAME, _VERSION).emit(LogRecord(timestamp=time.time_ns(), event_name=event, attributes=told))


def _span_name(environ: "WSGIEnvironment") -> str:
    return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"


def _span_attributes(environ: "WSGIEnvironment") -> dict[str, str]:
    scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "localhost")
    query = environ.get("QUERY_STRING", "")
    return {
        "http.request.method": str(environ["REQUEST_METHOD"]),
        "url.full": f"{scheme}://{host}{environ.get('PATH_INFO', '/')}" + (f"?{query}" if query else ""),
        "client.address": environ.get("REMOTE_ADDR", ""),
        "user_agent.original": environ.get("HTTP_USER_AGENT", ""),
    }


def _request_attributes() -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "url.full": request.url,
        "client.address": request.remote_addr or "",
        "user_agent.original": request.user_agent.string,
    }
    if request.accept_languages:
        attributes["http.request.header.accept-language"] = [request.headers["Accept-Language"]]
    if request.referrer:
        attributes["http.request.header.referer"] = [request.referrer]
    return attributes


def _person_attributes() -> dict[str, str | bool | int]:
    visitor = current_visitor()
    attributes: dict[str, str | bool | int] = {"visitor.id": visitor.anonymous_id}
    attributes |= {f"analytics.consent.{name}": given for name, given in visitor.consent.items()}
    if account := visitor.account:
        attributes |= {"user.id": account.id, "user.email": account.email, "user.full_name": account.name}
        attributes |= {"account.newsletter": account.newsletter, "account.since": account.created.isoformat()}
        if team := account.team:
            attributes |= {"team.id": team.id, "team.name": team.name, "team.size": team.employees}
    return attributes
