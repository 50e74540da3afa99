"""The events that requests make, emitted through OpenTelemetry's logs API."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, set_span_in_context

from otel_segment.analytics import outlet
from otel_segment.emit import Visitor, attributes_of, new_uid
from otel_segment.instrumentation._bots import is_bot
from otel_segment.instrumentation._browser import hints
from otel_segment.instrumentation._location import full_url
from otel_segment.semconv import (
    ANALYTICS_ANONYMOUS_ID,
    ANALYTICS_CONTEXT,
    ANALYTICS_NAME,
    ANALYTICS_PAGE_TITLE,
    ANALYTICS_PARENT_EVENT_ID,
    ANALYTICS_PROPERTIES,
    ANALYTICS_TYPE,
    HTTP_ROUTE,
    LOG_RECORD_UID,
    USER_ID,
)

if TYPE_CHECKING:
    from otel_segment.instrumentation._answer import Answer
    from otel_segment.instrumentation._browser_report import Report
    from otel_segment.instrumentation._web import Web
    from otel_segment.instrumentation._who import Who

__all__ = ["announce_move", "announce_page", "announce_request"]

_INFO = SeverityNumber.INFO


def announce_page(who: "Who", web: "Web", page: "Answer", title: str | None) -> None:
    """Emit the page that a visitor views."""
    attributes = _of_visitor(page.visitor or who.visitor())
    if attributes is None:
        return
    attributes[ANALYTICS_TYPE] = "page"
    attributes[ANALYTICS_NAME] = page.name
    if page.route:
        attributes[HTTP_ROUTE] = page.route
    if title:
        attributes[ANALYTICS_PAGE_TITLE] = title
    _add_client(who, web, attributes)
    # What is set up with the first event must be there before the process begins to end.
    if page.uid is None or web.browser is None or outlet.logger() is None:
        _emit("page", page, attributes)
        return
    # Not the context itself, which has the visitor, and so the whole request.
    span = get_current_span(page.context).get_span_context()
    web.browser.pages.hold(page.uid, partial(_emit_held, attributes, page.at, page.uid, span))


def announce_move(who: "Who", web: "Web", moved: "Answer", report: "Report", parent: str | None) -> None:
    """Emit the page that a script has moved on to.

    Args:
        who: The visitor, as of the report.
        web: The settings, made ready.
        moved: When, and in what context.
        report: What the browser reports.
        parent: The id of the page that was loaded, where it is known.
    """
    place, before = report.place, report.before
    if place is None:
        return
    seen = web.trust.client(who.request)
    page: dict[str, Any] = {"path": place.path, "url": full_url(seen.scheme, seen.host, *place)}
    if place.query:
        page["search"] = place.query
    if before is not None:
        page["referrer"] = full_url(seen.scheme, seen.host, *before)
    attributes = attributes_of(who.visitor()._replace(page=page))
    if USER_ID not in attributes and ANALYTICS_ANONYMOUS_ID not in attributes:
        return
    attributes[ANALYTICS_TYPE] = "page"
    attributes[ANALYTICS_NAME] = place.path
    if parent is not None:
        attributes[ANALYTICS_PARENT_EVENT_ID] = parent
    _add_client(who, web, attributes)
    attributes.update(report.attributes)
    _emit("page", moved, attributes)


def announce_request(who: "Who", call: "Answer", took: int) -> None:
    """Emit the call of an interface for programs.

    Args:
        who: The visitor.
        call: The answer.
        took: The nanoseconds that it took to begin.
    """
    attributes = _of_visitor(who.visitor())
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


def _add_client(who: "Who", web: "Web", attributes: dict[str, Any]) -> None:
    attributes.update(hints(who.request))
    if web.settings.bots == "mark" and is_bot(who.request.header("user-agent")):
        attributes["user_agent.synthetic.type"] = "bot"
        attributes[ANALYTICS_CONTEXT] = {"bot": True}


def _of_visitor(visitor: Visitor) -> dict[str, Any] | None:
    """Return what every event carries of the visitor; None where there is nobody whose event it could be."""
    attributes = attributes_of(visitor)
    return attributes if USER_ID in attributes or ANALYTICS_ANONYMOUS_ID in attributes else None


def _emit(name: str, answer: "Answer", attributes: dict[str, Any]) -> None:
    _emit_at(answer.at, answer.uid or new_uid(), answer.context, name, attributes)


def _emit_held(attributes: dict[str, Any], at: int, uid: str, span: SpanContext, more: dict[str, Any]) -> None:
    attributes.update(more)
    _emit_at(at, uid, set_span_in_context(NonRecordingSpan(span), Context()), "page", attributes)


def _emit_at(at: int, uid: str, context: Context, name: str, attributes: dict[str, Any]) -> None:
    logger = outlet.logger()
    if logger is None:
        return
    attributes[LOG_RECORD_UID] = uid
    logger.emit(
        LogRecord(
            timestamp=at,
            observed_timestamp=time.time_ns(),
            context=context,
            severity_number=_INFO,
            event_name=name,
            attributes=attributes,
        )
    )
