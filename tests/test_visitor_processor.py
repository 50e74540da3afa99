"""Events that an application emits itself have the visitor of their context."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from running import environment, instrumented

from otel_segment import VisitorLogRecordProcessor, use_visitor
from otel_segment.exporters import SegmentVisitorInstrumentor
from otel_segment.inspector import LocalEndpoint

ADA = {"user_id": "ada", "anonymous_id": "device-1", "session_id": "s-1", "ip": "203.0.113.7"}
HER = {
    "user.id": "ada",
    "analytics.anonymous_id": "device-1",
    "session.id": "s-1",
    "client.address": "203.0.113.7",
    "analytics.type": "track",
}


class Log:
    """A logger, and what a foreign exporter behind it got."""

    def __init__(self, processor: VisitorLogRecordProcessor | None = None) -> None:
        self._exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        if processor is not None:
            self.provider.add_log_record_processor(processor)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))

    def emit(self, attributes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Emit a record; return its attributes as they were exported."""
        self.provider.get_logger("shop").emit(LogRecord(**{"event_name": "Paid", **more}, attributes=attributes))
        return dict(self._exporter.get_finished_logs()[-1].log_record.attributes or {})


@pytest.fixture
def log() -> Log:
    """Return a log with the processor in front."""
    return Log(VisitorLogRecordProcessor())


def test_an_event_inherits_the_visitor(log: Log) -> None:
    """A record with ``analytics.type`` gets the visitor's attributes, for any exporter that comes after."""
    with use_visitor(**ADA):
        assert log.emit({"analytics.type": "track", "total": 7}) == HER | {"total": 7}


def test_the_records_own_context_counts(log: Log) -> None:
    """The visitor is looked up in the context that the record has, not where it is emitted."""
    with use_visitor(**ADA):
        record = LogRecord(event_name="Paid", attributes={"analytics.type": "track"})

    assert log.emit(record.attributes or {}, context=record.context) == HER


def test_what_a_record_says_goes_first(log: Log) -> None:
    """What a record says itself stays, also under another name for the same."""
    with use_visitor(**ADA, page={"url": "https://shop.example/a", "path": "/a", "title": "A"}):
        own = {
            "analytics.type": "track",
            "enduser.id": "ada",
            "session.id": "s-2",
            "url.full": "https://shop.example/b",
        }
        assert log.emit(own) == own | {"analytics.anonymous_id": "device-1", "client.address": "203.0.113.7"}


def test_somebody_else_inherits_the_surroundings(log: Log) -> None:
    """A record that names somebody else gets nothing of the person."""
    with use_visitor(**ADA):
        own = {"analytics.type": "track", "user.id": "grace"}
        assert log.emit(own) == own | {"client.address": "203.0.113.7"}


@pytest.mark.parametrize(
    "own",
    [
        {"analytics.type": "identify", "analytics.traits": {"plan": "pro"}},
        {"analytics.type": "identify", "analytics.traits.plan": "pro"},
    ],
)
def test_an_introduction_has_its_own_traits(log: Log, own: dict[str, Any]) -> None:
    """Traits that an identify event brings are all that there are."""
    with use_visitor("ada", traits={"email": "ada@example.com", "plan": "free"}):
        assert log.emit(own) == own | {"user.id": "ada"}


def test_contexts_are_joined(log: Log) -> None:
    """Of ``analytics.context`` a record keeps its own fields, and gets those that it has not."""
    with use_visitor("ada", context={"a": 1, "b": 1}):
        found = log.emit({"analytics.type": "track", "analytics.context": {"b": 2}})

    assert found["analytics.context"] == {"a": 1, "b": 2}


def test_other_records_are_left_alone(log: Log) -> None:
    """A record that is no analytics event gets nothing, whatever its name."""
    with use_visitor(**ADA):
        assert log.emit({"total": 7}) == {"total": 7}
        assert log.emit({}, event_name=None, body="text") == {}


def test_events_may_be_named() -> None:
    """Events that a mapping selects by name get the visitor where the processor is told their names."""
    log = Log(VisitorLogRecordProcessor(events=["Order *"]))
    with use_visitor("ada"):
        assert log.emit({}, event_name="Order Paid") == {"user.id": "ada"}
        assert log.emit({}, event_name="Paid") == {}


def test_a_full_record_keeps_its_own() -> None:
    """Where a record may have no more attributes, it keeps its own, and the person goes before the surroundings."""
    log = Log()
    processor = VisitorLogRecordProcessor()
    try:
        from opentelemetry.sdk._logs import LogRecordLimits

        limits = LogRecordLimits(max_log_record_attributes=3)
    except (ImportError, TypeError):
        pytest.skip("needs opentelemetry-sdk with limits of records under this name")
    with use_visitor(**ADA):
        record = LogRecord(attributes={"analytics.type": "track", "total": 7})
    readable = ReadWriteLogRecord(record, log.provider.resource, limits=limits)
    processor.on_emit(readable)

    assert {"analytics.type": "track", "total": 7}.items() <= dict(readable.log_record.attributes or {}).items()
    assert len(readable.log_record.attributes or {}) == 3
    assert "client.address" not in (readable.log_record.attributes or {})


@pytest.fixture
def instrumentor() -> Iterator[SegmentVisitorInstrumentor]:
    """Return the instrumentor, and take it back afterwards."""
    instrumentor = SegmentVisitorInstrumentor()
    yield instrumentor
    instrumentor.uninstrument()


def test_the_instrumentor_puts_it_first(instrumentor: SegmentVisitorInstrumentor) -> None:
    """The instrumentor puts it before the exporters that are there, once, and takes it away again."""
    log = Log()
    instrumentor.instrument(logger_provider=log.provider)
    with use_visitor(**ADA):
        assert log.emit({"analytics.type": "track"}) == HER
        instrumentor.uninstrument()
        assert log.emit({"analytics.type": "track"}) == {"analytics.type": "track"}
    instrumentor.instrument(logger_provider=log.provider)


def test_under_the_launcher() -> None:
    """Under ``opentelemetry-instrument`` it is there by itself, whichever exporter is chosen by name."""
    with LocalEndpoint() as endpoint:
        chosen = {"OTEL_LOGS_EXPORTER": "segment", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
        ended = instrumented("emitting_by_hand.py", env=environment(endpoint.url, **chosen))

        assert (ended.returncode, ended.stderr) == (0, "")
        assert [(message["event"], message["userId"]) for message in endpoint.received.messages] == [("Paid", "ada")]
