"""configure(), and what is asked of all exporters of a process at once."""

import json
from pathlib import Path

import pytest
from doors import KEY, BlackHole, run_program

import otel_segment
from otel_segment.inspector import LocalEndpoint

EMIT = """
import logging, sys, time
import otel_segment
from opentelemetry._logs import LogRecord, get_logger, get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider

def emit(count=1, name="Ping"):
    for _ in range(count):
        attributes = {"analytics.type": "track", "user.id": "u-1"}
        get_logger("program").emit(LogRecord(event_name=name, attributes=attributes))
"""


def test_makes_a_provider(endpoint: LocalEndpoint) -> None:
    """Where no provider is set, configure() makes one; settings come from its arguments first."""
    source = EMIT + f"otel_segment.configure(write_key={KEY!r})\nemit(3)\n"
    ended = run_program(source, endpoint.url, SEGMENT_WRITE_KEY="wk-of-the-environment")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(endpoint.received) == 3
    assert {event.key for event in endpoint.received} == {KEY}


def test_adds_to_the_provider(endpoint: LocalEndpoint) -> None:
    """Where the SDK's provider is set, configure() adds to it, and says so when there is nothing to add."""
    source = (
        EMIT
        + """
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
memory = InMemoryLogRecordExporter()
provider = LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(memory))
set_logger_provider(provider)
otel_segment.configure()
otel_segment.configure()
emit(3)
assert get_logger_provider() is provider
assert otel_segment.flush(20)
assert len(memory.get_finished_logs()) == 3
assert otel_segment.stats().delivered == 3
"""
    )
    ended = run_program(source, endpoint.url)
    assert (ended.returncode, ended.stderr.splitlines()) == (
        0,
        ["configure(): the LoggerProvider has a Segment exporter already; nothing was added"],
    )
    assert (len(endpoint.received), endpoint.received.duplicates) == (3, 0)


@pytest.mark.parametrize("processor", ["Batch", "Simple"])
def test_finds_an_exporter(endpoint: LocalEndpoint, processor: str) -> None:
    """An exporter of ours behind a processor of the SDK is found, and nothing is added."""
    source = (
        EMIT
        + f"""
from opentelemetry.sdk._logs.export import {processor}LogRecordProcessor
provider = LoggerProvider()
provider.add_log_record_processor({processor}LogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
set_logger_provider(provider)
otel_segment.configure()
emit(3)
"""
    )
    ended = run_program(source, endpoint.url)
    assert "nothing was added" in ended.stderr
    assert (len(endpoint.received), endpoint.received.duplicates) == (3, 0)


def test_foreign_provider(endpoint: LocalEndpoint) -> None:
    """A provider that takes no processors is an error of the configuration, and says which and what to do."""
    source = (
        EMIT
        + """
from opentelemetry._logs import NoOpLoggerProvider
set_logger_provider(NoOpLoggerProvider())
try:
    otel_segment.configure()
except otel_segment.ConfigurationError as error:
    print(error)
"""
    )
    ended = run_program(source, endpoint.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "the LoggerProvider that is set, NoOpLoggerProvider, is not the SDK's" in ended.stdout


def test_wrong_setting(endpoint: LocalEndpoint) -> None:
    """A wrong setting is an error at once, and leaves no provider behind."""
    source = (
        EMIT
        + """
try:
    otel_segment.configure(timeout="soon")
except otel_segment.ConfigurationError as error:
    print(error)
print(type(get_logger_provider()).__name__)
otel_segment.configure()
emit()
"""
    )
    ended = run_program(source, endpoint.url)
    assert "timeout" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "ProxyLoggerProvider"
    assert len(endpoint.received) == 1


def test_several_exporters(endpoint: LocalEndpoint) -> None:
    """flush(), shutdown() and stats() reach every exporter, through the SDK's queues, for logs and spans."""
    source = (
        EMIT
        + """
import json
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
otel_segment.configure(flush_interval=60)
spans = TracerProvider()
spans.add_span_processor(BatchSpanProcessor(otel_segment.SegmentSpanExporter(), schedule_delay_millis=60_000))
trace.set_tracer_provider(spans)

def emit_both():
    emit()
    with trace.get_tracer("program").start_as_current_span("work") as span:
        span.add_event("Done", {"analytics.type": "track", "user.id": "u-1"})

emit_both()
first = otel_segment.flush(20), otel_segment.stats().delivered
emit_both()
second = otel_segment.shutdown(20), otel_segment.stats().delivered
emit_both()
third = otel_segment.flush(20), otel_segment.shutdown(), otel_segment.stats().delivered
print(json.dumps([first, second, third]))
"""
    )
    ended = run_program(source, endpoint.url)
    assert json.loads(ended.stdout) == [[True, 2], [True, 4], [True, True, 4]]
    assert sorted(message["event"] for message in endpoint.received.messages) == ["Done", "Done", "Ping", "Ping"]


@pytest.mark.parametrize("door", ["processor", "exporter"])
def test_time_of_several_exporters(endpoint: LocalEndpoint, black_hole: BlackHole, door: str) -> None:
    """One exporter that gets nothing through takes no more than the time that was given, and none from others."""
    add = {
        "processor": "provider.add_log_record_processor(otel_segment.SegmentLogRecordProcessor(endpoint=where))",
        "exporter": """provider.add_log_record_processor(
    BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter(endpoint=where), schedule_delay_millis=60_000)
)""",
    }
    source = (
        EMIT
        + f"""
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
provider = LoggerProvider()
for where in ({black_hole.url!r}, {endpoint.url!r}):
    {add[door]}
set_logger_provider(provider)
emit(2)
began = time.monotonic()
print(otel_segment.flush(0.5))
print(otel_segment.shutdown(0.5))
print(time.monotonic() - began < 8)
stats = otel_segment.stats()
print(stats.accepted, stats.delivered + stats.dropped[otel_segment.DropReason.SHUTDOWN])
"""
    )
    ended = run_program(source, "")
    assert ended.stdout.split() == ["False", "False", "True", "4", "4"], ended.stderr
    assert len(endpoint.received) == 2


def test_nothing_to_flush() -> None:
    """Without any exporter there is nothing to wait for."""
    source = """
import otel_segment
assert otel_segment.flush() and otel_segment.flush(0) and otel_segment.shutdown()
assert otel_segment.stats() == otel_segment.Stats() and otel_segment.stats().settled
"""
    ended = run_program(source, "")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_flush_after_an_exporter_that_left_something(endpoint: LocalEndpoint, tmp_path: Path) -> None:
    """What an exporter has left in its spool when it ended keeps no later one from being flushed."""
    source = f"""
import otel_segment
from otel_segment import analytics

otel_segment.configure(write_key={KEY!r}, endpoint="http://127.0.0.1:9", spool={str(tmp_path)!r})
analytics.track(event="Left", user_id="ada")
ended = otel_segment.shutdown(0.1)
otel_segment.configure(write_key={KEY!r}, endpoint={endpoint.url!r})
analytics.track(event="Delivered", user_id="ada")
print(ended, otel_segment.flush(30))
"""
    ended = run_program(source, "")
    assert ended.stdout.split() == ["False", "True"], ended.stderr
    assert [message["event"] for message in endpoint.received.messages] == ["Delivered"]


def test_root() -> None:
    """Every name of the root resolves and is listed; another is a plain AttributeError."""
    assert [name for name in otel_segment.__all__ if getattr(otel_segment, name, None) is None] == []
    assert set(otel_segment.__all__) <= set(dir(otel_segment))
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        otel_segment.no_such_name  # noqa: B018


def test_import_is_light() -> None:
    """Importing the package, or what emits, loads neither the SDK nor an HTTP client."""
    source = """
import sys
import otel_segment
from otel_segment import DropReason, use_visitor
print([name for name in ("opentelemetry.sdk", "requests", "urllib3", "msgspec") if name in sys.modules])
"""
    ended = run_program(source, "")
    assert (ended.stdout.strip(), ended.stderr) == ("[]", "")
