"""A program that emits one event as a plain log record, for a visitor."""

from opentelemetry._logs import LogRecord, get_logger

from otel_segment import use_visitor

with use_visitor("ada"):
    get_logger("shop").emit(LogRecord(event_name="Paid", attributes={"analytics.type": "track"}))
