"""Emits in every way there is, and says what was touched meanwhile: sockets, files that are written, our threads."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import otel_segment
from otel_segment import analytics
from otel_segment.instrumentation import SegmentFlaskInstrumentor

FOLDER = sys.argv[1]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
touched: list[str] = []
# The SDK has handlers for forks that older versions let fail once their processor is gone.
kept: list[object] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what must not happen, and let it fail."""
    is_file = event in {"open", "os.mkdir", "sqlite3.connect"} and FOLDER in str(arguments[0])
    if event == "open" and isinstance(arguments[2], int) and not arguments[2] & WRITING:
        is_file = False
    if event.startswith("socket.") and event != "socket.gethostname":
        touched.append(event)
        raise PermissionError(event)
    if is_file:
        touched.append(f"{event} {arguments[0]}")


def noted(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """Note threads of ours."""

    def begin(thread: threading.Thread) -> None:
        if thread.name.startswith("otel-segment"):
            touched.append(f"thread {thread.name}")
        start(thread)

    return begin


def emit(provider: LoggerProvider, **attributes: Any) -> None:
    """Emit an event."""
    given = {"analytics.type": "track", "user.id": "u-1"} | attributes
    provider.get_logger("program").emit(LogRecord(event_name="Ping", attributes=given))


def emit_through(*processors: Any) -> None:
    """Emit through processors on a provider of their own."""
    provider = LoggerProvider(shutdown_on_exit=False)
    kept.append(provider)
    for processor in processors:
        provider.add_log_record_processor(processor)
    emit(provider)
    provider.force_flush()
    provider.shutdown()


def look_at_a_page() -> None:
    """View a page of an instrumented application."""
    SegmentFlaskInstrumentor().instrument()
    app = Flask("shop")
    app.add_url_rule("/", "front", lambda: "<html><title>Front</title></html>")
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"}
    app.test_client().get("/", headers=browser | {"Accept": "text/html"})


def in_child() -> int:
    """Emit in a forked process; return what it withheld."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        analytics.track("u-1", "Child")
        os.write(writing, str(otel_segment.stats().withheld).encode())
        os._exit(0)
    os.wait()
    return int(os.read(reading, 10))


if __name__ == "__main__":
    logging.getLogger("otel_segment").setLevel(logging.CRITICAL)
    sys.addaudithook(watch)
    threading.Thread.start = noted(threading.Thread.start)  # type: ignore[method-assign]
    otel_segment.configure(disabled=False)
    provider: Any = get_logger_provider()
    emit(provider)
    analytics.track("u-1", "Called")
    emit(provider, **{"user.id": ""})
    doors = [otel_segment.SegmentLogRecordExporter(disabled=False) for _ in range(2)]
    emit_through(BatchLogRecordProcessor(doors[0]))
    emit_through(SimpleLogRecordProcessor(doors[1]))
    spans = TracerProvider(shutdown_on_exit=False)
    spans.add_span_processor(BatchSpanProcessor(otel_segment.SegmentSpanExporter(disabled=False)))
    trace.set_tracer_provider(spans)
    with trace.get_tracer("program").start_as_current_span("work") as span:
        span.add_event("Done", {"analytics.type": "track", "user.id": "u-1"})
    look_at_a_page()
    flushed = otel_segment.flush(10)
    child = in_child() if not touched else 0
    before = otel_segment.stats()
    settled = [flushed, otel_segment.shutdown(10)]
    with suppress(Exception):
        emit(provider)
    stats = otel_segment.stats()
    said = {"touched": touched, "settled": settled, "unaccounted": stats.unaccounted, "dropped": stats.dropped}
    said["withheld"] = {"parent": before.withheld, "child": child}
    sys.stdout.write(json.dumps(said) + "\n")
