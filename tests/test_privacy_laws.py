"""The law of privacy: what a mapping keeps back is in nothing that leaves, is stored, or is said."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, TraceFlags
from strategies import records

from otel_segment import SegmentLogRecordProcessor, SegmentSpanExporter
from otel_segment.inspector import Answer, LocalEndpoint

pytestmark = [
    # The SDK warns of each attribute that has no name, and leaves it out.
    pytest.mark.filterwarnings("ignore:Log record attributes were dropped"),
    # The threads that deliver draw their delays at random, in the middle of an example as well.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "500")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

SECRET = "PLANTED"  # what is looked for, so that no other text may hold it
CARDS = ["4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"]
SEEN = re.compile(
    rb"planted|4111\D{0,3}1111\D{0,3}1111\D{0,3}1111|5555\D?5555\D?5555\D?4444|378282246310005", re.IGNORECASE
)

MAPPING = {
    "select": "named",
    "identify": {"traits": True},
    "privacy": {"drop": ["*private*", "internal"], "hash": ["*phone"], "mask": ["*iban"]},
}
DENIED = [
    *("password", "userPassword", "clientSecret", "accesstoken", "X-Auth-Token", "api_key", "apiKey", "set-cookie"),
    *("http.request.header.authorization", "http.request.header.cookie", "aws.credentials", "passPhrase"),
]
KEPT_BACK = ["private", "order.private.note", "my_private_life", "phone", "home.phone", "iban"]
MAPS = [
    *("analytics.properties", "analytics.traits", "analytics.group.traits", "analytics.context", "analytics.app"),
    *("analytics.campaign", "analytics.referrer", "analytics.device", "analytics.screen", "analytics.integrations"),
    "cart",
]
PLACES = [
    *("url.full", "http.url", "http.target", "analytics.page.referrer", "browser.document.url.full", "link", "a b"),
    *("analytics.page.title", "analytics.name", "analytics.category", "user.full_name", "user_agent.original"),
    *("analytics.campaign.term", "analytics.properties.link", "analytics.traits.link", "session.id", "user.id"),
]


class Planted(NamedTuple):
    """A name with a value that holds a secret."""

    name: str
    value: Any


def wrapped(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a value as it is, or within lists and maps."""
    return st.recursive(
        value,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=2)
            | st.dictionaries(st.sampled_from(["a", "b", "page"]), inner, min_size=1, max_size=2)
        ),
        max_leaves=3,
    )


secrets = st.sampled_from([SECRET, f"x {SECRET} y", f"{SECRET}@example.com x"])
cards = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "card: ", "(", "10 "]),
    st.sampled_from(CARDS),
    st.sampled_from(["", " 12/27", ")"]),
)
keys = st.sampled_from(["token", "access_token", "pass%77ord", "api-key", "sig", "user[password]"])
urls = st.one_of(
    st.builds("https://shop.example/p?a=1&{}={}&b=2#top".format, keys, st.just(SECRET)),
    st.builds("/p?{}={}".format, keys, st.just(SECRET)),
    st.builds("https://u:{}@shop.example/".format, st.just(SECRET)),
    st.builds("https://shop.example/#{}={}".format, keys, st.just(SECRET)),
    st.builds("/p?next=https%3A%2F%2Fshop.example%2F%3F{}%3D{}".format, st.just("token"), st.just(SECRET)),
    st.builds("/p?card={}".format, st.sampled_from(CARDS)),
)
by_name = st.builds(Planted, st.sampled_from([*DENIED, *KEPT_BACK]), wrapped(secrets))
by_value = st.builds(Planted, st.sampled_from(PLACES), wrapped(urls | cards))
by_number = st.builds(Planted, st.sampled_from(["n", "analytics.properties.n"]), wrapped(st.just(4111111111111111)))
by_key = st.builds(Planted, st.sampled_from(CARDS), st.booleans())
by_query = st.builds(Planted, st.just("url.query"), st.builds("{}={}".format, keys, st.just(SECRET)))
plants = st.one_of(by_name, by_name, by_value, by_number, by_key, by_query)


def plant(draw: st.DrawFn, attributes: dict[str, Any]) -> None:
    """Put secrets into attributes: at the top, or inside of a map."""
    for planted in draw(st.lists(plants, max_size=3)):
        if draw(st.booleans()):
            attributes[planted.name] = planted.value
        else:
            name = draw(st.sampled_from(MAPS))
            given = attributes.get(name)
            attributes[name] = (given if type(given) is dict else {}) | {planted.name: planted.value}


@st.composite
def planted_records(draw: st.DrawFn) -> dict[str, Any]:
    """Return the arguments of any log record, with secrets in random places."""
    record = draw(records())
    plant(draw, record["attributes"])
    if draw(st.booleans()):
        body: dict[str, Any] = record["body"] if type(record["body"]) is dict else {}
        plant(draw, body)
        record["body"] = draw(st.sampled_from([body, {"a": [body]}]))
    elif draw(st.booleans()):
        record["body"] = draw(urls | cards)
    if draw(st.booleans()):
        record["event_name"] = draw(cards)
    return record


@st.composite
def planted_spans(draw: st.DrawFn) -> dict[str, Any]:
    """Return a span with secrets in its attributes, its event's and its resource's."""
    span: dict[str, Any] = {"attributes": {}, "event": {}, "resource": {}}
    for attributes in span.values():
        plant(draw, attributes)
    span["attributes"] |= {"user.id": "u-1", "http.request.method": "GET"}
    span["event"] |= {"analytics.type": draw(st.sampled_from(["track", "page", "identify", "group", "purchase"]))}
    span["resource"] |= draw(st.sampled_from([{}, {"os.name": "ios"}, {"browser.language": "de"}]))
    return span


class Observed:
    """What the hooks saw, in text."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.dropped = 0
        self.delivered = 0

    def before_send(self, message: dict[str, Any]) -> dict[str, Any]:
        """Let a message pass."""
        self.seen.append(repr(message))
        return message

    def on_dropped(self, reason: object, messages: list[dict[str, Any]]) -> None:
        """Note what was dropped."""
        self.dropped += len(messages)
        self.seen.append(repr((reason, messages)))

    def on_delivered(self, messages: list[dict[str, Any]]) -> None:
        """Note what arrived."""
        self.delivered += len(messages)
        self.seen.append(repr(messages))

    def leaks(self) -> list[str]:
        """Return what should not have been seen since the last time."""
        seen, self.seen = self.seen, []
        return [text for text in seen if SEEN.search(text.encode("utf-8", "replace"))]


@pytest.fixture(autouse=True, scope="module")
def _quiet_sdk() -> Iterator[None]:
    """Keep the SDK's word on each odd attribute out of the report."""
    logger = logging.getLogger("opentelemetry.attributes")
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def taking() -> Iterator[LocalEndpoint]:
    """Yield an endpoint that takes everything."""
    with LocalEndpoint() as running:
        yield running


@pytest.fixture
def refusing() -> Iterator[LocalEndpoint]:
    """Yield an endpoint that refuses everything for good."""
    with LocalEndpoint() as running:
        running.behave(lambda _: Answer(400))
        yield running


@pytest.fixture
def away() -> Iterator[LocalEndpoint]:
    """Yield an endpoint that has no time for anything."""
    with LocalEndpoint() as running:
        running.behave(lambda _: Answer(503))
        yield running


def stored(folder: Path) -> dict[str, bytes]:
    """Return all files under a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_records(
    taking: LocalEndpoint,
    refusing: LocalEndpoint,
    away: LocalEndpoint,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Secrets in log records reach no endpoint, no spool, no dead-letter file, no hook and no log line."""
    observed = Observed()
    common: dict[str, Any] = {
        "write_key": "law-key",
        "mapping": MAPPING,
        "privacy_salt": "pepper",
        "before_send": observed.before_send,
        "on_dropped": observed.on_dropped,
        "on_delivered": observed.on_delivered,
        "dead_letter": tmp_path / "dead.jsonl",
    }
    provider = LoggerProvider(Resource({"service.name": "law", "db.password": SECRET}), shutdown_on_exit=False)
    provider.add_log_record_processor(SegmentLogRecordProcessor(endpoint=taking.url, **common))
    provider.add_log_record_processor(SegmentLogRecordProcessor(endpoint=refusing.url, **common))
    spooling = SegmentLogRecordProcessor(
        endpoint=away.url, spool=tmp_path / "spool", durable=True, shutdown_timeout=1, **common
    )

    provider.add_log_record_processor(spooling)
    logger = provider.get_logger("laws")

    @ENOUGH
    @given(record=planted_records())
    def nothing_is_seen(record: dict[str, Any]) -> None:
        logger.emit(LogRecord(**record))
        assert observed.leaks() == []

    with caplog.at_level(logging.DEBUG):
        nothing_is_seen()
        kept = stored(tmp_path / "spool")
        provider.force_flush(5_000)
        provider.shutdown()

    arrived = [received.raw for received in taking.received.after(0, timeout=0)]
    files = kept | stored(tmp_path)
    assert observed.leaks() == []
    assert [raw for raw in arrived if SEEN.search(raw)] == []
    assert [name for name, data in files.items() if SEEN.search(data)] == []
    assert [line for line in caplog.messages if SEEN.search(line.encode("utf-8", "replace"))] == []
    assert len(arrived) > 5
    assert observed.delivered > 20
    assert (tmp_path / "dead.jsonl").stat().st_size > 10_000
    assert sum(map(len, kept.values())) > 10_000


def test_spans(taking: LocalEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    """Secrets in spans, in their events and in their resources reach neither the endpoint nor a hook."""
    observed = Observed()
    exporter = SegmentSpanExporter(
        write_key="law-key",
        endpoint=taking.url,
        mapping=MAPPING,
        privacy_salt="pepper",
        before_send=observed.before_send,
        on_dropped=observed.on_dropped,
    )

    @settings(ENOUGH, max_examples=200)
    @given(span=planted_spans())
    def nothing_is_seen(span: dict[str, Any]) -> None:
        made = ReadableSpan(
            "GET /",
            context=SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)),
            resource=Resource(span["resource"]),
            attributes=span["attributes"],
            events=[Event("Viewed", span["event"], 1_700_000_000_000_000_000)],
            start_time=1_700_000_000_000_000_000,
            end_time=1_700_000_000_000_000_001,
        )
        exporter.export([made])
        assert observed.leaks() == []

    with caplog.at_level(logging.DEBUG):
        nothing_is_seen()
        exporter.force_flush(5_000)
        exporter.shutdown()

    arrived = [received.raw for received in taking.received.after(0, timeout=0)]
    assert [raw for raw in arrived if SEEN.search(raw)] == []
    assert len(arrived) > 5
    assert [line for line in caplog.messages if SEEN.search(line.encode("utf-8", "replace"))] == []


def test_the_law_can_fail(taking: LocalEndpoint) -> None:
    """Where a mapping switches the deny list off, what is planted is seen: the law does look at what leaves."""
    observed = Observed()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(
        SegmentLogRecordProcessor(
            write_key="law-key",
            endpoint=taking.url,
            mapping={"privacy": {"deny_list": False}},
            before_send=observed.before_send,
        )
    )

    provider.get_logger("laws").emit(
        LogRecord(
            event_name="E",
            attributes={"analytics.type": "track", "user.id": "u", "password": SECRET, "n": json.dumps(CARDS[1])},
        )
    )
    provider.force_flush(5_000)
    provider.shutdown()

    assert len(observed.leaks()) == 1
    assert [bool(SEEN.search(received.raw)) for received in taking.received.after(0, timeout=0)] == [True]
