"""The six calls: what they emit, what they refuse, and where it goes at first use."""

import collections
import datetime as dt
import decimal
import enum
import inspect
import json
import logging
import math
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber, set_logger_provider
from opentelemetry._logs import _internal as logs_api
from opentelemetry.metrics import _internal as metrics_api
from opentelemetry.sdk._logs import LoggerProvider, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.util._once import Once

from otel_segment import _log, analytics, use_visitor
from otel_segment._version import __version__
from otel_segment.emit import _refusals
from otel_segment.emit._lists import MIXED_LISTS_PASS, unmixed
from otel_segment.emit._moment import nanoseconds
from otel_segment.emit._uid import new_uid

UTC = dt.timezone.utc
SECOND = 1_000_000_000

EVERY_CALL: dict[str, Callable[..., None]] = {
    "track": lambda **more: analytics.track("u1", "Event", **more),
    "page": lambda **more: analytics.page("u1", "Category", "Name", **more),
    "screen": lambda **more: analytics.screen("u1", "Category", "Name", **more),
    "identify": lambda **more: analytics.identify("u1", **more),
    "group": lambda **more: analytics.group("u1", "g1", **more),
    "alias": lambda **more: analytics.alias("a1", "u1", **more),
}

Records = Callable[[], list[LogRecord]]


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """The log records that have been emitted, in order."""
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    set_logger_provider(provider)
    yield lambda: [item.log_record for item in exporter.get_finished_logs()]
    provider.shutdown()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted and said in one test does not count in the next."""
    monkeypatch.setattr(_log, "_last_said", {})
    monkeypatch.setattr(_refusals, "_counts", {})


def attributes(record: LogRecord) -> dict[str, Any]:
    """Return the attributes without the identifier that is new each time."""
    return {name: value for name, value in (record.attributes or {}).items() if name != "log.record.uid"}


class TestRecord:
    """What each call emits."""

    @pytest.mark.parametrize(
        ("call", "event", "expected"),
        [
            (
                lambda: analytics.track("u1", "Signed Up", {"plan": "pro"}),
                "Signed Up",
                {"analytics.type": "track", "user.id": "u1", "analytics.properties": {"plan": "pro"}},
            ),
            (
                lambda: analytics.page("u1", "Docs", "Home", {"a": 1}),
                "page",
                {
                    "analytics.type": "page",
                    "user.id": "u1",
                    "analytics.category": "Docs",
                    "analytics.name": "Home",
                    "analytics.properties": {"a": 1},
                },
            ),
            (
                lambda: analytics.screen(None, None, "Home", anonymous_id="a1"),
                "screen",
                {"analytics.type": "screen", "analytics.anonymous_id": "a1", "analytics.name": "Home"},
            ),
            (
                lambda: analytics.identify("u1", {"email": "a@b.c"}, anonymous_id="a1"),
                "identify",
                {
                    "analytics.type": "identify",
                    "user.id": "u1",
                    "analytics.anonymous_id": "a1",
                    "analytics.traits": {"email": "a@b.c"},
                },
            ),
            (
                lambda: analytics.group("u1", "g1", {"name": "Acme"}),
                "group",
                {
                    "analytics.type": "group",
                    "user.id": "u1",
                    "analytics.group.id": "g1",
                    "analytics.group.traits": {"name": "Acme"},
                },
            ),
            (
                lambda: analytics.alias("a1", "u1"),
                "alias",
                {"analytics.type": "alias", "user.id": "u1", "analytics.previous_id": "a1"},
            ),
        ],
        ids=EVERY_CALL,
    )
    def test_each_call(
        self, records: Records, call: Callable[[], None], event: str, expected: dict[str, object]
    ) -> None:
        """Each call emits one record with its attributes, and returns nothing."""
        before = time.time_ns()
        assert call() is None

        [record] = records()
        assert attributes(record) == expected
        assert record.event_name == event
        assert record.severity_number is SeverityNumber.INFO
        assert record.body is None
        assert before <= record.timestamp == record.observed_timestamp <= time.time_ns()

    @pytest.mark.parametrize("name", EVERY_CALL)
    def test_what_every_call_takes(self, records: Records, name: str) -> None:
        """Context, integrations, time and id of the message go the same way in every call."""
        EVERY_CALL[name](
            context={"ip": "192.0.2.1", "when": dt.date(2024, 1, 1)},
            integrations={"All": False},
            timestamp=dt.datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
            message_id=uuid.UUID(int=5),
        )

        [record] = records()
        assert (
            attributes(record).items()
            >= {
                "analytics.context": {"ip": "192.0.2.1", "when": "2024-01-01"},
                "analytics.integrations": {"All": False},
            }.items()
        )
        assert record.attributes["log.record.uid"] == "00000000-0000-0000-0000-000000000005"
        assert record.timestamp == 1704067200123456000
        assert before_now(record.observed_timestamp)

    def test_scope(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        """The records come from the scope otel_segment, with its version."""
        seen: list[ReadWriteLogRecord] = []
        monkeypatch.setattr(SimpleLogRecordProcessor, "on_emit", lambda _, item: seen.append(item))
        analytics.track("u1", "Event")

        scope = seen[0].instrumentation_scope
        assert (scope.name, scope.version) == ("otel_segment", __version__)

    def test_trace(self, records: Records) -> None:
        """A call inside a span belongs to its trace."""
        with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("span") as span:
            analytics.track("u1", "Event")

        [record] = records()
        assert (record.trace_id, record.span_id) == (span.get_span_context().trace_id, span.get_span_context().span_id)
        assert trace.get_current_span().get_span_context().span_id == 0

    def test_values_are_made_plain(self, records: Records) -> None:
        """Values that OpenTelemetry cannot carry arrive as what the table says, and the caller's stay as they are."""
        properties = {
            "when": dt.datetime(2024, 1, 1),  # noqa: DTZ001
            "total": decimal.Decimal("9.99"),
            "items": [{"id": uuid.UUID(int=1)}],
            7: {1, 2},
        }
        copy = {**properties, "items": [dict(properties["items"][0])]}
        analytics.track("u1", "Event", properties)

        assert attributes(records()[0])["analytics.properties"] == {
            "when": "2024-01-01T00:00:00Z",
            "total": 9.99,
            "items": ({"id": "00000000-0000-0000-0000-000000000001"},),
            "7": (1, 2),
        }
        assert properties == copy

    def test_mixed_lists(self, records: Records) -> None:
        """Lists of several types arrive whole, with every OpenTelemetry that is supported."""
        properties = {"list": [1, "a", 2.5, None, [True, {"x": [1, 2.5]}]]}
        analytics.track("u1", "Event", properties)

        [record] = records()
        carried = record.body if record.body is not None else attributes(record)["analytics.properties"]
        assert json.loads(json.dumps(carried)) == properties
        assert (record.body is None) is MIXED_LISTS_PASS

    def test_mixed_lists_in_context(self, records: Records) -> None:
        """In other maps lists of several types lose at most their types, with an OpenTelemetry before 1.45."""
        analytics.track("u1", "Event", context={"numbers": [1, 2.5], "mixed": [1, "a", None]})

        mixed = (1, "a", None) if MIXED_LISTS_PASS else ("1", "a", None)
        assert attributes(records()[0])["analytics.context"] == {"numbers": (1, 2.5), "mixed": mixed}

    @pytest.mark.parametrize("empty", [None, {}, "", [], (), 0, False])
    def test_empty_maps(self, records: Records, empty: Any) -> None:
        """Optional maps that are empty, in the ways that Segment's library accepts, are left out."""
        analytics.track("u1", "Event", empty, context=empty, integrations=empty)
        analytics.identify("u1", empty)

        assert attributes(records()[0]) == {"analytics.type": "track", "user.id": "u1"}
        assert attributes(records()[1]) == {"analytics.type": "identify", "user.id": "u1"}

    def test_mappings(self, records: Records) -> None:
        """Any mapping serves as a map."""
        analytics.track("u1", "Event", collections.ChainMap({"a": 1}, {"b": 2}), context=collections.UserDict(c=3))

        assert attributes(records()[0])["analytics.properties"] == {"a": 1, "b": 2}
        assert attributes(records()[0])["analytics.context"] == {"c": 3}

    @pytest.mark.parametrize(
        ("given_id", "expected"),
        [
            ("u1", "u1"),
            ("0", "0"),
            (0, "0"),
            (42, "42"),
            (4.5, "4.5"),
            (decimal.Decimal("7.0"), "7.0"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (enum.Enum("Made", {"ONE": "e1"}).ONE, "e1"),  # type: ignore[attr-defined]
        ],
    )
    def test_ids(self, records: Records, given_id: object, expected: str) -> None:
        """Identifiers of every useful type become text."""
        analytics.track(given_id, "Event")
        analytics.track(None, "Event", anonymous_id=given_id)
        analytics.group("u1", given_id)
        analytics.alias(given_id, "u1")

        found = [attributes(record) for record in records()]
        assert found[0]["user.id"] == expected
        assert found[1]["analytics.anonymous_id"] == expected
        assert found[2]["analytics.group.id"] == expected
        assert found[3]["analytics.previous_id"] == expected

    def test_labels(self, records: Records) -> None:
        """Names and categories that are no text become text, and empty ones are left out."""
        analytics.page("u1", "", 404)  # type: ignore[arg-type]

        assert attributes(records()[0]) == {"analytics.type": "page", "user.id": "u1", "analytics.name": "404"}

    def test_event_of_an_enum(self, records: Records) -> None:
        """A member of an Enum of event names stands for its value."""

        class Event(str, enum.Enum):
            SIGNED_UP = "Signed Up"

        analytics.track("u1", Event.SIGNED_UP)

        assert [record.event_name for record in records()] == ["Signed Up"]
        assert type(records()[0].event_name) is str

    def test_signatures_are_those_of_segment(self) -> None:
        """The arguments have the names, the order and the defaults of segment-analytics-python 2.4.0."""
        rest = ["context", "timestamp", "anonymous_id", "integrations", "message_id"]
        labels = ["user_id", "category", "name", "properties", *rest]
        expected = {
            "track": ["user_id", "event", "properties", *rest],
            "page": labels,
            "screen": labels,
            "identify": ["user_id", "traits", *rest],
            "group": ["user_id", "group_id", "traits", *rest],
            "alias": ["previous_id", "user_id", "context", "timestamp", "integrations", "message_id"],
        }

        found = {name: inspect.signature(getattr(analytics, name)).parameters for name in expected}

        assert {name: list(parameters) for name, parameters in found.items()} == expected
        assert {parameter.default for parameters in found.values() for parameter in parameters.values()} == {None}
        assert {parameter.kind.name for parameters in found.values() for parameter in parameters.values()} == {
            "POSITIONAL_OR_KEYWORD"
        }


def before_now(moment: int | None) -> bool:
    """Tell whether a time is of the last minute."""
    return moment is not None and 0 <= time.time_ns() - moment < 60 * SECOND


class TestTimestamp:
    """When it happened."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (dt.datetime(2024, 1, 1), 1704067200 * SECOND),  # noqa: DTZ001
            (dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), 1704060000 * SECOND),
            (dt.datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1704067200 * SECOND + 1000),
            (dt.date(2024, 1, 1), 1704067200 * SECOND),
            ("2024-01-01", 1704067200 * SECOND),
            ("2024-01-01T00:00", 1704067200 * SECOND),
            ("2024-01-01 00:00:00", 1704067200 * SECOND),
            (" 2024-01-01T00:00:00Z ", 1704067200 * SECOND),
            ("2024-01-01t00:00:00z", 1704067200 * SECOND),
            ("2024-01-01T00:00:00.5+00:00", 1704067200 * SECOND + SECOND // 2),
            ("2024-01-01T00:00:00,123456789Z", 1704067200 * SECOND + 123456789),
            ("2024-01-01T00:00:00.1234567899Z", 1704067200 * SECOND + 123456789),
            ("2024-01-01T02:00:00+0200", 1704067200 * SECOND),
            ("2023-12-31T19:00:00-05", 1704067200 * SECOND),
            ("2262-04-11T23:47:16.854775807Z", 2**63 - 1),
        ],
    )
    def test_useful(self, records: Records, value: Any, expected: int) -> None:
        """Dates and ISO texts are the record's time, in whole nanoseconds; without an offset they are UTC."""
        analytics.track("u1", "Event", timestamp=value)

        assert records()[0].timestamp == expected
        assert analytics.refused() == {}

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "yesterday",
            "2024-13-01",
            "2024-01-01T25:00",
            "2024-01-01T00:00:00+99",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2262-04-11T23:47:16.854775808Z",
            "9999-12-31T23:59:59Z",
            "२०२४-01-01",
            1704067200,
            1704067200.5,
            True,
            [],
            dt.time(1, 2),
            dt.datetime(1960, 1, 1, tzinfo=UTC),
        ],
    )
    def test_useless(self, records: Records, caplog: pytest.LogCaptureFixture, value: Any) -> None:
        """What is no time, or none after 1970, is counted and said, and the event is emitted with the current time."""
        for _ in range(2):
            analytics.track("u1", "Event", timestamp=value)

        assert all(before_now(record.timestamp) for record in records())
        assert analytics.refused() == {"invalid_timestamp": 2}
        assert len(caplog.records) == 1
        assert "timestamp" in caplog.text

    @given(st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
    def test_exact(self, moment: dt.datetime) -> None:
        """A datetime and its ISO text are the same time, to the microsecond."""
        text = moment.isoformat()

        found = nanoseconds(moment)

        assert found is not None
        assert dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(microseconds=found // 1000) == moment.astimezone(UTC)
        if re.search(r"[+-]\d\d:\d\d$", text):
            assert nanoseconds(text) == found

    def test_hostile_zone(self, records: Records) -> None:
        """A zone that fails is as no time."""

        class Zone(dt.tzinfo):
            def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
                raise RuntimeError

        analytics.track("u1", "Event", timestamp=dt.datetime(2024, 1, 1, tzinfo=Zone()))

        assert before_now(records()[0].timestamp)


class TestMessageId:
    """What makes an event unique."""

    def test_made(self, records: Records) -> None:
        """Without one each event has 32 hexadecimal digits of its own."""
        for empty in [None, ""] * 300:
            analytics.track("u1", "Event", message_id=empty)

        uids = [record.attributes["log.record.uid"] for record in records()]
        assert all(re.fullmatch("[0-9a-f]{32}", uid) for uid in uids)
        assert len(set(uids)) == 600

    def test_given(self, records: Records) -> None:
        """The one given is used as text, whatever its type."""
        analytics.track("u1", "Event", message_id=0)
        analytics.track("u1", "Event", message_id="m" * 200)

        assert [record.attributes["log.record.uid"] for record in records()] == ["0", "m" * 200]

    def test_threads(self) -> None:
        """Threads never share one."""
        found: list[list[str]] = []

        def work() -> None:
            found.append([new_uid() for _ in range(2_000)])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len({uid for uids in found for uid in uids}) == 16_000

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    def test_fork(self) -> None:
        """Forked children have neither each other's nor their parent's."""
        code = """
import os
from otel_segment.emit._uid import new_uid
new_uid()
for _ in range(3):
    child = os.fork()
    if child == 0:
        print(*(new_uid() for _ in range(300)), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print(*(new_uid() for _ in range(300)), flush=True)
"""
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert len(set(result.stdout.split())) == 1_200


class TestVisitor:
    """What calls take from the visitor around them."""

    def test_identity(self, records: Records) -> None:
        """Inside use_visitor a call needs no identity of its own."""
        with use_visitor("u1", anonymous_id="a1"):
            analytics.track(event="Event")
            analytics.alias("old")

        assert [attributes(record)["user.id"] for record in records()] == ["u1", "u1"]
        assert attributes(records()[1])["analytics.previous_id"] == "old"

    def test_log_in(self, records: Records) -> None:
        """A user id where the visitor has none belongs to the same person."""
        with use_visitor(anonymous_id="a1", group_id="g1", traits={"plan": "pro"}):
            analytics.identify("u1", {"email": "a@b.c"})

        assert attributes(records()[0]) == {
            "analytics.type": "identify",
            "user.id": "u1",
            "analytics.anonymous_id": "a1",
            "analytics.group.id": "g1",
            "analytics.traits": {"email": "a@b.c"},
        }

    @pytest.mark.parametrize("who", [{"user_id": "u2"}, {"anonymous_id": "a2"}])
    def test_somebody_else(self, records: Records, who: dict[str, Any]) -> None:
        """A call about somebody else carries the surroundings and nothing of the visitor's person."""
        with use_visitor(
            "u1",
            anonymous_id="a1",
            traits={"email": "a@b.c", "plan": "pro"},
            group_id="g1",
            consent={"ads": True},
            session_id="s1",
            page={"title": "T"},
            ip="192.0.2.1",
        ):
            analytics.track(event="Event", **who)

        own = {"user.id": "u2"} if "user_id" in who else {"analytics.anonymous_id": "a2"}
        assert attributes(records()[0]) == {
            "analytics.type": "track",
            "analytics.page.title": "T",
            "client.address": "192.0.2.1",
            **own,
        }

    def test_traits_of_the_person_are_not_the_groups(self, records: Records) -> None:
        """On a group call the visitor's traits are there under the names of the conventions alone."""
        with use_visitor("u1", group_id="g1", traits={"email": "a@b.c", "plan": "pro"}):
            analytics.group(traits={"name": "Acme"})

        assert attributes(records()[0]) == {
            "analytics.type": "group",
            "user.id": "u1",
            "user.email": "a@b.c",
            "analytics.group.id": "g1",
            "analytics.group.traits": {"name": "Acme"},
        }

    def test_traits_of_identify(self, records: Records) -> None:
        """An identify call without traits of its own says the visitor's, one with traits only its own."""
        with use_visitor("u1", traits={"email": "a@b.c", "plan": "pro"}):
            analytics.identify()
            analytics.identify(traits={"plan": "free"})

        first, second = map(attributes, records())
        assert (first["user.email"], first["analytics.traits"]) == ("a@b.c", {"plan": "pro"})
        assert "user.email" not in second
        assert second["analytics.traits"] == {"plan": "free"}

    def test_context(self, records: Records) -> None:
        """The call's context lies over the visitor's, field by field, and leaves it as it was."""
        with use_visitor("u1", context={"app": {"name": "shop"}, "active": True}):
            analytics.track(event="Event", context={"active": False})
            analytics.track(event="Event")

        first, second = (attributes(record)["analytics.context"] for record in records())
        assert first == {"app": {"name": "shop"}, "active": False}
        assert second == {"app": {"name": "shop"}, "active": True}


REFUSED: list[tuple[str, Callable[[], None], str, str]] = [
    ("no identity", lambda: analytics.track(event="Event"), "missing_identity", "user_id and anonymous_id"),
    ("empty identity", lambda: analytics.page("", anonymous_id=""), "missing_identity", "user_id and anonymous_id"),
    ("no event", lambda: analytics.track("u1"), "missing_event", "event was absent"),
    ("empty event", lambda: analytics.track("u1", ""), "missing_event", "event was empty"),
    ("event no text", lambda: analytics.track("u1", 5), "missing_event", "event was of the type int"),  # type: ignore[arg-type]
    ("no group", lambda: analytics.group("u1"), "missing_group_id", "group_id"),
    ("group, nothing", analytics.group, "missing_group_id", "group_id"),
    ("no previous id", lambda: analytics.alias(user_id="u1"), "missing_previous_id", "previous_id"),
    ("no user of alias", lambda: analytics.alias("a1"), "missing_user_id", "user_id"),
    (
        "properties",
        lambda: analytics.track("u1", "E", ["secret"]),
        "invalid_argument",
        "properties was of the type list",
    ),  # type: ignore[arg-type]
    ("traits", lambda: analytics.identify("u1", "secret"), "invalid_argument", "traits was of the type str"),  # type: ignore[arg-type]
    ("group's traits", lambda: analytics.group("u1", "g", 5), "invalid_argument", "traits was of the type int"),  # type: ignore[arg-type]
    ("context", lambda: analytics.page("u1", context=["secret"]), "invalid_argument", "context was of the type list"),  # type: ignore[arg-type]
    ("integrations", lambda: analytics.screen("u1", integrations=object()), "invalid_argument", "integrations was"),  # type: ignore[arg-type]
    ("user id", lambda: analytics.track(["secret"], "E"), "invalid_argument", "user_id was of the type list"),
    ("boolean id", lambda: analytics.track(True, "E"), "invalid_argument", "user_id was of the type bool"),
    ("bytes as id", lambda: analytics.track(b"u", "E"), "invalid_argument", "user_id was of the type bytes"),
    ("long id", lambda: analytics.track(10**5000, "E"), "invalid_argument", "user_id was of the type int"),
    ("anonymous id", lambda: analytics.track("u", "E", anonymous_id={}), "invalid_argument", "anonymous_id was"),
    ("group id", lambda: analytics.group("u1", object()), "invalid_argument", "group_id was of the type object"),
    ("previous id", lambda: analytics.alias([1], "u1"), "invalid_argument", "previous_id was of the type list"),
]


@pytest.mark.parametrize(("call", "reason", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
class TestRefusal:
    """Calls that cannot be made."""

    def test_refused(
        self,
        records: Records,
        caplog: pytest.LogCaptureFixture,
        call: Callable[[], None],
        reason: str,
        said: str,
    ) -> None:
        """Nothing is raised and nothing emitted; it is counted each time and said once, without the value."""
        for _ in range(3):
            call()

        assert records() == []
        assert analytics.refused() == {reason: 3}
        [line] = caplog.records
        assert line.levelno == logging.WARNING
        assert said in line.getMessage()
        assert "secret" not in line.getMessage()

    def test_strict(
        self,
        records: Records,
        monkeypatch: pytest.MonkeyPatch,
        call: Callable[[], None],
        reason: str,
        said: str,
    ) -> None:
        """In strict mode it raises, and the message names the argument, what it was and what is wanted."""
        monkeypatch.setattr(analytics, "strict", True)

        with pytest.raises(ValueError, match=f"{said}.*(wanted|give)"):
            call()

        assert records() == []
        assert analytics.refused() == {}


class TestNeverTheApplicationsProblem:
    """Whatever goes wrong on the way, the caller sees nothing of it."""

    def test_timestamp_in_strict_mode(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        """A useless timestamp raises in strict mode, and nothing is emitted."""
        monkeypatch.setattr(analytics, "strict", True)

        with pytest.raises(ValueError, match="timestamp was of the type int"):
            analytics.track("u1", "Event", timestamp=5)  # type: ignore[arg-type]

        assert records() == []

    def test_failing_processor(
        self, records: Records, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A processor that raises is said, also in strict mode, and not raised."""

        def fail(*_: object) -> None:
            message = "processor broken"
            raise RuntimeError(message)

        monkeypatch.setattr(SimpleLogRecordProcessor, "on_emit", fail)
        monkeypatch.setattr(analytics, "strict", True)
        analytics.track("u1", "Event")

        assert "track(): the event could not be emitted: processor broken" in caplog.text

    def test_failing_provider(
        self, records: Records, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A LoggerProvider that raises is said and not raised."""

        def fail(*_: object) -> None:
            message = "provider broken"
            raise RuntimeError(message)

        monkeypatch.setattr(LoggerProvider, "get_logger", fail)
        analytics.track("u1", "Event")

        assert "provider broken" in caplog.text

    def test_metric(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        """Refused calls are counted by a metric too, by reason."""
        monkeypatch.setattr(metrics_api, "_METER_PROVIDER", None)
        monkeypatch.setattr(metrics_api, "_METER_PROVIDER_SET_ONCE", Once())
        # Instruments that other tests made stay what they were.
        monkeypatch.setattr(metrics_api, "_PROXY_METER_PROVIDER", type(metrics_api._PROXY_METER_PROVIDER)())
        monkeypatch.setattr(_refusals, "_counter", None)
        reader = InMemoryMetricReader()
        provider = MeterProvider([reader], shutdown_on_exit=False)
        metrics.set_meter_provider(provider)
        analytics.track("u1")
        analytics.track("u1")
        analytics.track(None, "Event")

        data = json.loads(reader.get_metrics_data().to_json())
        [metric] = data["resource_metrics"][0]["scope_metrics"][0]["metrics"]
        provider.shutdown()
        assert metric["name"] == "otel_segment.calls.refused"
        assert {
            point["attributes"]["otel_segment.reason"]: point["value"] for point in metric["data"]["data_points"]
        } == {"missing_event": 2, "missing_identity": 1}

    def test_counts_of_many_threads(self, records: Records) -> None:
        """No refused call is missed in the count, however many threads make them."""
        threads = [threading.Thread(target=lambda: [analytics.track("u1") for _ in range(500)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert analytics.refused() == {"missing_event": 4_000}

    @given(st.lists(st.sampled_from(["", "x", 0, 1.5, True, None, [], [1], {}, {"a": 1}, b"", object()]), max_size=8))
    def test_any_arguments(self, arguments: list[Any]) -> None:
        """Whatever the arguments are, no call raises."""
        exporter = InMemoryLogRecordExporter()
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(logs_api, "_LOGGER_PROVIDER", provider)
            calls = [analytics.track, analytics.page, analytics.screen, analytics.identify, analytics.group]
            for call in calls:
                call(*arguments[:7])
            analytics.alias(*arguments[:6])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_unmixed_lists(value: Any) -> None:
    """Made uniform for an OpenTelemetry before 1.45, no list holds two types, and as many values as before."""

    def check(before: Any, after: Any) -> None:
        if isinstance(before, list):
            assert len(before) == len(after)
            assert len({type(item) for item in after} - {type(None)}) <= 1
            for old, new in zip(before, after, strict=True):
                if isinstance(new, list):
                    check(old, new)
                elif isinstance(new, float) and not math.isnan(new):
                    assert new == old

    check(value, unmixed(value))


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, where no provider is set."""
    clean = {name: value for name, value in os.environ.items() if "SEGMENT" not in name}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )


# Stands in the place of otel_segment.configure(): what it is asked for is printed, and a provider set.
RECORDING = """
import json, logging, os, sys, threading
import otel_segment
from otel_segment import analytics
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stdout)
exporter = InMemoryLogRecordExporter()
provider = LoggerProvider(shutdown_on_exit=False)
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))

def configure(**settings):
    print("configure", {name: getattr(value, "__name__", str(value)) for name, value in sorted(settings.items())})
    set_logger_provider(provider)

otel_segment.configure = configure

def emitted():
    print("emitted", [item.log_record.event_name for item in exporter.get_finished_logs()])
"""


class TestFirstUse:
    """Where calls go when nobody has set anything up, each time in a process of its own."""

    def test_import_is_light(self) -> None:
        """Importing the calls loads neither the SDK nor an HTTP client nor what conversion needs."""
        heavy = ["opentelemetry.sdk", "requests", "msgspec", "urllib3", "datetime", "decimal", "opentelemetry.metrics"]
        code = f"""
import sys
before = set(sys.modules)
import otel_segment.analytics
print([name for name in {heavy} if name in sys.modules.keys() - before])
"""

        assert run(code).stdout.strip() == "[]"

    def test_emitting_is_light(self) -> None:
        """Neither does a call with nowhere to go."""
        code = """
import sys
from otel_segment import analytics
analytics.track("u1", "Event")
print([name for name in ("opentelemetry.sdk", "requests", "msgspec") if name in sys.modules])
"""
        assert run(code).stdout.strip() == "[]"

    def test_nothing_set(self) -> None:
        """With neither a provider nor a write key one warning says what is missing, and nothing else happens."""
        result = run(
            RECORDING + 'analytics.track("u1", "A")\nanalytics.track()\nemitted()\nprint(analytics.refused())'
            "\nprint(analytics.flush(), analytics.shutdown())"
        )

        warning, *rest = result.stdout.splitlines()
        assert warning.startswith("WARNING analytics calls do nothing")
        assert "analytics.write_key" in warning
        assert "OTEL_EXPORTER_SEGMENT_WRITE_KEY" in warning
        assert rest == ["emitted []", "{}", "True True"]

    def test_write_key(self) -> None:
        """With a write key in the module the first call configures, once, with the settings of the module."""
        result = run(
            RECORDING
            + """
analytics.write_key, analytics.gzip, analytics.send, analytics.on_error = "wk", True, False, print
analytics.track("u1", "A")
analytics.track("u1", "B")
emitted()
"""
        )

        assert result.stdout.splitlines() == [
            "configure {'compression': 'gzip', 'disabled': 'True', 'on_dropped': 'print', 'write_key': 'wk'}",
            "emitted ['A', 'B']",
        ]

    @pytest.mark.parametrize("variable", ["OTEL_EXPORTER_SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY"])
    def test_write_key_in_the_environment(self, variable: str) -> None:
        """With a write key in the environment alone the first call configures, and leaves it to read the key."""
        result = run(RECORDING + 'analytics.track("u1", "A"); emitted()', **{variable: "wk"})

        assert result.stdout.splitlines() == ["configure {}", "emitted ['A']"]

    def test_provider_set(self) -> None:
        """With a provider and no write key in the module that provider is used, whatever the environment says."""
        result = run(
            RECORDING + 'set_logger_provider(provider); analytics.track("u1", "A"); emitted()', SEGMENT_WRITE_KEY="wk"
        )

        assert result.stdout.splitlines() == ["emitted ['A']"]

    def test_provider_set_later(self) -> None:
        """A provider that is set after the first call is noticed."""
        result = run(
            RECORDING
            + 'analytics.track("u1", "A"); set_logger_provider(provider); analytics.track("u1", "B"); emitted()'
        )

        assert result.stdout.splitlines()[1:] == ["emitted ['B']"]

    def test_write_key_set_later(self) -> None:
        """So is a write key."""
        result = run(
            RECORDING + 'analytics.track("u1", "A"); analytics.write_key = "wk"; analytics.track("u1", "B"); emitted()'
        )

        assert result.stdout.splitlines()[1:] == ["configure {'write_key': 'wk'}", "emitted ['B']"]

    def test_endpoint_and_timeout(self) -> None:
        """The settings host and timeout are the settings endpoint and timeout."""
        result = run(
            RECORDING
            + 'analytics.write_key, analytics.host, analytics.timeout = "wk", "http://localhost:1", 3\n'
            + 'analytics.track("u1", "A")'
        )

        assert result.stdout.splitlines() == [
            "configure {'endpoint': 'http://localhost:1', 'timeout': '3', 'write_key': 'wk'}"
        ]

    def test_many_threads(self) -> None:
        """When many threads make the first call at once, one configures, and no event is lost."""
        result = run(
            RECORDING
            + """
analytics.write_key = "wk"
barrier = threading.Barrier(8)
def first():
    barrier.wait()
    analytics.track("u1", "A")
threads = [threading.Thread(target=first) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
emitted()
"""
        )

        assert result.stdout.splitlines() == ["configure {'write_key': 'wk'}", f"emitted {['A'] * 8}"]

    def test_call_from_inside_configure(self) -> None:
        """A call that configure() itself makes is left out, and hangs nothing."""
        result = run(
            RECORDING
            + """
def configure(**settings):
    analytics.track("u1", "inside")
    set_logger_provider(provider)
otel_segment.configure = configure
analytics.write_key = "wk"
analytics.track("u1", "A")
emitted()
"""
        )

        assert result.stdout.splitlines() == ["emitted ['A']"]

    def test_wrong_setting(self) -> None:
        """A wrong setting is said once with its message, tried again when it was changed, and not raised."""
        result = run(
            """
import logging, sys
logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stdout)
from otel_segment import analytics
analytics.write_key, analytics.timeout = "wk", "soon"
analytics.track("u1", "A")
analytics.track("u1", "A")
"""
        )

        [line] = result.stdout.splitlines()
        assert line.startswith("ERROR analytics calls could not be set up: ")
        assert "timeout" in line

    def test_wrong_setting_in_strict_mode(self) -> None:
        """In strict mode a wrong setting raises at each call."""
        result = run(
            """
from otel_segment import ConfigurationError, analytics
analytics.write_key, analytics.timeout, analytics.strict = "wk", "soon", True
for _ in range(2):
    try:
        analytics.track("u1", "A")
    except ConfigurationError as error:
        print("raised", "timeout" in str(error))
"""
        )

        assert result.stdout.splitlines() == ["raised True", "raised True"]

    def test_wrong_setting_beside_a_provider(self) -> None:
        """Where a provider is set, a wrong setting does not keep events from it."""
        result = run(
            RECORDING
            + """
def configure(**settings):
    raise otel_segment.ConfigurationError("wrong")
otel_segment.configure = configure
set_logger_provider(provider)
analytics.write_key = "wk"
analytics.track("u1", "A")
emitted()
"""
        )

        assert result.stdout.splitlines() == ["ERROR analytics calls could not be set up: wrong", "emitted ['A']"]

    def test_debug(self) -> None:
        """The setting debug opens the package's logger to what is said at that level."""
        result = run(
            RECORDING
            + 'analytics.debug, analytics.write_key = True, "wk"; analytics.track("u1", "A")\n'
            + 'print(logging.getLogger("otel_segment").level == logging.DEBUG)'
        )

        assert result.stdout.splitlines()[-1] == "True"

    def test_flush_and_shutdown(self) -> None:
        """They are those of the package, with the time that they are given."""
        result = run(
            RECORDING
            + """
otel_segment.flush = lambda *timeout: print("flush", timeout)
otel_segment.shutdown = lambda *timeout: print("shutdown", timeout) or False
set_logger_provider(provider)
print(analytics.flush(), analytics.flush(2), analytics.shutdown(), analytics.shutdown(timeout=3))
def fail():
    raise RuntimeError("broken")
otel_segment.flush = fail
print(analytics.flush())
"""
        )

        assert result.stdout.splitlines() == [
            "flush ()",
            "flush (2,)",
            "shutdown ()",
            "shutdown (3,)",
            "True True False False",
            "ERROR analytics events could not be flushed: broken",
            "False",
        ]

    @pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
    def test_fork_during_the_first_call(self) -> None:
        """A child that is forked while another thread makes the first call can make it itself."""
        result = run(
            RECORDING
            + """
import warnings
warnings.simplefilter("ignore")
inside, go = threading.Event(), threading.Event()
parent = os.getpid()
def configure(**settings):
    if os.getpid() == parent:
        inside.set()
        go.wait()
    set_logger_provider(provider)
otel_segment.configure = configure
analytics.write_key = "wk"
thread = threading.Thread(target=analytics.track, args=("u1", "parent"))
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    analytics.track("u1", "child")
    emitted()
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
go.set()
thread.join()
emitted()
"""
        )

        assert result.stdout.splitlines() == ["emitted ['child']", "emitted ['parent']"]

    def test_end_to_end(self) -> None:
        """A change of import and a write key are all that a program written for Segment's library needs."""
        result = run(
            """
from otel_segment.inspector import LocalEndpoint
from otel_segment import analytics
with LocalEndpoint() as endpoint:
    analytics.write_key, analytics.host = "wk", endpoint.url
    analytics.identify("u1", {"email": "a@b.c"})
    analytics.track("u1", "Order Completed", {"total": 42.5})
    print(analytics.flush(30))
    for message in endpoint.received.messages:
        print(message["type"], message["userId"], message.get("properties", message.get("traits")))
    print(analytics.shutdown(10))
"""
        )

        assert result.stdout.splitlines() == [
            "True",
            "identify u1 {'email': 'a@b.c'}",
            "track u1 {'total': 42.5}",
            "True",
        ]


@pytest.mark.usefixtures("records")
def test_each_place_of_a_refusal_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The line says where the call stands; another place has a line of its own."""

    def check_out() -> None:
        analytics.track(None, "Order Completed")

    def sign_up() -> None:
        analytics.track(None, "Signed Up")

    for call in (check_out, sign_up, check_out):
        call()

    lines = [call.__code__.co_firstlineno + 1 for call in (check_out, sign_up)]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert all(f"{__file__}:{line}" in text for line, text in zip(lines, told, strict=True))


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("name", [None, 7, ""])
def test_refusal_in_code_of_an_odd_name(caplog: pytest.LogCaptureFixture, name: object) -> None:
    """Code that was not imported, or calls itself anything, is refused like all other, and nothing is raised."""
    exec("track(None, 'Order Completed')", {"__name__": name, "track": analytics.track})
    assert "<string>:1" in caplog.text
