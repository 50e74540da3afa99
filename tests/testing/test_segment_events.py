"""The fixture ``segment_events``: whichever way an application emits, its test sees what would be sent."""

import gc
import pickle
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest.mock import Mock

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger, get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk._logs._internal import ConcurrentMultiLogRecordProcessor, SynchronousMultiLogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import otel_segment
from otel_segment import DropReason, analytics
from otel_segment.emit import on_release
from otel_segment.testing import SegmentEvents, capture_events
from otel_segment.testing._capture import Capture

LOGGER = get_logger("shop")
TRACER = trace.get_tracer("shop")


def emit(name: str = "Ping", logger: Any = LOGGER, **attributes: Any) -> None:
    """Emit a plain log record."""
    given = {"analytics.type": "track", "user.id": "u-1"} | attributes
    logger.emit(LogRecord(event_name=name, attributes=given))


def on_span(name: str = "Ping", tracer: Any = TRACER) -> None:
    """Emit an event on a span."""
    with tracer.start_as_current_span("work") as span:
        span.add_event(name, {"analytics.type": "track", "user.id": "u-1"})


def by_batch_processor() -> None:
    """Emit through the SDK's batch processor."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
    set_logger_provider(provider)
    assert get_logger_provider() is provider
    emit(logger=get_logger("new"))


def by_simple_processor() -> None:
    """Emit through the SDK's simple processor."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
    set_logger_provider(provider)
    emit(logger=provider.get_logger("own"))


def by_configure() -> None:
    """Emit after the application's own set-up."""
    otel_segment.configure(write_key="wk-of-production", endpoint="https://nowhere.invalid", spool="/no/such/folder")
    analytics.track("u-1", "Ping")


def by_own_provider() -> None:
    """Emit through a provider of the application's, which has no Segment exporter."""
    provider = LoggerProvider(shutdown_on_exit=False)
    set_logger_provider(provider)
    emit(logger=get_logger("new"))


def by_concurrent_processors() -> None:
    """Emit through a provider that calls its processors on threads."""
    provider = LoggerProvider(shutdown_on_exit=False, multi_log_record_processor=ConcurrentMultiLogRecordProcessor())
    emit(logger=provider.get_logger("own"))
    provider.shutdown()


class Filter(LogRecordProcessor):
    """Stands before a processor, which it keeps under a name of its own."""

    def __init__(self, target: LogRecordProcessor) -> None:
        self.target = target

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Pass a record on."""
        self.target.on_emit(log_record)

    def shutdown(self) -> None:
        """Pass it on."""
        self.target.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Pass it on."""
        return self.target.force_flush(timeout_millis)


def by_wrapped_processor() -> None:
    """Emit through a processor of the application's, which has the SDK's inside."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(Filter(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter())))
    set_logger_provider(provider)
    emit(logger=provider.get_logger("own"))


def by_mocked_exporter() -> None:
    """Emit where a test has put a stand-in of its own in the place of the exporter."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(Mock()))
    set_logger_provider(provider)
    emit(logger=provider.get_logger("own"))


def by_span_exporter() -> None:
    """Emit an event on a span, with the span exporter behind the SDK's batch processor."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(otel_segment.SegmentSpanExporter()))
    trace.set_tracer_provider(provider)
    on_span(tracer=trace.get_tracer("new"))


def by_thread() -> None:
    """Emit on another thread."""
    thread = threading.Thread(target=emit)
    thread.start()
    thread.join()


WAYS: list[Callable[[], None]] = [
    lambda: analytics.track("u-1", "Ping"),
    emit,
    on_span,
    by_batch_processor,
    by_simple_processor,
    by_configure,
    by_own_provider,
    by_concurrent_processors,
    by_wrapped_processor,
    by_mocked_exporter,
    by_span_exporter,
    by_thread,
]


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_ways(way: Callable[[], None], turn: int, segment_events: SegmentEvents) -> None:
    """However it is emitted, and whatever was set up by the test before, an event is there at once, and once."""
    way()

    (event,) = segment_events
    assert (event["type"], event["event"], event["userId"]) == ("track", "Ping", "u-1")
    assert set(event) >= {"messageId", "timestamp", "context"}
    assert otel_segment.stats().withheld == 1


def test_all_calls(segment_events: SegmentEvents) -> None:
    """Each of the six calls is found by the matcher of its name."""
    analytics.identify("u-1", {"plan": "pro"})
    analytics.group("u-1", "g-1", {"seats": 5})
    analytics.page("u-1", "Shop", "Cart", {"url": "https://shop.example/cart"})
    analytics.screen("u-1", None, "Home")
    analytics.track(anonymous_id="a-1", event="Order Completed", properties={"revenue": 42.5, "order id": "o-1"})
    analytics.alias("a-1", "u-1")

    assert segment_events.identified("u-1", plan="pro") is not None
    assert segment_events.identified(user_id="u-1", traits={"plan": "pro"}) == segment_events[0]
    assert segment_events.grouped("g-1", user_id="u-1", seats=5)["groupId"] == "g-1"
    assert segment_events.grouped(group_id="g-1", traits={"seats": 5}) == segment_events[1]
    assert segment_events.paged("Cart", category="Shop", url="https://shop.example/cart")["type"] == "page"
    assert segment_events.paged(name="Cart", properties={"url": "https://shop.example/cart"}) == segment_events[2]
    assert segment_events.screened("Home")["type"] == "screen"
    found = segment_events.tracked("Order Completed", {"order id": "o-1"}, anonymous_id="a-1", revenue=42.5)
    assert found == segment_events[4]
    assert found == segment_events.tracked(event="Order Completed", properties={"revenue": 42.5})
    assert segment_events.aliased("a-1", "u-1")["previousId"] == "a-1"


def test_list(segment_events: SegmentEvents) -> None:
    """It is a list: length, index, slices, iteration; and its parts are, too."""
    analytics.identify("u-1")
    analytics.track("u-1", "Added")
    analytics.track("u-2", "Added")
    analytics.page("u-2", None, "Cart")

    assert (len(segment_events), segment_events[-1]["type"], len(segment_events[1:])) == (4, "page", 2 + 1)
    assert [event["type"] for event in segment_events] == ["identify", "track", "track", "page"]
    assert segment_events.all == list(segment_events)
    assert len(segment_events.of("track")) == 2
    assert segment_events.of("track", user_id="u-2").one()["event"] == "Added"
    assert len(segment_events.of(event="Cart")) == 1
    segment_events.of(anonymous_id="a-1").none()
    assert repr(segment_events.of("page")) == "<1 event(s): page 'Cart' userId='u-2'>"


def test_copy(segment_events: SegmentEvents) -> None:
    """What was seen can be sent to another process, as parallel runners do with the tests that fail."""
    analytics.track("u-1", "Added")
    emit(text="x" * 40_000)
    copy: SegmentEvents = pickle.loads(pickle.dumps(segment_events))
    analytics.track("u-1", "Later")

    assert (list(copy), copy.dropped) == (segment_events[:1], {DropReason.EVENT_TOO_LARGE: 1})


def test_visitor(segment_events: SegmentEvents) -> None:
    """Who acts is known, by whichever way an event is emitted."""
    with otel_segment.use_visitor("u-7", ip="203.0.113.7"):
        analytics.track(event="Called")
        LOGGER.emit(LogRecord(event_name="Logged", attributes={"analytics.type": "track"}))

    for event in segment_events:
        assert (event["userId"], event["context"]["ip"]) == ("u-7", "203.0.113.7")
    assert len(segment_events) == 2


def test_dropped(segment_events: SegmentEvents) -> None:
    """What is dropped is counted by reason, and calls that are wrong by theirs."""
    emit(**{"user.id": ""})
    emit(text="x" * 40_000)
    analytics.track(None, "Nobody")

    segment_events.none()
    assert segment_events.dropped == {DropReason.MISSING_IDENTITY: 1, DropReason.EVENT_TOO_LARGE: 1}
    assert segment_events.refused == {"missing_identity": 1}


@pytest.mark.segment(mapping={"rules": [{"match": "invoice.paid", "name": "Invoice Paid"}]})
def test_mapping_of_a_marker(segment_events: SegmentEvents) -> None:
    """The marker gives the mapping, to events in the application's own words."""
    LOGGER.emit(LogRecord(event_name="invoice.paid", attributes={"user.id": "u-1"}))

    segment_events.tracked("Invoice Paid")


@pytest.mark.segment(
    before_send=lambda message: None if message["event"] == "Secret" else message | {"event": "Edited"}
)
def test_before_send_of_a_marker(segment_events: SegmentEvents) -> None:
    """The marker goes before what the application has set up; what the hook makes of an event is what is seen."""
    otel_segment.configure(before_send=lambda message: message | {"event": "Never"})
    analytics.track("u-1", "Secret")
    analytics.track("u-1", "Open")

    assert segment_events.one()["event"] == "Edited"
    assert segment_events.dropped == {DropReason.BEFORE_SEND: 1}


def test_hooks_of_the_application(segment_events: SegmentEvents) -> None:
    """The application's own hooks and mapping are used; on_delivered is not called, as nothing is delivered."""
    told: list[object] = []
    otel_segment.configure(
        before_send=lambda message: message if message["event"] != "Bad" else 1 / 0,  # type: ignore[arg-type, return-value]
        on_dropped=lambda reason, messages: told.append((reason, len(messages))),
        on_delivered=told.append,
    )
    analytics.track("u-1", "Good")
    analytics.track("u-1", "Bad")

    assert segment_events.one()["event"] == "Good"
    assert told == [(DropReason.BEFORE_SEND, 1)]


@pytest.mark.segment(mapping={"identify": {}})
@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_is_remembered(turn: int, segment_events: SegmentEvents) -> None:
    """What was said of a person in one test is news in the next."""
    with otel_segment.use_visitor("u-1", traits={"email": "ada@example.com"}):
        analytics.track(event="Seen")

    assert [event["type"] for event in segment_events] == ["identify", "track"]


def test_shut_down_application(segment_events: SegmentEvents) -> None:
    """An application that shuts down has its later events dropped, as it would outside of a test."""
    otel_segment.configure()
    analytics.track("u-1", "In Time")
    assert otel_segment.shutdown(5)
    analytics.track("u-1", "Late")

    assert [event["event"] for event in segment_events] == ["In Time"]
    assert segment_events.dropped == {DropReason.SHUTDOWN: 1}


def test_block() -> None:
    """Without the fixture, a block shows what is emitted in it; afterwards all is as before."""
    before = get_logger_provider()
    # Exporters of other tests may be there still.
    accepted = otel_segment.stats().accepted
    analytics.track("u-1", "Before")
    with capture_events(mapping={"rules": [{"match": "Noise", "ignore": True}]}) as events:
        analytics.track("u-1", "Inside")
        analytics.track("u-1", "Noise")
        assert len(events) == 1
    analytics.track("u-1", "After")

    assert (len(events), events.dropped) == (1, {DropReason.IGNORED_BY_RULE: 1})
    assert get_logger_provider() is before
    assert otel_segment.stats().accepted <= accepted


def test_block_in_a_block(segment_events: SegmentEvents) -> None:
    """The inner of two blocks has the events of its time, the outer one all others."""
    analytics.track("u-1", "Outer")
    with capture_events() as inner:
        analytics.track("u-1", "Inner")
    analytics.track("u-1", "Outer Again")

    assert [event["event"] for event in inner] == ["Inner"]
    assert [event["event"] for event in segment_events] == ["Outer", "Outer Again"]


def test_blocks_that_overlap() -> None:
    """A block that ends before one that began later leaves that one alone; when both have ended, nothing stays."""
    before = get_logger_provider(), SynchronousMultiLogRecordProcessor.on_emit
    first, second = ExitStack(), ExitStack()
    one = first.enter_context(capture_events())
    other = second.enter_context(capture_events())
    analytics.track("u-1", "Both Are There")
    first.close()
    analytics.track("u-1", "One Is Left")
    second.close()

    assert one.all == []
    assert [event["event"] for event in other] == ["Both Are There", "One Is Left"]
    assert before == (get_logger_provider(), SynchronousMultiLogRecordProcessor.on_emit)


def test_held_back_from_before() -> None:
    """What was emitted before a block, and was held back, is not the block's, but an outer block's."""
    held = ["Before All"]
    on_release(lambda: [analytics.track("u-1", held.pop()) for _ in held.copy()] and None)
    with capture_events() as outer:
        assert outer.all == []
        held.append("Before The Inner")
        with capture_events() as inner:
            assert inner.all == []
            held.append("Inside")
        assert [event["event"] for event in inner] == ["Inside"]
    assert [event["event"] for event in outer] == ["Before The Inner"]


@pytest.mark.parametrize("begin", ["start", "use"])
def test_queued_before(begin: str) -> None:
    """What stands in a queue of the SDK is of the time when it was emitted."""
    with capture_events():
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
        set_logger_provider(provider)
        capture = Capture({})
        if begin == "use":
            capture.start()
        emit("Before", provider.get_logger("own"))
        if begin == "use":
            capture.use({})
        else:
            capture.start()
        emit("Then", provider.get_logger("own"))
        assert [event["event"] for event in capture.events] == ["Then"]
        capture.stop()


def test_wrong_setting_inside(segment_events: SegmentEvents) -> None:
    """An inner block that cannot begin leaves the outer one as it was, and nothing is sent."""
    by_configure()
    with pytest.raises(otel_segment.ConfigurationError), capture_events(mapping="/no/such/file.yaml"):
        pass
    emit("After")

    assert [event["event"] for event in segment_events] == ["Ping", "After"]


def test_wrong_setting() -> None:
    """A wrong setting is an error that says what is wrong, and leaves nothing behind."""
    before = get_logger_provider()

    with pytest.raises(otel_segment.ConfigurationError, match="timeout"), capture_events(timeout="soon"):
        pass

    assert get_logger_provider() is before


def test_application_that_was_there() -> None:
    """Exporters that were set up before send nothing meanwhile, and are as they were afterwards."""
    provider = LoggerProvider(shutdown_on_exit=False)
    delivered: list[object] = []
    door = otel_segment.SegmentLogRecordProcessor(
        write_key="wk", disabled=True, before_send=lambda message: delivered.append(message["event"]) or message
    )
    provider.add_log_record_processor(door)
    logger = provider.get_logger("own")
    emit("Before", logger)
    with capture_events() as events:
        emit("During", logger)
        assert [event["event"] for event in events] == ["During"]
    emit("After", logger)

    assert delivered == ["Before", "During", "After"]
    assert len(events) == 1
    provider.shutdown()
    del door
    gc.collect()


@pytest.mark.parametrize("turn", [1, 2])
def test_module_loggers_follow(turn: int, segment_events: SegmentEvents) -> None:
    """Loggers and tracers of modules lead to the provider that the test sets, not to what a test before has ended."""
    name = f"Turn {turn}"
    logs, spans = LoggerProvider(shutdown_on_exit=False), TracerProvider(shutdown_on_exit=False)
    mapping = {"rules": [{"match": "Ping", "name": name}]}
    logs.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter(mapping=mapping)))
    spans.add_span_processor(BatchSpanProcessor(otel_segment.SegmentSpanExporter(mapping=mapping)))
    set_logger_provider(logs)
    trace.set_tracer_provider(spans)
    emit()
    on_span()

    assert [event["event"] for event in segment_events] == [name, name]
    logs.shutdown()
    spans.shutdown()


def test_settings_end_with_their_block() -> None:
    """What a block sets does not stay with exporters that are made in it and live on."""
    provider = LoggerProvider(shutdown_on_exit=False)
    with capture_events(mapping={"rules": [{"match": "Ping", "name": "Renamed"}]}) as first:
        provider.add_log_record_processor(otel_segment.SegmentLogRecordProcessor())
        emit(logger=provider.get_logger("own"))
    with capture_events() as second:
        emit(logger=provider.get_logger("own"))

    assert (first.one()["event"], second.one()["event"]) == ("Renamed", "Ping")
