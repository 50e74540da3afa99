"""What the shop tells about its visitors: through OpenTelemetry's API, to whoever listens."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import request
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.trace import SpanKind

from ._visitor import current_visitor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Ledger", "ledger", "tell", "tell_on_span", "traced"]

_NAME, _VERSION = "demo.shop", "1.0.0"


class Ledger:
    """What was told, so that the far end can be checked against it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, str]] = []

    def enter(self, kind: str, event: str) -> str:
        """Note an event and give it an id of its own."""
        uid = uuid.uuid4().hex
        with self._lock:
            self._entries.append({"uid": uid, "type": kind, "event": event})
        return uid

    def entries(self) -> list[dict[str, str]]:
        """Give all that was told so far."""
        with self._lock:
            return list(self._entries)


ledger = Ledger()


def tell(kind: str, event: str, attributes: Mapping[str, Any]) -> None:
    """Tell of an event, as a log record.

    Args:
        kind: What it means to analytics: track, page, screen, identify, group or alias.
        event: The name of the event.
        attributes: What there is to say about it.
    """
    record = LogRecord(
        timestamp=time.time_ns(),
        event_name=event,
        attributes={
            "analytics.type": kind,
            "log.record.uid": ledger.enter(kind, event),
            **_request_attributes(),
            **_person_attributes(),
            **attributes,
        },
    )
    get_logger(_NAME, _VERSION).emit(record)


def tell_on_span(event: str, properties: Mapping[str, str | float]) -> None:
    """Tell of a step of what the current span is about, as an event on it; the span says the rest."""
    span = trace.get_current_span()
    span.set_attributes(_person_attributes())
    span.add_event(
        event,
        {
            "analytics.type": "track",
            "log.record.uid": ledger.enter("track", event),
            **{f"analytics.properties.{name}": value for name, value in properties.items()},
        },
    )


def traced(application: "WSGIApplication") -> "WSGIApplication":
    """Give each request a span with the usual attributes."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        tracer = trace.get_tracer(_NAME, _VERSION)
        method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO", "/"))
        facts = _span_attributes(environ.get, method, path)
        with tracer.start_as_current_span(f"{method} {path}", kind=SpanKind.SERVER, attributes=facts):
            return application(environ, start_response)

    return call


def _span_attributes(header: Callable[[str, str], Any], method: str, path: str) -> dict[str, str]:
    scheme, host = header("wsgi.url_scheme", "http"), header("HTTP_HOST", "localhost")
    query = header("QUERY_STRING", "")
    return {
        "http.request.method": method,
        "url.full": f"{scheme}://{host}{path}" + (f"?{query}" if query else ""),
        "client.address": header("REMOTE_ADDR", ""),
        "user_agent.original": header("HTTP_USER_AGENT", ""),
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


def _person_attributes() -> dict[str, str]:
    visitor = current_visitor()
    attributes = {"analytics.anonymous_id": visitor.anonymous_id}
    if visitor.account:
        attributes["user.id"] = visitor.account.id
        if visitor.account.team:
            attributes["analytics.group.id"] = visitor.account.team.id
    return attributes
