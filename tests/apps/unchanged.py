"""Emits with the OpenTelemetry API alone, wherever that is set to go."""

from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger

track = {"analytics.type": "track", "user.id": "u-1"}
get_logger("shop").emit(LogRecord(event_name="Order Completed", attributes={**track, "total": 12.5}))
get_logger("shop").emit(LogRecord(event_name="Invoice Printed", attributes={"user.id": "u-1"}))
with trace.get_tracer("shop").start_as_current_span("checkout") as span:
    span.add_event("Checkout Started", track)
