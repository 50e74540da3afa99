"""Events from OTLP/JSON, the form in which a collector's file exporter records them."""

import math
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from otel_segment.exporters import RecordedEvent

__all__ = ["SIGNALS", "otlp_events"]

SIGNALS = ("resourceLogs", "resourceSpans")
"""By which a message of log records, or of spans, is known."""

_SERVER = (2, "SPAN_KIND_SERVER")

# Protocol Buffers' JSON form of the numbers that JSON has not.
_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def otlp_events(message: dict[str, Any]) -> Iterator[RecordedEvent]:
    """Yield the log records, the server spans, and the events on spans, of an export request in OTLP/JSON."""
    for resource_logs in message.get("resourceLogs", ()):
        for scope_logs in resource_logs.get("scopeLogs", ()):
            base = _base(resource_logs, scope_logs)
            for record in scope_logs.get("logRecords", ()):
                yield _log_record(base, record)
    for resource_spans in message.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            base = _base(resource_spans, scope_spans)
            for span in scope_spans.get("spans", ()):
                yield from _span_events(base, span)


def _base(resourceful: dict[str, Any], scoped: dict[str, Any]) -> RecordedEvent:
    scope = scoped.get("scope") or {}
    return RecordedEvent(
        resource=_attributes(resourceful.get("resource") or {}),
        scope_name=scope.get("name", ""),
        scope_version=scope.get("version") or None,
        scope_attributes=_attributes(scope),
    )


def _log_record(base: RecordedEvent, record: dict[str, Any]) -> RecordedEvent:
    timestamp = int(record.get("timeUnixNano", 0))
    return replace(
        base,
        name=record.get("eventName") or None,
        attributes=_attributes(record),
        body=_value(record.get("body") or {}),
        timestamp=timestamp,
        observed_timestamp=int(record.get("observedTimeUnixNano", timestamp)),
        trace_id=int(record.get("traceId") or "0", 16),
        span_id=int(record.get("spanId") or "0", 16),
        severity=int(record.get("severityNumber", 0)),
    )


def _span_events(base: RecordedEvent, span: dict[str, Any]) -> Iterator[RecordedEvent]:
    shared = _attributes(span)
    if span.get("kind") in _SERVER:
        yield replace(
            base,
            attributes=shared,
            timestamp=int(span.get("startTimeUnixNano", 0)),
            observed_timestamp=int(span.get("endTimeUnixNano", 0)),
            trace_id=int(span.get("traceId") or "0", 16),
            span_id=int(span.get("spanId") or "0", 16),
            span_name=span.get("name"),
            is_server_span=True,
        )
    for event in span.get("events", ()):
        yield replace(
            base,
            name=event.get("name") or None,
            attributes=_attributes(event),
            timestamp=int(event.get("timeUnixNano", 0)),
            observed_timestamp=int(span.get("startTimeUnixNano", 0)),
            trace_id=int(span.get("traceId") or "0", 16),
            span_id=int(span.get("spanId") or "0", 16),
            span=shared,
            span_name=span.get("name"),
        )


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: _value(each.get("value") or {}) for each in holder.get("attributes", ())}


def _value(value: dict[str, Any]) -> Any:
    """Return what an AnyValue holds; null where it holds nothing."""
    for kind, found in value.items():
        if kind == "intValue":
            return int(found)
        if kind == "doubleValue":
            return _FLOATS[found] if isinstance(found, str) and found in _FLOATS else float(found)
        if kind == "arrayValue":
            return [_value(item) for item in found.get("values", ())]
        if kind == "kvlistValue":
            return {each["key"]: _value(each.get("value") or {}) for each in found.get("values", ())}
        if kind == "bytesValue":
            return b64decode(found)
        if kind in {"stringValue", "boolValue"}:
            return found
    return None
