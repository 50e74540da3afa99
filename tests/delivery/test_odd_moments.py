"""Emitting and waiting at odd moments: in signal handlers, in hooks, beside other exporters, after the end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from running import unmeasured

import otel_segment
from otel_segment import DropReason, SegmentLogRecordProcessor
from otel_segment._clock import SYSTEM_CLOCK
from otel_segment.delivery._outbox import Outbox
from otel_segment.inspector import LocalEndpoint

TRACK = {"analytics.type": "track", "user.id": "u-1"}


def run(program: str, endpoint: LocalEndpoint, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, whose global providers nobody has set."""
    command = [sys.executable, "-c", program, endpoint.url]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, **options)


SIGNALS = """
import os, signal, sys, threading, time
import otel_segment
from otel_segment import analytics

otel_segment.configure(write_key="key", endpoint=sys.argv[1])
handled = 0

def handle(*_):
    global handled
    handled += 1
    analytics.track("u-1", "Handled", {"n": handled})
    otel_segment.stats()

signal.signal(signal.SIGUSR1, handle)
done = threading.Event()

def send():
    while not done.wait(0.001):
        os.kill(os.getpid(), signal.SIGUSR1)

sender = threading.Thread(target=send)
sender.start()
emitted = 0
while handled < 300:
    emitted += 1
    analytics.track("u-1", "Emitted", {"n": emitted})
done.set()
sender.join()
time.sleep(0)
assert otel_segment.flush(30)
print(emitted + handled, otel_segment.stats().delivered)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="the platform has no SIGUSR1")
def test_a_signal_handler_may_emit(endpoint: LocalEndpoint) -> None:
    """A handler that emits while its thread is emitting neither hangs nor loses anything."""
    # What measures coverage takes a lock that a signal handler would wait for on the very thread that holds it.
    ended = run(SIGNALS, endpoint, env=unmeasured())

    assert ended.returncode == 0, ended.stderr
    emitted, delivered = map(int, ended.stdout.split())
    assert (delivered, len(endpoint.received), endpoint.received.duplicates) == (emitted, emitted, 0)


AGAIN = """
import sys
import otel_segment
from otel_segment import analytics

for event in ("first", "second"):
    otel_segment.configure(write_key="key", endpoint=sys.argv[1])
    analytics.track("u-1", event)
    assert otel_segment.shutdown(10)
print(otel_segment.stats().dropped)
"""


def test_configure_after_shutdown(endpoint: LocalEndpoint) -> None:
    """What was shut down can be configured again, and then delivers again."""
    ended = run(AGAIN, endpoint)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "{}\n", "")
    assert [message["event"] for message in endpoint.received.messages] == ["first", "second"]


def test_a_sender_that_cannot_start(endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started for a moment, the next event starts the sender for both."""
    start = threading.Thread.start
    refusals = [RuntimeError("can't start new thread")]

    def start_later(thread: threading.Thread) -> None:
        if thread.name == "otel-segment-sender" and refusals:
            raise refusals.pop()
        start(thread)

    # A limit on threads cannot be reached for just one of them without the fake.
    monkeypatch.setattr(threading.Thread, "start", start_later)
    processor = SegmentLogRecordProcessor(write_key="key", endpoint=endpoint.url, flush_interval=0.05)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    for number in range(2):
        provider.get_logger("x").emit(LogRecord(event_name=f"E {number}", attributes=TRACK))

    assert not refusals
    assert endpoint.received.wait_for(lambda seen: len(seen) == 2, timeout=20)
    provider.shutdown()


FORKED_IN_CONFIGURE = """
import os, sys, threading
import otel_segment
from otel_segment import _configure, analytics

lock = _configure._locks.setdefault(os.getpid(), threading.RLock())
held, done = threading.Event(), threading.Event()

def hold():
    with lock:
        held.set()
        done.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    otel_segment.configure(write_key="key", endpoint=sys.argv[1])
    analytics.track("u-1", "Child")
    os._exit(0 if otel_segment.flush(20) else 1)
_, status = os.waitpid(child, 0)
done.set()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_while_another_thread_configures(endpoint: LocalEndpoint) -> None:
    """A child configures itself, whatever its parent's threads were at when it was forked."""
    ended = run(FORKED_IN_CONFIGURE, endpoint)

    assert ended.returncode == 0, ended.stderr
    assert [message["event"] for message in endpoint.received.messages] == ["Child"]


class Stuck(LogRecordExporter):
    """Somebody else's exporter, whose endpoint does not answer."""

    def __init__(self) -> None:
        self.is_shut_down = False
        self.answered = threading.Event()

    def export(self, batch: Any) -> LogRecordExportResult:
        """Wait for an answer."""
        self.answered.wait(60)
        return LogRecordExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait, too."""
        return self.answered.wait(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Note it."""
        self.is_shut_down = True


@pytest.fixture
def global_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoggerProvider]:
    """Yield a provider that is the global one for as long as the test lasts."""
    provider = LoggerProvider(shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry._logs._internal._LOGGER_PROVIDER", provider)
    yield provider
    provider.shutdown()


def test_other_exporters_are_left_alone(endpoint: LocalEndpoint, global_provider: LoggerProvider) -> None:
    """Neither a flush nor a shutdown of ours waits for somebody else's exporter, or ends it."""
    stuck = Stuck()
    global_provider.add_log_record_processor(BatchLogRecordProcessor(stuck))
    global_provider.add_log_record_processor(SegmentLogRecordProcessor(write_key="key", endpoint=endpoint.url))
    assert get_logger_provider() is global_provider
    global_provider.get_logger("x").emit(LogRecord(event_name="E", attributes=TRACK))

    assert otel_segment.flush(20)
    assert len(endpoint.received) == 1
    assert otel_segment.shutdown(20)
    assert not stuck.is_shut_down
    stuck.answered.set()


def test_a_hook_that_emits_what_is_dropped(endpoint: LocalEndpoint) -> None:
    """A hook for drops that causes drops itself is not told of those, but they are counted."""
    told: list[DropReason] = []
    provider = LoggerProvider(shutdown_on_exit=False)

    def tell(reason: DropReason, _: list[dict[str, Any]]) -> None:
        told.append(reason)
        provider.get_logger("x").emit(LogRecord(event_name="Dropped", attributes={"analytics.type": "track"}))

    processor = SegmentLogRecordProcessor(write_key="key", endpoint=endpoint.url, on_dropped=tell)
    provider.add_log_record_processor(processor)
    provider.get_logger("x").emit(LogRecord(event_name="E", attributes={"analytics.type": "track"}))

    assert told == [DropReason.MISSING_IDENTITY]
    provider.shutdown()


class BrokenMeters(MeterProvider):
    """The application's metrics, in trouble."""

    def get_meter(self, *args: Any, **kwargs: Any) -> Any:
        """Return a meter whose instruments fail."""
        meter = super().get_meter(*args, **kwargs)

        def fail(*_: Any, **__: Any) -> None:
            message = "meter down"
            raise RuntimeError(message)

        for name in ("create_counter", "create_up_down_counter", "create_histogram"):
            create = getattr(meter, name)

            def broken(*args: Any, create: Any = create, **kwargs: Any) -> Any:
                instrument = create(*args, **kwargs)
                instrument.add = instrument.record = fail
                return instrument

            setattr(meter, name, broken)
        return meter


def test_meters_that_fail(endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics that fail raise nothing into the application and repeat nothing."""
    monkeypatch.setattr("opentelemetry.metrics._internal._METER_PROVIDER", BrokenMeters(shutdown_on_exit=False))
    processor = SegmentLogRecordProcessor(write_key="key", endpoint=endpoint.url)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    for attributes in (TRACK, {"analytics.type": "track"}):
        provider.get_logger("x").emit(LogRecord(event_name="E", attributes=attributes))

    assert provider.force_flush(10_000)
    assert (len(endpoint.received), endpoint.received.duplicates) == (1, 0)
    provider.shutdown()


def test_a_sender_that_gives_up_is_counted_out() -> None:
    """What is put in after a sender gave up finds that nobody is left to send it."""
    outbox = Outbox(1_000, 60, SYSTEM_CLOCK)
    outbox.put(b"1")
    outbox.seal()
    assert outbox.needs_sender(1)
    batch = outbox.take(0.01)
    assert batch is not None
    assert outbox.settle(batch, batch.messages, None)
    outbox.reported(batch)

    assert outbox.take(0.01) is None
    outbox.put(b"2")

    assert outbox.short_handed
    assert outbox.needs_sender(1)
