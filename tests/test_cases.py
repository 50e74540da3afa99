"""The golden cases: records and spans in, Segment payloads out, through the real exporters and a real server."""

import base64
import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from otel_segment import (
    SegmentLogRecordExporter,
    SegmentLogRecordProcessor,
    SegmentSpanExporter,
    __version__,
)
from otel_segment.inspector import LocalEndpoint

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['title']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]

_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "$bytes": base64.b64decode,
    "$float": float,
    "$int": int,
    "$surrogate": lambda text: text.encode("ascii").decode("unicode_escape"),
    "$tuple": lambda items: tuple(map(revive, items)),
    "$set": lambda items: set(map(revive, items)),
    "$map": lambda pairs: {revive(key): revive(value) for key, value in pairs},
    "$repeat": lambda spec: spec[0] * spec[1],
    "$nest": lambda spec: _nest(*spec),
}


def _nest(kind: str, value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value] if kind == "list" else {"k": value}
    return value


def revive(value: Any) -> Any:
    """Return the value that a case's JSON stands for."""
    if isinstance(value, dict):
        if len(value) == 1 and (name := next(iter(value))) in _SPECIAL:
            return _SPECIAL[name](value[name])
        return {revive(key): revive(item) for key, item in value.items()}
    return [revive(item) for item in value] if isinstance(value, list) else value


def nanoseconds(text: Any) -> int | None:
    """Return an ISO 8601 time with up to nine digits as nanoseconds since 1970."""
    if not isinstance(text, str):
        return text
    whole, fraction = re.fullmatch(r"([^.Z]+)(?:\.(\d+))?Z", text).groups()  # type: ignore[union-attr]
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def span_context(trace_id: str, span_id: str) -> SpanContext:
    """Return the context of a span that was sampled."""
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(1))


def log_record(record: dict[str, Any]) -> LogRecord:
    """Return a case's record as the API makes one."""
    timestamp = nanoseconds(record.get("timestamp"))
    observed = nanoseconds(record.get("observed_timestamp"))
    context = None
    if record.get("trace_id"):
        span = NonRecordingSpan(span_context(record["trace_id"], record["span_id"]))
        context = trace.set_span_in_context(span)
    severity = record.get("severity_number")
    return LogRecord(
        timestamp=timestamp,
        observed_timestamp=timestamp if observed is None else observed,
        context=context,
        severity_number=None if severity is None else SeverityNumber(severity),
        body=revive(record.get("body")),
        attributes=revive(record.get("attributes")),
        event_name=revive(record.get("event_name")),
    )


def readable_span(span: dict[str, Any], resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """Return a case's span as the SDK hands it to exporters."""
    return ReadableSpan(
        span["name"],
        context=span_context(span["trace_id"], span["span_id"]),
        resource=resource,
        attributes=revive(span.get("attributes", {})),
        events=[
            Event(event["name"], revive(event["attributes"]), nanoseconds(event["timestamp"]))
            for event in span["events"]
        ],
        kind=SpanKind[span["kind"]],
        start_time=nanoseconds(span["start"]),
        end_time=nanoseconds(span["end"]),
        instrumentation_scope=scope,
    )


class Drops:
    """Keeps the reasons in the order in which events were dropped."""

    def __init__(self) -> None:
        self.reasons: list[dict[str, str]] = []

    def __call__(self, reason: Any, messages: list[dict[str, Any]]) -> None:
        """Note a reason."""
        self.reasons.extend({"reason": reason.value} for _ in messages)


def emit_all(case: dict[str, Any], processor: Any) -> None:
    """Emit a case's records through the SDK."""
    provider = LoggerProvider(Resource(case.get("resource", {})), shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    scope = case.get("scope", {})
    logger = provider.get_logger(scope.get("name", "cases"), scope.get("version"))
    for record in case.get("records", []):
        logger.emit(log_record(record))
    provider.force_flush()
    provider.shutdown()


def end_all(case: dict[str, Any], exporter: SegmentSpanExporter) -> None:
    """End a case's spans before a span processor of the SDK."""
    processor = BatchSpanProcessor(exporter)
    scope = case.get("scope", {})
    for span in case["spans"]:
        made = readable_span(
            span,
            Resource(case.get("resource", {})),
            InstrumentationScope(scope.get("name", "cases"), scope.get("version")),
        )
        processor.on_end(made)
    processor.force_flush()
    processor.shutdown()


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """Yield a Segment-compatible endpoint."""
    with LocalEndpoint() as running:
        yield running


def sdk_keeps_mixed_sequences() -> bool:
    """Tell whether the SDK hands on a sequence of several types; before 1.45 it made null of one in an attribute."""
    return BoundedAttributes(attributes={"mixed": (1, "a")}, extended_attributes=True)["mixed"] is not None


def as_the_sdk_hands_it_on(case: dict[str, Any]) -> list[Any]:
    """Return what a case expects, given what the SDK did to its values before they reached us."""
    expected: list[Any] = copy.deepcopy(case["expect"])
    if not sdk_keeps_mixed_sequences():
        for record, payload in zip(case.get("records", []), expected, strict=False):
            for name, value in (revive(record.get("attributes")) or {}).items():
                if isinstance(value, tuple) and len(set(map(type, value))) > 1:
                    payload["properties"][name] = None
    return expected


def arrived(endpoint: LocalEndpoint) -> list[dict[str, Any]]:
    """Return the messages that arrived, as they were sent, repeats and all."""
    return [received.message for received in endpoint.received.after(0, timeout=0)]


def assert_payloads(expected: list[Any], messages: list[dict[str, Any]]) -> None:
    """Compare payloads with what a case expects."""
    revived = [revive(payload) for payload in expected]
    ids = [message["messageId"] for message in messages]
    fresh = [ids[position] for position, payload in enumerate(revived) if payload["messageId"] == "<any>"]
    for position, payload in enumerate(revived):
        wanted = payload["messageId"]
        if wanted == "<any>":
            assert 1 <= len(ids[position]) <= 99
            payload["messageId"] = ids[position]
        elif same := re.match(r"<same-as:(\d+)>(.*)", wanted):
            payload["messageId"] = ids[int(same[1])] + same[2]
        payload["context"]["library"]["version"] = __version__

    assert as_json(revived) == as_json(messages)
    assert len(set(fresh)) == len(fresh)


def as_json(value: Any) -> Any:
    """Return a value that tells 1 from true, and not 1 from 1.0."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


DOORS = {
    "processor": SegmentLogRecordProcessor,
    "batch": lambda **settings: BatchLogRecordProcessor(SegmentLogRecordExporter(**settings)),
    "simple": lambda **settings: SimpleLogRecordProcessor(SegmentLogRecordExporter(**settings)),
}


def settings_of(case: dict[str, Any], endpoint: LocalEndpoint, drops: Drops) -> dict[str, Any]:
    """Return the settings that a case runs under."""
    return {
        **case.get("settings", {}),
        "mapping": case.get("mapping"),
        "write_key": "case-key",
        "endpoint": endpoint.url,
        "on_dropped": drops,
    }


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", [case for case in CASES if "records" in case.values[0]])
def test_log_records(case: dict[str, Any], door: str, endpoint: LocalEndpoint) -> None:
    """Log records become exactly the payloads of the case, by whichever door."""
    drops = Drops()

    emit_all(case, DOORS[door](**settings_of(case, endpoint, drops)))

    assert_payloads(as_the_sdk_hands_it_on(case), arrived(endpoint))
    assert case.get("dropped", []) == drops.reasons


@pytest.mark.parametrize("case", [case for case in CASES if "spans" in case.values[0]])
def test_span_events(case: dict[str, Any], endpoint: LocalEndpoint) -> None:
    """Events on spans become exactly the payloads of the case."""
    drops = Drops()

    end_all(case, SegmentSpanExporter(**settings_of(case, endpoint, drops)))

    assert_payloads(as_the_sdk_hands_it_on(case), arrived(endpoint))
    assert case.get("dropped", []) == drops.reasons


def test_there_are_all_cases() -> None:
    """The cases are those that the mapping was agreed on: none is lost on the way here."""
    assert len(CASES) == 106
