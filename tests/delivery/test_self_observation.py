"""What the exporters say of themselves, as metrics on the global MeterProvider."""

import json
from collections import Counter
from typing import Any

import pytest
from doors import run_program, script

from otel_segment.inspector import Answer, LocalEndpoint

PROGRAM = """
import sys
from opentelemetry import trace
from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
import otel_segment

reader = InMemoryMetricReader()
if sys.argv[-1] != "late":
    set_meter_provider(MeterProvider([reader]))
otel_segment.configure(max_retry_time=20)
spans = TracerProvider()
spans.add_span_processor(BatchSpanProcessor(otel_segment.SegmentSpanExporter(max_retry_time=0)))
trace.set_tracer_provider(spans)
if sys.argv[-1] == "late":
    set_meter_provider(MeterProvider([reader]))

def emit(count, **attributes):
    for _ in range(count):
        get_logger("program").emit(LogRecord(event_name="Ping", attributes={"analytics.type": "track", **attributes}))

emit(3, **{"user.id": "u-1"})
emit(2)
assert otel_segment.flush(20)
emit(1, **{"user.id": "u-1"})
assert otel_segment.flush(20)
with trace.get_tracer("program").start_as_current_span("work") as span:
    span.add_event("Done", {"analytics.type": "track", "user.id": "u-1"})
assert otel_segment.flush(20)
emit(4, **{"user.id": "u-1"})
print(reader.get_metrics_data().to_json())
assert otel_segment.shutdown(20)
"""
LOGS, SPANS = "segment_log_processor/0", "segment_span_exporter/0"


class Metrics:
    """Metrics as they were read: by name, component and the attributes that are their own."""

    def __init__(self, text: str, endpoint: LocalEndpoint) -> None:
        self.kinds: dict[str, tuple[str, bool | None]] = {}
        self.values: dict[tuple[Any, ...], Any] = {}
        where = {"server.address": "127.0.0.1", "server.port": endpoint.port}
        (resource,) = json.loads(text)["resource_metrics"]
        scopes = {scope["scope"]["name"]: scope["metrics"] for scope in resource["scope_metrics"]}
        for metric in scopes["otel_segment"]:
            data = metric["data"]
            self.kinds[metric["name"]] = metric["unit"], data.get("is_monotonic")
            for point in data["data_points"]:
                own = dict(point["attributes"])
                name = own.pop("otel.component.name")
                assert own.pop("otel.component.type") == name.partition("/")[0]
                assert {key: own.pop(key) for key in where} == where
                value = point["value"] if "value" in point else point["count"]
                self.values[(metric["name"], name, *sorted(own.items()))] = value


@pytest.fixture(params=["early", "late"], scope="module")
def metrics(request: pytest.FixtureRequest) -> Metrics:
    """What a program measured whose requests were answered by 200, 500, 200, 400; with its MeterProvider set then."""
    with LocalEndpoint() as endpoint:
        endpoint.behave(script(None, Answer(500), None, Answer(400)))
        ended = run_program(PROGRAM.replace("sys.argv[-1]", repr(request.param)), endpoint.url)
        assert ended.returncode == 0, ended.stderr
        return Metrics(ended.stdout, endpoint)


def test_names_and_units(metrics: Metrics) -> None:
    """Names and units are those of the semantic conventions where there are some."""
    assert metrics.kinds == {
        "otel.sdk.exporter.log.exported": ("{log_record}", True),
        "otel.sdk.exporter.log.inflight": ("{log_record}", False),
        "otel.sdk.exporter.span.exported": ("{span}", True),
        "otel.sdk.exporter.span.inflight": ("{span}", False),
        "otel.sdk.exporter.operation.duration": ("s", None),
        "otel_segment.events.accepted": ("{event}", True),
        "otel_segment.events.dropped": ("{event}", True),
        "otel_segment.events.waiting": ("{event}", False),
        "otel_segment.requests": ("{request}", True),
        "otel_segment.requests.retried": ("{request}", True),
        "otel_segment.sent": ("By", True),
    }


def test_values(metrics: Metrics) -> None:
    """Events are counted by what became of them, requests by their status, for each exporter by itself."""
    values = dict(metrics.values)
    sent = values.pop(("otel_segment.sent", LOGS)), values.pop(("otel_segment.sent", SPANS))
    assert sent[0] > sent[1] > 100
    status, error = "http.response.status_code", "error.type"
    requests = {
        (LOGS, (status, 200)): 2,
        (LOGS, (error, "500"), (status, 500)): 1,
        (SPANS, (error, "400"), (status, 400)): 1,
    }
    assert values == {
        ("otel.sdk.exporter.log.exported", LOGS): 4,
        ("otel.sdk.exporter.log.inflight", LOGS): 0,
        ("otel.sdk.exporter.span.exported", SPANS, (error, "rejected")): 1,
        ("otel.sdk.exporter.span.inflight", SPANS): 0,
        ("otel_segment.events.accepted", LOGS): 10,
        ("otel_segment.events.accepted", SPANS): 1,
        ("otel_segment.events.waiting", LOGS): 4,
        ("otel_segment.events.waiting", SPANS): 0,
        ("otel_segment.events.dropped", LOGS, ("otel_segment.reason", "missing_identity")): 2,
        ("otel_segment.events.dropped", SPANS, ("otel_segment.reason", "rejected")): 1,
        ("otel_segment.requests.retried", LOGS): 1,
        **{("otel_segment.requests", *key): count for key, count in requests.items()},
        **{("otel.sdk.exporter.operation.duration", *key): count for key, count in requests.items()},
    }


def test_end_of_what_is_left(endpoint: LocalEndpoint) -> None:
    """Events that a shutdown leaves are exported without success, and no longer in flight."""
    endpoint.behave(lambda _: Answer(429, {"Retry-After": "3600"}))
    source = (
        PROGRAM.partition("emit(3,")[0].replace("sys.argv[-1]", "'early'")
        + """
emit(3, **{"user.id": "u-1"})
otel_segment.flush(0.5)
otel_segment.shutdown(0.5)
time_to_end = __import__("time").monotonic() + 10
while True:
    text = reader.get_metrics_data().to_json()
    if '"value": 3' in text and '"value": -3' not in text or __import__("time").monotonic() > time_to_end:
        break
print(text)
"""
    )
    ended = run_program(source, endpoint.url)
    values = Counter(Metrics(ended.stdout, endpoint).values)
    assert values["otel.sdk.exporter.log.exported", LOGS, ("error.type", "shutdown")] == 3
    assert values["otel_segment.events.dropped", LOGS, ("otel_segment.reason", "shutdown")] == 3
    assert values["otel.sdk.exporter.log.inflight", LOGS] == 0
