"""Does what its input tells it, line by line, and answers each line with what has become of its events.

``emit`` so many events with so many bytes more than they need, in so many requests; ``flush`` for so many seconds;
``limit`` the bytes that it can write to any file, negative for no limit. Where the environment names a user by number,
``BECOME``, it becomes that user before it touches the spool.
"""

import itertools
import json
import logging
import os
import resource
import sys
from typing import Any

import msgspec
from opentelemetry import metrics
from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from watching import watch

import otel_segment
import otel_segment.spool

numbers = itertools.count()
lines: list[tuple[str, str]] = []


class Listener(logging.Handler):
    """Keeps what the library says."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        lines.append((record.levelname, record.getMessage()))


def become(user: int) -> None:
    """Become another user, who may not be allowed to read what is yet to be imported."""
    spool = os.environ.pop("OTEL_EXPORTER_SEGMENT_SPOOL")
    processor = otel_segment.SegmentLogRecordProcessor()
    os.environ["OTEL_EXPORTER_SEGMENT_SPOOL"] = spool
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    provider.get_logger("tests").emit(LogRecord(event_name="First", attributes=attributes(-1)))
    processor.force_flush()
    provider.shutdown()
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def attributes(number: int, padding: int = 0) -> dict[str, Any]:
    """Return the attributes of a numbered event."""
    named = {"analytics.type": "track", "user.id": "u-1", "from": f"program {os.getpid()}", "number": number}
    return named | {"padding": "x" * padding} if padding else named


def emit(count: str, padding: str = "0", requests: str = "1") -> None:
    """Emit events."""
    logger = get_logger("tests")
    for part in range(int(requests)):
        for _ in range(part, int(count), int(requests)):
            logger.emit(LogRecord(event_name="Told", attributes=attributes(next(numbers), int(padding))))
        otel_segment.flush(0.2)


def flush(seconds: str) -> None:
    """Wait until all is delivered."""
    otel_segment.flush(float(seconds))


def limit(size: str) -> None:
    """Allow so many bytes in a file."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if int(size) < 0 else int(size), most))


def failures(reader: InMemoryMetricReader) -> int:
    """Return how often the spool has failed, by the metric."""
    data = json.loads(reader.get_metrics_data().to_json())
    scopes = itertools.chain.from_iterable(resource["scope_metrics"] for resource in data["resource_metrics"])
    found = itertools.chain.from_iterable(scope["metrics"] for scope in scopes)
    return sum(
        point["value"]
        for metric in found
        if metric["name"] == "otel_segment.spool.failures"
        for point in metric["data"]["data_points"]
    )


if __name__ == "__main__":
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    logging.getLogger("otel_segment").addHandler(Listener())
    logging.getLogger("otel_segment").setLevel(logging.INFO)
    watch()
    if "BECOME" in os.environ:
        become(int(os.environ["BECOME"]))
    otel_segment.configure()
    for order in sys.stdin:
        name, *arguments = order.split()
        {"emit": emit, "flush": flush, "limit": limit}[name](*arguments)
        answer = {"lines": lines, "failures": failures(reader)}
        answer["stats"] = msgspec.to_builtins(otel_segment.stats())
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
