"""Laws of conversion: for any record at all."""

import base64
import json
import logging
import math
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from strategies import any_text, names, records, scalars

from otel_segment import DropReason, SegmentLogRecordExporter, SegmentLogRecordProcessor
from otel_segment.inspector import LocalEndpoint

# The SDK warns of each attribute that has no name, and leaves it out.
pytestmark = pytest.mark.filterwarnings("ignore:Log record attributes were dropped")

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "2000")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Observed:
    """What became of the events of one processor, seen through its hooks."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.dropped: list[DropReason] = []

    def before_send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Let a message pass."""
        self.sent.append(message)
        return message

    def on_dropped(self, reason: DropReason, messages: list[dict[str, Any]]) -> None:
        """Note the reason."""
        self.dropped.extend(reason for _ in messages)


@pytest.fixture(autouse=True, scope="module")
def _quiet_sdk() -> Iterator[None]:
    """Keep the SDK's word on each odd attribute out of the report."""
    logger = logging.getLogger("opentelemetry.attributes")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[LocalEndpoint]:
    """Yield an endpoint that applies Segment's rules."""
    with LocalEndpoint() as running:
        yield running


@pytest.fixture(scope="module")
def observed() -> Observed:
    """Return what the hooks of the processor saw."""
    return Observed()


@pytest.fixture(scope="module")
def provider(endpoint: LocalEndpoint, observed: Observed) -> Iterator[LoggerProvider]:
    """Yield a provider that sends to the endpoint."""
    made = LoggerProvider(Resource({}), shutdown_on_exit=False)
    made.add_log_record_processor(
        SegmentLogRecordProcessor(
            write_key="law-key",
            endpoint=endpoint.url,
            mapping={"privacy": {"deny_list": False}},
            before_send=observed.before_send,
            on_dropped=observed.on_dropped,
        )
    )
    yield made
    made.shutdown()


def strict_json(text: bytes) -> Any:
    """Parse JSON as its standard has it, without NaN and Infinity."""

    def refuse(constant: str) -> None:
        message = f"{constant} is not JSON"
        raise ValueError(message)

    return json.loads(text.decode("utf-8"), parse_constant=refuse)


def test_any_record_is_a_valid_payload_or_a_named_drop(
    endpoint: LocalEndpoint, observed: Observed, provider: LoggerProvider
) -> None:
    """Each record gives one payload that Segment's rules accept and that parses back equal, or one named drop."""
    observed.sent.clear()
    endpoint.received.clear()

    @ENOUGH
    @given(record=records())
    def gives_one_or_the_other(record: dict[str, Any]) -> None:
        sent = len(observed.sent)
        observed.dropped.clear()
        provider.get_logger("laws").emit(LogRecord(**record))
        assert len(observed.sent) - sent + len(observed.dropped) == 1
        assert DropReason.CONVERSION_ERROR not in observed.dropped

    gives_one_or_the_other()
    assert provider.force_flush(30_000)

    arrived = endpoint.received.after(0, timeout=0)
    assert all(received.kept or received.duplicate for received in arrived)
    assert observed.sent == [strict_json(received.raw) for received in arrived]
    assert len(arrived) > 5


def as_json(value: Any) -> Any:
    """Return what a scalar or a container of them is in JSON, worked out apart from the library."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return "".join(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    if isinstance(value, int):
        return value if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {as_json(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value]


plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(ENOUGH, max_examples=500)
@given(body=st.dictionaries(st.text(max_size=5), plain, max_size=6))
def test_properties_keep_their_values(
    body: dict[str, Any], endpoint: LocalEndpoint, observed: Observed, provider: LoggerProvider
) -> None:
    """What an application gives arrives as it is, as far as JSON can carry it."""
    observed.sent.clear()

    provider.get_logger("laws").emit(
        LogRecord(event_name="E", body=body, attributes={"analytics.type": "track", "user.id": "u"})
    )

    assert as_json(body) == observed.sent[0]["properties"]


class Records(SegmentLogRecordExporter):
    """An exporter that keeps what it was given."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.given: list[ReadableLogRecord] = []

    def export(self, batch: Any) -> Any:
        """Export, and remember."""
        self.given.extend(batch)
        return super().export(batch)


@settings(ENOUGH, max_examples=300)
@given(record=records())
def test_the_same_record_is_the_same_message(record: dict[str, Any]) -> None:
    """Converting a record again gives the very same payload, its id included."""
    observed = Observed()
    exporter = Records(write_key="law-key", disabled=True, before_send=observed.before_send)
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))

    provider.get_logger("laws").emit(LogRecord(**record))
    exporter.export(list(exporter.given))

    assert observed.sent[: len(observed.sent) // 2] == observed.sent[len(observed.sent) // 2 :]


@settings(ENOUGH, max_examples=300)
@given(attributes=st.dictionaries(names, scalars, max_size=8), name=any_text)
def test_unmarked_records_are_left_alone(attributes: dict[str, Any], name: str) -> None:
    """A record without ``analytics.type`` is neither sent nor counted, whatever else it holds."""
    attributes.pop("analytics.type", None)
    observed = Observed()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(
        SegmentLogRecordProcessor(
            write_key="law-key", disabled=True, before_send=observed.before_send, on_dropped=observed.on_dropped
        )
    )

    provider.get_logger("laws").emit(LogRecord(event_name=name, attributes=attributes))

    assert (observed.sent, observed.dropped) == ([], [])


def test_a_number_that_python_does_not_write(observed: Observed, provider: LoggerProvider) -> None:
    """An integer too long for Python to write in decimal arrives as text all the same."""
    observed.sent.clear()

    provider.get_logger("laws").emit(
        LogRecord(event_name="E", body={"n": 10**5000}, attributes={"analytics.type": "track", "user.id": "u"})
    )

    assert observed.sent[0]["properties"]["n"] == hex(10**5000)


def test_a_structure_that_holds_itself(observed: Observed, provider: LoggerProvider) -> None:
    """A list that holds itself twice is an event too large, not a process without memory."""
    observed.dropped.clear()
    knot: list[Any] = []
    knot += [knot, knot]

    provider.get_logger("laws").emit(
        LogRecord(event_name="E", body={"knot": knot}, attributes={"analytics.type": "track", "user.id": "u"})
    )

    assert observed.dropped == [DropReason.EVENT_TOO_LARGE]
