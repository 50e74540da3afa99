"""Features of the systems that ``docs/reference-systems.md`` compares with, where no other test shows them."""

from pathlib import Path
from typing import Any

import pytest
from converting import convert, event, payloads
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from test_cases import readable_span

from otel_segment import ConfigurationError, SegmentLogRecordProcessor, SegmentSpanExporter

NAMED = {"select": "named"}
MOMENT = "2026-01-02T03:04:05Z"


def wrapped(record: Any) -> list[dict[str, Any]]:
    """Return the one product of an event in a list."""
    return [{"product_id": record.attributes["sku"]}]


def chosen(record: Any) -> str | None:
    """Return an id of the application's own making."""
    return f"visitor-{record.attributes['n']}" if "n" in record.attributes else None


def made(value: Any, given: dict[str, Any]) -> list[Any]:
    """Return what a value is for an event; nothing where it is missing."""
    [message] = payloads({"rules": [{"match": "E", "properties": {"it": value}}]}, given)
    return list(message["properties"].values())


class TestRules:
    """What rules do."""

    def test_the_next_rule_has_its_turn(self) -> None:
        """Where a condition does not hold the next rule that matches is tried, be it special or general."""
        rules = [
            {"match": {"event": "order view", "attributes": {"n": 1}}, "name": "First"},
            {"match": "order *", "name": "Second"},
            {"match": "* view", "name": "Third"},
        ]
        events = [event("order view", n=1), event("order view", n=2), event("cart view")]

        assert [m["event"] for m in payloads({"rules": rules}, *events)] == ["First", "Second", "Third"]

    def test_robots_are_left_out(self) -> None:
        """A rule may drop what the instrumentation says is a robot's or a test's."""
        robots = {"match": {"attributes": {"user_agent.synthetic.type": {"in": ["bot", "test"]}}}, "ignore": True}

        messages, reasons = convert(
            {**NAMED, "rules": [robots]}, event("E", **{"user_agent.synthetic.type": "bot"}), event("F")
        )

        assert [m["event"] for m in messages] == ["F"]
        assert reasons == ["ignored_by_rule"]

    def test_a_processor_before_edits_the_record(self) -> None:
        """What a processor of OpenTelemetry's does to the record, rules see."""

        class Policy(LogRecordProcessor):
            def on_emit(self, log_record: ReadWriteLogRecord) -> None:
                log_record.log_record.attributes = {**(log_record.log_record.attributes or {}), "tier": "gold"}

            def shutdown(self) -> None:
                pass

            def force_flush(self, timeout_millis: int = 30000) -> bool:
                return True

        sent: list[dict[str, Any]] = []
        rule = {"match": {"event": "E", "attributes": {"tier": "gold"}}, "name": "Gold"}
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(Policy())
        provider.add_log_record_processor(
            SegmentLogRecordProcessor(
                write_key="test-key", disabled=True, mapping={"rules": [rule]}, before_send=sent.append
            )
        )

        provider.get_logger("shop").emit(LogRecord(**event("E")))

        assert [message["event"] for message in sent] == ["Gold"]
        provider.shutdown()

    def test_yaml_anchors_share_parts(self, tmp_path: Path) -> None:
        """Rules may take over parts of others by YAML's own anchors and merge keys."""
        pytest.importorskip("yaml")
        path = tmp_path / "mapping.yaml"
        path.write_text(
            "rules:\n"
            "  - &base {match: a, integrations: {Slack: false}, properties: {n: n}}\n"
            "  - {<<: *base, match: b, properties: {}}\n",
            encoding="utf-8",
        )

        found = payloads(str(path), event("a", n=1), event("b", n=1))

        assert [m["properties"] for m in found] == [{"n": 1}, {}]
        assert [m["integrations"] for m in found] == [{"Slack": False}] * 2

    def test_a_renamed_event_knows_its_name(self) -> None:
        """A renamed event can still say how the application called it."""
        [found] = payloads({"rules": [{"match": "E", "name": "F", "properties": {"was": "event.name"}}]}, event("E"))

        assert (found["event"], found["properties"]) == ("F", {"was": "E"})

    def test_attributes_inside_maps_are_dropped(self) -> None:
        """What lies in a map, or in the maps of a list, can be left out by itself."""
        mapping = {**NAMED, "privacy": {"drop": ["address.street", "lines.note"]}}
        given = event("E", address={"street": "x", "city": "Bern"}, lines=[{"note": "x", "sku": "a"}])

        [found] = payloads(mapping, given)

        assert found["properties"] == {"address": {"city": "Bern"}, "lines": [{"sku": "a"}]}

    def test_no_destination(self) -> None:
        """That an event goes to none of Segment's destinations but one is said as Segment wants it."""
        [found] = payloads({**NAMED, "integrations": {"All": False, "Slack": True}}, event("E"))

        assert found["integrations"] == {"All": False, "Slack": True}


class TestValues:
    """The forms of a value."""

    def test_an_event_in_a_list(self) -> None:
        """A function makes the event itself the one item of a list."""
        assert made({"fn": f"{__name__}:wrapped"}, event("E", sku="a")) == [[{"product_id": "a"}]]

    def test_consent(self) -> None:
        """A value needs all of the consents, and may have a stand-in without them."""
        value = {"first": [{"from": "n", "when": {"consent": ["a", "b"]}}, {"value": "refused"}]}

        assert made(value, event("E", n=1, **{"analytics.consent": {"a": True, "b": True}})) == [1]
        assert made(value, event("E", n=1, **{"analytics.consent": {"a": True}})) == ["refused"]

    def test_consent_of_the_span(self) -> None:
        """What an event says of consent lies over what its span says, name by name."""
        sent: list[dict[str, Any]] = []
        ids = {"trace_id": "1" * 32, "span_id": "2" * 16}
        case = {**ids, "name": "GET /", "kind": "SERVER", "start": MOMENT, "end": MOMENT}
        inner = {"user.id": "u-1", "analytics.type": "track", "analytics.consent.ads": False}
        given = {"analytics.consent.analytics": True, "analytics.consent.ads": True}
        events = [{"name": "E", "timestamp": MOMENT, "attributes": inner}]
        span = readable_span(
            {**case, "attributes": given, "events": events}, Resource({}), InstrumentationScope("shop")
        )
        exporter = SegmentSpanExporter(write_key="test-key", disabled=True, before_send=sent.append)

        exporter.export([span])

        assert [m["context"]["consent"] for m in sent] == [{"categoryPreferences": {"analytics": True, "ads": False}}]
        exporter.shutdown()

    def test_two_forms(self) -> None:
        """A value of two forms is a mistake: none goes before the other."""
        with pytest.raises(ConfigurationError, match=r"rules\[0\]\.properties\.it"):
            made({"from": "n", "value": 1}, event("E"))

    def test_the_record_inside_a_loop(self) -> None:
        """Inside a loop names are the item's, and the record's places are still in reach."""
        value = {"loop": ["lines", {"map": {"sku": "sku", "n": "n", "of": "event.name"}}]}

        assert made(value, event("E", n=1, lines=[{"sku": "a"}])) == [[{"sku": "a", "of": "E"}]]


class TestIdentity:
    """Who it is, and how often that is said."""

    def test_group_for_the_whole_mapping(self) -> None:
        """A group call is made when a person's group or its traits change; numbers are ids, lists are not."""
        mapping = {**NAMED, "group": {"group_id": "team", "traits": {"seats": "seats"}}}
        given = [{"team": 7}, {"team": 7}, {"team": 7, "seats": 3}, {"team": 8, "seats": 3}, {"team": ["x"]}]

        found = payloads(mapping, *(event("E", n=n, **each) for n, each in enumerate(given)))

        groups = [(m["groupId"], m["traits"]) for m in found if m["type"] == "group"]
        assert groups == [("7", {}), ("7", {"seats": 3}), ("8", {"seats": 3})]

    def test_people_who_take_turns(self) -> None:
        """Two people who take turns are identified once each, not at each change."""
        mapping = {**NAMED, "identify": {"traits": {"plan": {"value": "pro"}}}}
        turns = [{"event_name": "E", "attributes": {"user.id": f"u-{n % 2}", "n": n}} for n in range(6)]

        found = payloads(mapping, *turns)

        assert [m["userId"] for m in found if m["type"] == "identify"] == ["u-0", "u-1"]

    def test_an_id_of_the_applications_own_making(self) -> None:
        """A function may give the anonymous id; where it gives none the next place is asked."""
        mapping = {**NAMED, "identity": {"anonymous_id": [{"fn": f"{__name__}:chosen"}, "visitor"]}}

        found = payloads(mapping, event("E", n=1, visitor="c-1"), event("E", visitor="c-1"))

        assert [m["anonymousId"] for m in found] == ["visitor-1", "c-1"]


class TestViews:
    """Pages and screens."""

    def test_a_page_named_by_its_path(self) -> None:
        """An event of any name can be a page, named by its path."""
        mapping = {"rules": [{"match": "pageView", "type": "page", "name": {"from": "url.path"}}]}

        [found] = payloads(mapping, event("pageView", **{"url.path": "/cart"}))

        assert (found["type"], found["name"]) == ("page", "/cart")

    def test_names_that_are_no_text(self) -> None:
        """A name that is a list or a map is left out; a number becomes text."""
        rule = {"match": "E", "page": {"name": "a", "category": "b"}, "skip": True}

        [found] = payloads({"rules": [rule]}, event("E", a=[1], b=2))

        assert "name" not in found
        assert found["category"] == "2"

    def test_any_field_of_the_screen(self) -> None:
        """The context's screen takes what the mapping says of it."""
        inner = {"innerWidth": 800, "innerHeight": 600}
        mapping = {**NAMED, "context": {"screen": {"map": {name: name for name in inner}}}}

        [found] = payloads(mapping, event("E", **inner))

        assert found["context"]["screen"] == inner
