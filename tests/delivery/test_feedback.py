"""Feedback: our own requests and log lines never come back to us."""

import logging
import logging.config
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import MakeDoor, has_all_states, script, wait_until
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from ports import free_port

from otel_segment import DropReason
from otel_segment.inspector import Answer, LocalEndpoint


class ToOtel(logging.Handler):
    """Emits log lines as OpenTelemetry records, as the handlers of the SDK and its contributors do."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider
        self.event_name: str | None = None
        self.attributes: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Emit a line."""
        body = record.getMessage()
        line = LogRecord(
            body=body,
            severity_number=SeverityNumber.INFO,
            event_name=self.event_name,
            attributes=self.attributes,
        )
        self._provider.get_logger(record.name).emit(line)

    def flush(self) -> None:
        """Flush the provider, on another thread as the SDK's handler does."""
        threading.Thread(target=self._provider.force_flush).start()


class Broken(logging.Handler):
    """Fails at every line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail."""
        message = "the log is full"
        raise RuntimeError(message)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger at DEBUG, as it was before afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.setLevel(logging.DEBUG)
    yield root
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans that requests make, with requests and urllib3 instrumented."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentors = RequestsInstrumentor(), URLLib3Instrumentor()
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=provider)
    yield exporter
    for instrumentor in instrumentors:
        instrumentor.uninstrument()


@pytest.mark.parametrize("kind", ["processor", "batch", "simple", "span"])
def test_no_spans_of_our_own(
    endpoint: LocalEndpoint, make_door: MakeDoor, spans: InMemorySpanExporter, kind: str
) -> None:
    """Our requests make no spans, retries and redirects included, though the application's do."""
    import requests
    import urllib3

    endpoint.behave(script(Answer(500), Answer(307, {"Location": "/v1/import"})))
    door = make_door(kind)
    door.emit(2)
    assert door.flush()
    assert len(endpoint.received) == 2
    assert spans.get_finished_spans() == ()
    with requests.Session() as session, urllib3.PoolManager() as pool:
        session.get(endpoint.url, timeout=10)
        pool.request("GET", endpoint.url)
    assert [span.name for span in spans.get_finished_spans()] == ["GET"] * len(spans.get_finished_spans())
    assert len(spans.get_finished_spans()) >= 2


@pytest.mark.parametrize("kind", ["processor", "batch", "simple"])
def test_no_events_of_our_own(make_door: MakeDoor, root: logging.Logger, kind: str) -> None:
    """With a root handler at DEBUG that exports through us, and nobody there, our lines are no events, nor many."""
    lines = []
    root.addHandler(counter := logging.Handler())
    counter.emit = lines.append
    door = make_door(kind, endpoint=f"http://127.0.0.1:{free_port()}", max_retry_time=1.0, flush_interval=0.02)
    root.addHandler(ToOtel(door.provider))
    door.emit(3)
    assert door.flush()
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 3}
    assert door.stats.accepted == 3
    attempts = door.stats.requests[0]
    assert attempts >= 2
    assert len(lines) < 10 * attempts + 20


@pytest.mark.parametrize("is_durable", [False, True])
def test_spool_does_not_feed_itself(
    make_door: MakeDoor, root: logging.Logger, tmp_path: Path, is_durable: bool
) -> None:
    """Where even named log lines are events, what is said of the spool and of the outage does not fill the spool."""
    door = make_door(
        endpoint=f"http://127.0.0.1:{free_port()}",
        spool=str(tmp_path / "spool"),
        durable=is_durable,
        flush_interval=0.02,
        mapping={"rules": [{"match": "*", "type": "track"}]},
    )
    root.addHandler(handler := ToOtel(door.provider))
    handler.event_name = "Line"
    handler.attributes = {"user.id": "u-1"}
    door.emit(3)
    assert not door.flush(2)
    accepted = door.stats.accepted
    door.emit()
    assert not door.flush(2)
    assert accepted < 30
    assert door.stats.accepted - accepted < 10
    assert has_all_states(door.stats)


def test_lines_of_a_sender_do_not_wait_for_it(
    endpoint: LocalEndpoint, make_door: MakeDoor, root: logging.Logger
) -> None:
    """A line that a sender writes, behind a simple processor, does not wait for that sender."""
    endpoint.behave(script(Answer(500), Answer(503)))
    door = make_door("simple")
    root.addHandler(ToOtel(door.provider))
    door.emit()
    assert (door.stats.delivered, len(endpoint.received)) == (1, 1)


def test_handler_of_the_sdk(endpoint: LocalEndpoint, make_door: MakeDoor, root: logging.Logger) -> None:
    """The same holds for the SDK's own handler, with all that it puts into a record."""
    from opentelemetry.sdk._logs import LoggingHandler

    door = make_door("batch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        root.addHandler(LoggingHandler(logging.DEBUG, door.provider))
    logging.getLogger("application").info("an ordinary line", extra={"user.id": "u-1"})
    door.emit()
    assert door.flush()
    assert (door.stats.accepted, len(endpoint.received)) == (1, 1)


def test_logging_reconfigured_during_traffic(
    endpoint: LocalEndpoint, make_door: MakeDoor, root: logging.Logger
) -> None:
    """Logging may be set up anew at any time while events are emitted, sent and retried: nothing waits for ever."""
    endpoint.behave(lambda request: Answer(500) if request.number % 3 == 0 else None)
    door = make_door("batch", flush_interval=0.01)
    is_over = threading.Event()

    def traffic() -> None:
        while not is_over.wait(0.001):
            door.emit()
            logging.getLogger("application").warning("an ordinary line")

    emitters = [threading.Thread(target=traffic, daemon=True) for _ in range(2)]
    for emitter in emitters:
        emitter.start()
    for number in range(60):
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": {"otel": {"()": lambda: ToOtel(door.provider)}},
                "root": {"level": "DEBUG" if number % 2 else "INFO", "handlers": ["otel"]},
            }
        )
    wait_until(lambda: len(endpoint.requests) >= 6)
    is_over.set()
    for emitter in emitters:
        emitter.join(20)
        assert not emitter.is_alive()
    endpoint.behave(None)
    assert door.flush()
    assert door.stats.delivered == door.stats.accepted == len(endpoint.received)


def test_broken_handler(endpoint: LocalEndpoint, make_door: MakeDoor, root: logging.Logger) -> None:
    """A logging handler that fails takes nothing with it, neither events nor the caller."""
    logging.getLogger("otel_segment").addHandler(broken := Broken())
    try:
        endpoint.behave(script(Answer(500)))
        door = make_door()
        door.emit()
        door.emit(1, text="x" * 40_000)
        assert door.flush()
        assert (door.stats.delivered, door.stats.retries) == (1, 1)
        door.ours.shutdown()
        door.emit()
    finally:
        logging.getLogger("otel_segment").removeHandler(broken)
