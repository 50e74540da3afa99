"""The events that requests make, emitted through OpenTelemetry's logs API."""

import time
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber

from otel_segment.analytics import outlet
from otel_segment.emit import attributes_of, new_uid
from otel_segment.instrumentation._bots import is_bot
from otel_segment.instrumentation._browser import hints
from otel_segment.semconv import (
    ANALYTICS_ANONYMOUS_ID,
    ANALYTICS_CONTEXT,
    ANALYTICS_NAME,
    ANALYTICS_PAGE_TITLE,
    ANALYTICS_PROPERTIES,
    ANALYTICS_TYPE,
    HTTP_ROUTE,
    LOG_RECORD_UID,
    USER_ID,
)

if TYPE_CHECKING:
    from otel_segment.instrumentation._visit import Answer
    from otel_segment.instrumentation._web import Web
    from otel_segment.instrumentation._who import Who

__all__ = ["announce_page", "announce_request"]

_INFO = SeverityNumber.INFO


def announce_page(who: "Who", web: "Web", page: "Answer", title: str | None) -> None:
    """Emit the page that a visitor views."""
    attributes = _of_visitor(who)
    if attributes is None:
        return
    attributes[ANALYTICS_TYPE] = "page"
    attributes[ANALYTICS_NAME] = page.name
    if page.route:
        attributes[HTTP_ROUTE] = page.route
    if title:
        attributes[ANALYTICS_PAGE_TITLE] = title
    attributes.update(hints(who.request))
    if web.settings.bots == "mark" and is_bot(who.request.header("user-agent")):
        attributes["user_agent.synthetic.type"] = "bot"
        attributes[ANALYTICS_CONTEXT] = {"bot": True}
    _emit("page", page, attributes)


def announce_request(who: "Who", call: "Answer", took: int) -> None:
    """Emit the call of an interface for programs.

    Args:
        who: The visitor.
        call: The answer.
        took: The nanoseconds that it took to begin.
    """
    attributes = _of_visitor(who)
    if attributes is None:
        return
    properties: dict[str, Any] = {
        "method": who.request.method,
        "path": who.request.path,
        "status": call.status,
        "duration_ms": took // 1_000_000,
    }
    if call.route:
        properties["route"] = attributes[HTTP_ROUTE] = call.route
    attributes[ANALYTICS_TYPE] = "track"
    attributes[ANALYTICS_PROPERTIES] = properties
    _emit(call.name, call, attributes)


def _of_visitor(who: "Who") -> dict[str, Any] | None:
    """Return what every event carries of the visitor; None where there is nobody whose event it could be."""
    attributes = attributes_of(who.visitor())
    return attributes if USER_ID in attributes or ANALYTICS_ANONYMOUS_ID in attributes else None


def _emit(name: str, answer: "Answer", attributes: dict[str, Any]) -> None:
    logger = outlet.logger()
    if logger is None:
        return
    attributes[LOG_RECORD_UID] = new_uid()
    logger.emit(
        LogRecord(
            timestamp=answer.at,
            observed_timestamp=time.time_ns(),
            context=answer.context,
            severity_number=_INFO,
            event_name=name,
            attributes=attributes,
        )
    )
