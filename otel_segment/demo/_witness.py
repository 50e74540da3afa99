"""Runs the shop with a witness, who notes all events that pass through OpenTelemetry in its process.

The shop and the instrumentation of its framework both tell of events, and neither keeps them. What arrives at the far
end is checked against what was noted here, ahead of any exporter.
"""

import json
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from otel_segment.demo.shop import create_app, serve
from otel_segment.semconv import LOG_RECORD_UID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATH = "/_ledger"


class Ledger:
    """What was told, in full, so that the far end can be checked against it, and mapping rules be tried on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def enter(self, entry: dict[str, Any]) -> None:
        """Note an event."""
        with self._lock:
            self._entries.append(entry)

    def text(self) -> bytes:
        """Give all that was told so far, in the order of its time, as JSON."""
        with self._lock:
            entries = sorted(self._entries, key=lambda entry: int(entry["timestamp"]))
        return json.dumps(entries).encode()

    def beside(self, application: "WSGIApplication") -> "WSGIApplication":
        """Serve the ledger at an address of its own, beside an application."""

        def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ.get("PATH_INFO") != _PATH:
                return application(environ, start_response)
            start_response("200 OK", [("Content-Type", "application/json")])
            return [self.text()]

        return call


class _Records(LogRecordProcessor):
    """Notes events that are log records."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Note a record, as those before have left it."""
        record = log_record.log_record
        attributes = _plain(record.attributes or {})
        if LOG_RECORD_UID in attributes:
            entry = _entry(str(record.event_name), attributes, record.timestamp, log_record.instrumentation_scope)
            self._ledger.enter(entry | _place(record.trace_id, record.span_id))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """Do nothing: nothing is held."""
        return True

    def shutdown(self) -> None:
        """Do nothing: nothing is held."""


class _Spans(SpanProcessor):
    """Notes events on spans."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_end(self, span: ReadableSpan) -> None:
        """Note the events of a span; the span says the rest."""
        for event in span.events:
            attributes = _plain(event.attributes or {})
            if LOG_RECORD_UID in attributes:
                entry = _entry(event.name, attributes, event.timestamp, span.instrumentation_scope)
                entry["span"] = {"name": span.name, "attributes": _plain(span.attributes or {})}
                here = span.get_span_context()
                self._ledger.enter(entry | _place(here and here.trace_id, here and here.span_id))


def _entry(
    event: str, attributes: dict[str, Any], timestamp: int | None, scope: InstrumentationScope | None
) -> dict[str, Any]:
    told_by = {"name": scope.name, "version": scope.version} if scope else {"name": "", "version": None}
    return {"event_name": event, "timestamp": timestamp or 0, "attributes": attributes, "scope": told_by}


def _place(trace_id: int | None, span_id: int | None) -> dict[str, str]:
    return {
        "trace_id": trace.format_trace_id(trace_id or 0),
        "span_id": trace.format_span_id(span_id or 0),
    }


def _plain(value: Any) -> Any:
    # The SDK keeps maps and lists in forms of its own, which cannot be changed.
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _observe(ledger: Ledger) -> None:
    logs, spans = get_logger_provider(), trace.get_tracer_provider()
    if isinstance(logs, LoggerProvider):
        logs.add_log_record_processor(_Records(ledger))
    if isinstance(spans, TracerProvider):
        spans.add_span_processor(_Spans(ledger))


if __name__ == "__main__":
    told = Ledger()
    _observe(told)
    serve(told.beside(create_app()))
