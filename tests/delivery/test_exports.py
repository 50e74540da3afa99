"""Exports: what the exporters wait for behind the processors of the SDK, and what they answer."""

import threading
from collections.abc import Sequence

import pytest
from doors import KEY, MakeDoor, wait_until
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from ports import free_port

from otel_segment import DropReason, SegmentLogRecordExporter, SegmentSpanExporter
from otel_segment.inspector import Answer, IncomingRequest, LocalEndpoint, Wait

SELECTED = {"analytics.type": "track", "user.id": "u-1"}


def readable(name: str = "Ping", **attributes: object) -> ReadableLogRecord:
    """Return a record as the SDK gives it to an exporter."""
    record = LogRecord(event_name=name, attributes=attributes)
    return ReadableLogRecord(log_record=record, resource=LoggerProvider(shutdown_on_exit=False).resource)


def span_with(**attributes: object) -> ReadableSpan:
    """Return a span with an event as the SDK gives it to an exporter."""
    with TracerProvider(shutdown_on_exit=False).get_tracer("tests").start_as_current_span("work") as span:
        span.add_event("Ping", attributes)
    return span


def test_window(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """On the SDK's worker an export returns while the window is open: several requests are under way at a time."""
    lock = threading.Lock()
    arrived = 0
    all_there = threading.Event()

    def behaviour(request: IncomingRequest) -> None:
        nonlocal arrived
        with lock:
            arrived += 1
            if arrived == 4:
                all_there.set()
        # None is answered before all are there: were they sent one by one, the events would never arrive.
        assert all_there.wait(20)

    endpoint.behave(behaviour)
    door = make_door("batch", concurrency=4)
    for number in range(1, 5):
        door.emit()
        wait_until(lambda number=number: len(endpoint.requests) >= number)
    assert door.flush()
    assert len(endpoint.received) == 4


def test_closed_window(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """While as many requests as there may be are under way, the SDK's worker is held, and its queue fills."""
    go_on = threading.Event()
    endpoint.behave(lambda _: go_on.wait(30) and None)
    door = make_door("batch", concurrency=2)
    for number in range(1, 7):
        door.emit()
        wait_until(lambda number=number: door.stats.accepted >= min(number, 3))
    # Two are sent, the third waits for room, and the worker waits with it; the rest is still with the SDK.
    assert door.stats.accepted == 3
    go_on.set()
    assert door.flush()
    assert door.stats.delivered == 6


@pytest.mark.parametrize("kind", ["simple", "batch"])
def test_flush_settles(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str) -> None:
    """A flush, and any export behind a simple processor, return only when everything is settled."""
    endpoint.behave(lambda _: Wait(0.2))
    door = make_door(kind)
    door.emit()
    if kind == "batch":
        assert door.provider.force_flush()
    assert (door.stats.delivered, len(endpoint.received)) == (1, 1)


def test_simple_span_processor(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Behind a simple processor the events of a span have arrived when the span has ended."""
    provider = TracerProvider(shutdown_on_exit=False)
    exporter = SegmentSpanExporter(write_key=KEY, endpoint=endpoint.url)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("tests").start_as_current_span("work") as span:
        span.add_event("Ping", SELECTED)
        span.add_event("not for Segment")
    assert [message["event"] for message in endpoint.received.messages] == ["Ping"]
    provider.shutdown()


def test_results(endpoint: LocalEndpoint) -> None:
    """An export fails where events were lost in delivery, and where nothing more is sent."""
    answers = iter([Answer(200), Answer(400), Answer(500)])
    endpoint.behave(lambda _: next(answers))
    exporter = SegmentLogRecordExporter(write_key=KEY, endpoint=endpoint.url, max_retry_time=0)
    records = [readable(**SELECTED)]
    results = [exporter.export(records) for _ in range(3)]
    exporter.shutdown()
    results.append(exporter.export(records))
    success, failure = LogRecordExportResult.SUCCESS, LogRecordExportResult.FAILURE
    assert results == [success, failure, failure, failure]
    assert exporter._pipeline.delivery.stats().dropped == {
        DropReason.REJECTED: 1,
        DropReason.RETRIES_EXHAUSTED: 1,
        DropReason.SHUTDOWN: 1,
    }


def test_results_for_spans(endpoint: LocalEndpoint) -> None:
    """The exporter for spans answers in the same way."""
    answers = iter([Answer(200), Answer(400)])
    endpoint.behave(lambda _: next(answers))
    exporter = SegmentSpanExporter(write_key=KEY, endpoint=endpoint.url)
    spans = [span_with(**SELECTED)]
    assert [exporter.export(spans) for _ in range(2)] == [SpanExportResult.SUCCESS, SpanExportResult.FAILURE]
    assert exporter.force_flush()
    exporter.shutdown()
    assert exporter.export(spans) == SpanExportResult.FAILURE
    assert exporter.export([span_with()]) == SpanExportResult.SUCCESS


def test_nothing_to_send() -> None:
    """Records that are no analytics events are left alone, and an export of them waits for nothing."""
    exporter = SegmentLogRecordExporter(write_key=KEY, endpoint=f"http://127.0.0.1:{free_port()}", shutdown_timeout=0)
    waiting = threading.Thread(target=exporter.export, args=([readable(**SELECTED)],))
    waiting.start()
    wait_until(lambda: exporter._pipeline.delivery.stats().requests)
    assert exporter.export([readable(), readable("Other", number=1)]) == LogRecordExportResult.SUCCESS
    assert exporter.export([]) == LogRecordExportResult.SUCCESS
    assert waiting.is_alive()
    assert exporter._pipeline.delivery.stats().accepted == 1
    exporter.shutdown()
    waiting.join()


def test_invalid_events_are_no_failure(endpoint: LocalEndpoint) -> None:
    """An event that Segment would not take is dropped by itself; the export of the others goes well."""
    exporter = SegmentLogRecordExporter(write_key=KEY, endpoint=endpoint.url)
    records = [readable(**SELECTED), readable(**{"analytics.type": "track"})]
    assert exporter.export(records) == LogRecordExportResult.SUCCESS
    stats = exporter._pipeline.delivery.stats()
    assert (stats.delivered, stats.dropped) == (1, {DropReason.MISSING_IDENTITY: 1})
    exporter.shutdown()


def test_export_by_another_exporter(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Behind an exporter that passes on what it gets, the SDK's worker is still known."""
    go_on = threading.Event()
    endpoint.behave(lambda _: go_on.wait(30) and None)
    door = make_door("batch", concurrency=4)
    exporter, passed = door.ours, []
    processor = door.provider._multi_log_record_processor._log_record_processors[0]._batch_processor

    class Wrapper:
        def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
            passed.append(exporter.export(batch))
            return passed[-1]

        def shutdown(self) -> None:
            exporter.shutdown()

    processor._exporter = Wrapper()
    for number in range(1, 4):
        door.emit()
        # Each is sent while those before it are still unanswered.
        wait_until(lambda number=number: len(endpoint.requests) >= number)
    assert len(endpoint.received) == 0
    go_on.set()
    assert door.flush()
