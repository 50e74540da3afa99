"""What the tests of delivery share: doors to emit through, endpoints with faults, programs to run."""

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_segment import (
    SegmentLogRecordExporter,
    SegmentLogRecordProcessor,
    SegmentSpanExporter,
    Stats,
)
from otel_segment.inspector import Action, Behaviour, IncomingRequest

KEY = "wk-0123456789abcdef-f3a1"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc", "requests_ca_bundle", "curl_ca_bundle")


class Door:
    """One way into the library, with a provider of its own.

    Args:
        kind: ``processor``; ``batch`` or ``simple``, the exporter behind that processor of the SDK; or ``span``.
        settings: The settings.
    """

    def __init__(self, kind: str, **settings: Any) -> None:
        self.ours: Any
        self._numbers = itertools.count()
        if kind == "span":
            self.ours = SegmentSpanExporter(**settings)
            self.provider: Any = TracerProvider(shutdown_on_exit=False)
            self.provider.add_span_processor(BatchSpanProcessor(self.ours, schedule_delay_millis=20))
            self._emit = self._emit_span
            return
        self.provider = LoggerProvider(shutdown_on_exit=False)
        if kind == "processor":
            self.ours = processor = SegmentLogRecordProcessor(**settings)
        else:
            self.ours = SegmentLogRecordExporter(**settings)
            processor = (
                SimpleLogRecordProcessor(self.ours)
                if kind == "simple"
                else BatchLogRecordProcessor(self.ours, schedule_delay_millis=20)
            )
        self.provider.add_log_record_processor(processor)
        self._logger = self.provider.get_logger("tests")
        self._emit = self._emit_log

    def emit(self, count: int = 1, name: str = "Ping", **properties: Any) -> None:
        """Emit some events."""
        for _ in range(count):
            attributes = {"analytics.type": "track", "user.id": "u-1", "number": next(self._numbers)}
            self._emit(name, attributes | properties)

    def flush(self, timeout: float = 20) -> bool:
        """Flush through the SDK and then what is in delivery."""
        return self.provider.force_flush(int(timeout * 1_000)) and self.ours.force_flush(int(timeout * 1_000))

    def send(self) -> None:
        """Send what was handed over, and do not wait for it."""
        self.ours.force_flush(0)

    @property
    def stats(self) -> Stats:
        """Where the events of this door are."""
        return self.ours._pipeline.delivery.stats()

    def close(self) -> None:
        """End it without waiting."""
        self.ours._pipeline.delivery.shutdown(0)
        self.provider.shutdown()

    def _emit_log(self, name: str, attributes: dict[str, Any]) -> None:
        self._logger.emit(LogRecord(event_name=name, attributes=attributes))

    def _emit_span(self, name: str, attributes: dict[str, Any]) -> None:
        with self.provider.get_tracer("tests").start_as_current_span("work") as span:
            span.add_event(name, attributes)


class MakeDoor(Protocol):
    """Makes doors that send to the endpoint of the test, unless told otherwise."""

    def __call__(self, kind: str = "processor", **settings: Any) -> Door:
        """Make a door of a kind, with these settings."""
        ...


class BlackHole:
    """An address that takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Let go of the address."""
        self._socket.close()


def script(*actions: Action) -> Behaviour:
    """Return a behaviour that has these faults, one for each request, and none after them."""
    left = iter(actions)

    def behaviour(_: IncomingRequest) -> Action:
        return next(left, None)

    return behaviour


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


def flush_all(doors: Iterable[Door]) -> bool:
    """Flush doors, all of them even where one cannot be."""
    return False not in [door.flush() for door in doors]


def has_all_states(stats: Stats) -> bool:
    """Tell whether every event is in exactly one state."""
    return stats.unaccounted == 0


def start_program(source: str, endpoint: str, **environment: str) -> "subprocess.Popen[str]":
    """Start a Python program, given as its source."""
    kept = {name: value for name, value in os.environ.items() if not is_foreign(name)}
    given = {"SEGMENT_WRITE_KEY": KEY, "OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint}
    return subprocess.Popen(
        [sys.executable, "-c", source],
        env=kept | given | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_program(source: str, endpoint: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python program, given as its source, to its end."""
    with start_program(source, endpoint, **environment) as program:
        out, err = program.communicate(timeout=180)
        return subprocess.CompletedProcess(program.args, program.returncode, out, err)


def is_foreign(name: str) -> bool:
    """Tell whether an environment variable would have a say in delivery."""
    return name.startswith(("OTEL_", "SEGMENT_")) or name.lower() in _PROXIES
