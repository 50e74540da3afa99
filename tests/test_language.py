"""The mapping language: values, conditions, properties and the calls that a rule makes."""

from typing import Any

import pytest
from converting import Converter, convert, event, payloads
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider

import otel_segment

MARKED = {"analytics.type": "track"}


def properties(value: Any, record: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Return the properties that one value makes of a record, under the name ``p``."""
    [message] = payloads({"rules": [{"match": "*", "properties": {"p": value}}]}, record, **settings)
    found: dict[str, Any] = message["properties"]
    return found


def shout(record: Any) -> str:
    """Return the name of a record, loudly: a function that a mapping may name."""
    return str(record.name).upper()


def price(item: Any) -> Any:
    """Return what an item costs in all, or nothing."""
    return item["each"] * item["count"] if "count" in item else None


def broken(_: Any) -> None:
    """Fail, as an application's function may."""
    message = "s3cret"
    raise RuntimeError(message)


class TestValues:
    """Every form of a value."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("plain", 1),
            ("a.b", "whole"),
            ("m.k.inner", 2),
            ("m.x.y", "dotted key"),
            ("list.1", {"sku": "t"}),
            ("list.0.sku", "s"),
            ("m.key.with.dots", 5),
            ("event.name", "E"),
            ("event.timestamp", "2026-01-02T03:04:05.678Z"),
            ("event.observed_timestamp", "2026-01-02T03:04:06.000Z"),
            ("event.severity_number", 17),
            ("event.domain", "shop"),
            ("resource.service.name", "checkout"),
            ("scope.name", "lib"),
            ("scope.version", "1.2"),
            ("body.note", "hi"),
            ("body.list.0", 7),
            ("body", {"note": "hi", "list": [7]}),
        ],
    )
    def test_names(self, name: str, expected: Any) -> None:
        """A name is an attribute, a walk into one, or something of the event, its scope, resource or body."""
        record = {
            "event_name": "E",
            "timestamp": 1_767_323_045_678_901_234,
            "observed_timestamp": 1_767_323_046_000_000_000,
            "severity_number": 17,
            "body": {"note": "hi", "list": [7]},
            "attributes": {
                "user.id": "u-1",
                "plain": 1,
                "a.b": "whole",
                "a": {"b": "walk"},
                "m": {"k": {"inner": 2}, "x.y": "dotted key", "key.with": {"dots": 5}},
                "list": [{"sku": "s"}, {"sku": "t"}],
                "event.domain": "shop",
            },
        }

        found = properties(name, record, scope="lib", resource={"service.name": "checkout"})

        assert found == {"p": expected}

    @pytest.mark.parametrize(
        "name",
        ["nope", "plain.x", "list.9", "list.x", "list.-1", "text.0", "resource.nope", "scope.nope", "body.x", "span.x"],
    )
    def test_what_is_missing_is_left_out(self, name: str) -> None:
        """A name that leads nowhere makes no property."""
        assert properties(name, event("E", plain=1, list=[1], text="abc")) == {}

    def test_trace_ids(self) -> None:
        """The ids of the trace are there where the record has them."""
        assert properties("event.trace_id", event("E")) == {}

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"value": {"a": [1, None]}}, {"a": [1, None]}),
            ({"value": None}, None),
            ({"from": "n", "default": 5}, 0),
            ({"from": "nope", "default": 5}, 5),
            ({"first": ["nope", {"from": "nope"}, "n", "text"]}, 0),
            ({"template": "{text}: {n}, {{{flag}}}"}, "7.5: 0, {true}"),
            ({"map": {"a": "n", "b": "nope", "c": {"map": {"d": "text"}}}}, {"a": 0, "c": {"d": "7.5"}}),
            ({"list": ["n", "nope", {"map": {"t": "text"}}]}, [0, {"t": "7.5"}]),
            ({"list": []}, []),
            ({"loop": ["tags", "."]}, ["x", "y"]),
            ({"loop": ["lines", {"map": {"id": "sku", "of": {"template": "{sku}!"}}}]}, [{"id": "a", "of": "a!"}, {}]),
            ({"loop": ["lines", "sku"]}, ["a"]),
            ({"loop": [{"value": [[1, 2], [3]]}, {"loop": [".", "."]}]}, [[1, 2], [3]]),
            ({"from": "n", "when": {"attributes": {"text": "7.5"}}}, 0),
            ({"fn": "test_language:shout"}, "E"),
            ({"loop": ["lines", {"fn": "test_language:price", "default": -1}]}, [6, -1]),
        ],
    )
    def test_forms(self, value: Any, expected: Any) -> None:
        """Each form makes its value."""
        record = event(
            "E", n=0, text="7.5", flag=True, tags=["x", "y"], lines=[{"sku": "a", "each": 2, "count": 3}, {"each": 1}]
        )

        assert properties(value, record) == {"p": expected}

    @pytest.mark.parametrize(
        "value",
        [
            {"first": ["nope", "neither"]},
            {"template": "{text} {nope}"},
            {"loop": ["text", "."]},
            {"from": "text", "default": 1, "when": {"attributes": {"text": "other"}}},
            {"from": "text", "when": {"consent": ["marketing"]}},
            {"from": "list", "as": "number"},
        ],
    )
    def test_forms_that_make_nothing(self, value: Any) -> None:
        """What cannot be made is missing, and left out."""
        assert properties(value, event("E", text="x", list=[1])) == {}

    @pytest.mark.parametrize(
        ("kind", "given", "expected"),
        [
            ("string", 5, "5"),
            ("string", 2.5, "2.5"),
            ("string", True, "true"),
            ("string", ["a", "b"], '["a","b"]'),
            ("string", {"a": None}, '{"a":null}'),
            ("number", " 12.50 ", 12.5),
            ("number", "-7", -7),
            ("number", "1e3", 1000.0),
            ("number", True, 1),
            ("number", 3, 3),
            ("number", "12,50", None),
            ("number", "nan", None),
            ("number", "\u0661", None),
            ("number", float("inf"), None),
            ("number", "9" * 30, 1e30),
            ("boolean", "TRUE", True),
            ("boolean", "off", False),
            ("boolean", 1, True),
            ("boolean", 0.0, False),
            ("boolean", 2, None),
            ("boolean", "maybe", None),
            ("boolean", False, False),
            ("date", "2026-01-02T04:04:05.678+01:00", "2026-01-02T03:04:05.678Z"),
            ("date", "2026-01-02", "2026-01-02T00:00:00.000Z"),
            ("date", "2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"),
            ("date", 1_767_323_045, "2026-01-02T03:04:05.000Z"),
            ("date", "1767323045", "2026-01-02T03:04:05.000Z"),
            ("date", 1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
            ("date", 1_767_323_045_678_901, "2026-01-02T03:04:05.678Z"),
            ("date", 1_767_323_045_678_901_234, "2026-01-02T03:04:05.678Z"),
            ("date", True, None),
            ("date", "soon", None),
        ],
    )
    def test_conversions(self, kind: str, given: Any, expected: Any) -> None:
        """A value becomes the type that is asked for; what cannot become it takes the default."""
        found = properties({"from": "v", "as": kind, "default": None}, event("E", v=given))

        assert found == {"p": expected}
        assert type(found["p"]) is type(expected)

    def test_a_function_that_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        """Its value is missing, and it is said, without what it may have quoted."""
        assert properties({"fn": "test_language:broken"}, event("E")) == {}

        assert "test_language:broken failed with RuntimeError" in caplog.text
        assert "s3cret" not in caplog.text

    @pytest.mark.parametrize("name", ["no.such.module:f", "test_language:nope", "test_language:MARKED"])
    def test_a_function_that_is_not_there(self, name: str) -> None:
        """It is said at start-up."""
        with pytest.raises(otel_segment.ConfigurationError, match=name.split(":", maxsplit=1)[0]):
            convert({"rules": [{"match": "*", "name": {"fn": name}}]})


class TestConditions:
    """What an event must be for a rule."""

    @pytest.mark.parametrize(
        ("condition", "matching", "other"),
        [
            (1, [1, 1.0], [True, "1", 2]),
            (True, [True], [1, "true", False]),
            ("a", ["a"], ["A", ["a"]]),
            (None, [None], [0, ""]),
            ([1, 2], [[1, 2]], [[1], [1, 2, 3], "x"]),
            ({"in": [1, "a"]}, [1, "a"], [True, "b"]),
            ({"exists": True}, [0, "", False], []),
            ({"exists": False}, [], [0]),
            ({"glob": "/a/*"}, ["/a/", "/a/b/c"], ["/b", 5]),
            ({"gt": 1}, [2, 1.5], [1, "2", True]),
            ({"ge": 1, "lt": 2}, [1, 1.9], [0.9, 2]),
            ({"le": 9007199254740993}, [5], [2.0**60]),
            ({"not": "a"}, ["b", 1], ["a"]),
            ({"not": {"gt": 1}}, [1, "text"], [2]),
            ({"not": {"exists": True}}, [], [1]),
        ],
    )
    def test_values(self, condition: Any, matching: list[Any], other: list[Any]) -> None:
        """A condition holds for some values, and not for others."""
        mapping = {"rules": [{"match": {"event": "E", "attributes": {"v": condition}}, "name": "yes"}]}

        assert [m["event"] for m in payloads(mapping, *(event("E", v=value) for value in matching))] == ["yes"] * len(
            matching
        )
        assert payloads(mapping, *(event("E", v=value) for value in other)) == []

    @pytest.mark.parametrize(
        ("condition", "is_taken"),
        [
            ("a", False),
            ({"exists": False}, True),
            ({"exists": True}, False),
            ({"not": "a"}, True),
            ({"not": {"exists": False}}, False),
            ({"gt": 0}, False),
            ({"glob": "*"}, False),
        ],
    )
    def test_what_is_missing(self, condition: Any, is_taken: bool) -> None:
        """What is missing fulfils ``not`` and ``exists: false`` alone."""
        mapping = {"rules": [{"match": {"event": "E", "attributes": {"v": condition}}}]}

        assert bool(payloads(mapping, event("E"))) is is_taken

    @pytest.mark.parametrize(
        ("severity", "numbers"),
        [("WARN", [13, 16]), ({"ge": 17}, [17, 24]), (9, [9]), ("info", [9, 12])],
    )
    def test_severity(self, severity: Any, numbers: list[int]) -> None:
        """A severity is a number or a name, which stands for four; a record without one has none."""
        mapping = {"rules": [{"match": {"event": "E", "severity": severity}}]}
        every = [{**event("E"), "severity_number": number} for number in (1, 8, 9, 12, 13, 16, 17, 24)]

        found = [record["severity_number"] for record in every if payloads(mapping, record)]

        assert found == [number for number in (1, 8, 9, 12, 13, 16, 17, 24) if numbers[0] <= number <= numbers[-1]]
        assert payloads(mapping, event("E")) == []

    def test_a_rule_without_a_name(self) -> None:
        """A rule may take all records of a scope, those without a name too."""
        mapping = {"rules": [{"match": {"scope": ["shop*", "x"]}, "type": "identify"}]}
        line = {"body": "hello", "attributes": {"user.id": "u-1"}}

        assert [m["type"] for m in payloads(mapping, line, scope="shop.web")] == ["identify"]
        assert payloads(mapping, line, scope="other") == []

    def test_many_names(self) -> None:
        """Names that are made up for ever are looked up all the same."""
        converter = Converter({"rules": [{"match": "step *", "sample": 1}]})

        messages = converter.emit(*(event(f"step {number}") for number in range(5_000)))

        assert [message["event"] for message in messages] == [f"step {number}" for number in range(5_000)]


class TestProperties:
    """Which properties an event has."""

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            (True, {"a": 1, "b.c": 2, "note": "n"}),
            (False, {}),
            ({}, {}),
            ({"drop": ["b*", "note"]}, {"a": 1}),
            ({"drop": "a"}, {"drop": 1}),
            ([{"x": "a"}, True], {"x": 1, "a": 1, "b.c": 2, "note": "n"}),
            ([True, {"a": "b.c"}], {"a": 2, "b.c": 2, "note": "n"}),
            ([], {}),
        ],
    )
    def test_choices(self, spec: Any, expected: dict[str, Any]) -> None:
        """All, all but some, none, those that are named, and these merged in order."""
        record = {**event("E", a=1, **{"b.c": 2}), "body": {"note": "n"}}

        [message] = payloads({"rules": [{"match": "E", "properties": spec}]}, record)

        assert message["properties"] == expected

    def test_traits_are_chosen_alike(self) -> None:
        """The properties of an identify are its traits."""
        mapping = {"rules": [{"match": "E", "type": "identify", "properties": {"drop": ["a"]}}]}

        [message] = payloads(mapping, event("E", a=1, b=2, **{"user.email": "a@b.c"}))

        assert message["traits"] == {"b": 2, "email": "a@b.c"}

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            (True, {"path": "/p", "search": "", "name": "N", "a": 1}),
            ({"x": "a"}, {"path": "/p", "search": "", "name": "N", "x": 1}),
            ([{"x": "a"}], {"path": "/p", "search": "", "name": "N", "x": 1}),
            ([{"drop": ["search", "a"]}, {"x": "a"}], {"path": "/p", "name": "N", "x": 1}),
        ],
    )
    def test_a_page_keeps_its_fields(self, spec: Any, expected: dict[str, Any]) -> None:
        """The fields of a page lie under what is named, and can be dropped."""
        mapping = {"rules": [{"match": "E", "type": "page", "properties": spec}]}

        [message] = payloads(mapping, event("E", a=1, **{"url.path": "/p", "analytics.name": "N"}))

        assert message["properties"] == expected

    def test_defaults_of_other_calls(self) -> None:
        """What a type of call has by default lies under what the event says, for calls of rules too."""
        mapping = {
            "defaults": {
                "page": {"properties": {"site": {"value": "s"}}},
                "identify": {"traits": {"source": {"value": "w"}, "a": {"value": 0}}},
                "group": {"traits": {"kind": {"value": "k"}}},
                "screen": {"properties": {"os": {"value": "o"}}},
            },
            "rules": [
                {
                    "match": "E",
                    "skip": True,
                    "identify": {"traits": {"a": "a"}},
                    "group": {"group_id": {"value": "g"}},
                    "page": True,
                    "screen": True,
                }
            ],
        }

        found = payloads(mapping, event("E", a=1))

        assert [(m["type"], m.get("traits", m.get("properties"))) for m in found] == [
            ("identify", {"source": "w", "a": 1}),
            ("group", {"kind": "k"}),
            ("page", {"site": "s"}),
            ("screen", {"os": "o"}),
        ]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
            ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
            ({"a.b": 2, "a": 1}, {"a.b": 2, "a": 1}),
            ({"a": {"x": 1}, "a.b": 2}, {"a": {"x": 1, "b": 2}}),
            ({"a.b": 2, "a": {"x": 1}}, {"a": {"x": 1, "b": 2}}),
            ({"a": {"b": 1}, "a.b.c": 2}, {"a": {"b": 1}, "a.b.c": 2}),
            ({"a..b": 1, ".c": 2, "d.": 3}, {"a..b": 1, ".c": 2, "d.": 3}),
        ],
    )
    def test_nest(self, given: dict[str, Any], expected: dict[str, Any]) -> None:
        """Dots make maps, and nothing is lost where a name is both a value and a map."""
        [message] = payloads({"nest": True}, event("E", **MARKED, **given))

        assert message["properties"] == expected


class TestCalls:
    """The calls that a rule makes."""

    def test_their_order_and_ids(self) -> None:
        """They come in one order, the first under the record's id, the others under ids that follow it."""
        mapping = {
            "rules": [
                {
                    "match": "E",
                    "type": "page",
                    "alias": {"previous_id": "was"},
                    "screen": {"name": {"value": "S"}, "category": {"value": "C"}},
                    "page": True,
                    "group": {"group_id": "team"},
                    "identify": {},
                }
            ]
        }

        found = payloads(mapping, event("E", was="a-1", team=7, **{"log.record.uid": "m"}))

        assert [(m["type"], m["messageId"]) for m in found] == [
            ("identify", "m"),
            ("group", "m-group"),
            ("page", "m-page"),
            ("screen", "m-screen"),
            ("alias", "m-alias"),
            ("page", "m-page-own"),
        ]
        assert found[1]["groupId"] == "7"
        assert found[3]["category"] == "C"
        assert all(m["userId"] == "u-1" for m in found)

    def test_what_cannot_be_made_is_left_out(self) -> None:
        """A group without an id, and an alias without one, are no calls; the event goes on."""
        mapping = {"rules": [{"match": "E", "group": {"group_id": "nope"}, "alias": {"previous_id": "nope"}}]}

        assert [m["type"] for m in payloads(mapping, event("E"))] == ["track"]

    def test_no_call_at_all(self) -> None:
        """A rule that leaves no call ignores the event."""
        rule = {"match": "E", "skip": True, "group": {"group_id": "nope"}}

        assert convert({"rules": [rule]}, event("E")) == ([], ["ignored_by_rule"])

    def test_an_own_call_that_cannot_be(self) -> None:
        """What a rule makes leaves even where the event's own call lacks something."""
        rule = {"match": "E", "type": "group", "identify": {"traits": {"n": "n"}}}

        messages, reasons = convert({"rules": [rule]}, event("E", n=1))

        assert [m["type"] for m in messages] == ["identify"]
        assert reasons == ["missing_group_id"]

    def test_nobody(self) -> None:
        """Without an identity there is no call but an identify that has one of its own."""
        rule = {
            "match": "E",
            "identify": {"user_id": "who"},
            "group": {"group_id": {"value": "g"}},
            "page": True,
            "alias": {"previous_id": {"value": "p"}},
        }
        record = {"event_name": "E", "attributes": {"who": "u-9"}}

        messages, reasons = convert({"rules": [rule]}, record)

        assert [(m["type"], m["userId"]) for m in messages] == [("identify", "u-9")]
        assert reasons == ["missing_identity"]

    def test_the_name_of_a_page(self) -> None:
        """A rule's name is the name of the page, where the event's own call is one."""
        mapping = {"rules": [{"match": "E", "type": "page", "name": "Home"}]}

        [message] = payloads(mapping, event("E", **{"analytics.name": "other"}))

        assert message["name"] == message["properties"]["name"] == "Home"

    def test_keys_for_others(self) -> None:
        """What begins with ``x-``, and an editor's schema, is no part of the mapping."""
        mapping = {"$schema": "mapping.schema.json", "x-common": {"a": "b"}, "rules": [{"match": "E"}]}

        assert [m["event"] for m in payloads(mapping, event("E"))] == ["E"]

    def test_mappings_made_in_python(self) -> None:
        """A mapping may be made of its types."""
        mapping = otel_segment.Mapping(select="named", nest=True)

        [message] = payloads(mapping, event("E", **{"a.b": 1}))

        assert message["properties"] == {"a": {"b": 1}}


class TestIdentity:
    """Who did it."""

    @pytest.mark.parametrize(
        ("fallback", "expected"),
        [("session", "s-1"), ("none", None), ("trace", None)],
    )
    def test_nobody_is_known(self, fallback: str, expected: str | None) -> None:
        """What stands for an identity is the mapping's choice; without one the event is dropped."""
        mapping = {"identity": {"anonymous_id": {"fallback": fallback}}}
        record = {"event_name": "E", "attributes": {**MARKED, "session.id": "s-1"}}

        messages, reasons = convert(mapping, record)

        assert [m["anonymousId"] for m in messages] == ([expected] if expected else [])
        assert reasons == ([] if expected else ["missing_identity"])

    def test_a_fallback_is_no_id_of_a_person(self) -> None:
        """Where somebody is known nothing stands for them."""
        mapping = {"identity": {"anonymous_id": {"first": ["device"], "fallback": "session"}}}

        [user] = payloads(mapping, event("E", **MARKED, **{"session.id": "s-1"}))
        [device] = payloads(mapping, {"event_name": "E", "attributes": {**MARKED, "device": "d", "session.id": "s"}})

        assert "anonymousId" not in user
        assert device["anonymousId"] == "d"

    def test_what_is_no_id_is_passed_over(self) -> None:
        """An empty text, a list and a map are no ids; the next place is asked."""
        mapping = {"identity": {"user_id": ["a", "b", "c", {"value": 5}]}}

        [message] = payloads(mapping, event("E", **MARKED, a="", b=[1], c={"x": 1}))

        assert message["userId"] == "5"


class TestIntroductions:
    """Calls of people who are news."""

    MAPPING: dict[str, Any] = {  # noqa: RUF012 - nobody changes it
        "identify": {"traits": {"plan": "plan"}},
        "group": {"group_id": "team", "traits": {"size": "size"}},
        "on_sign_in": "alias",
    }

    def kinds(self, *records: dict[str, Any], mapping: Any = None) -> list[str]:
        """Return the types of the calls that records make."""
        return [m["type"] for m in payloads(mapping or self.MAPPING, *records)]

    def test_once(self) -> None:
        """Each is made once for a person, and again when it says something else."""
        first = event("E", **MARKED, plan="free", team="t", **{"analytics.anonymous_id": "a"})
        again = {**first, "timestamp": 5}
        bigger = event("E", **MARKED, plan="free", team="t", size=3)
        other = event("E", **MARKED, plan="pro", team="t", size=3)

        assert self.kinds(first, again, bigger, other) == [
            *("identify", "group", "alias", "track"),
            "track",
            *("group", "track"),
            *("identify", "track"),
        ]

    def test_a_record_that_comes_twice(self) -> None:
        """An exporter may be given one record twice: it makes the same messages of it."""
        converter = Converter(self.MAPPING)
        record = {**event("E", **MARKED, plan="free"), "timestamp": 7, "observed_timestamp": 7}

        first, second = converter.emit(record), converter.emit(record)

        assert [m["type"] for m in first] == ["identify", "track"]
        assert [m["messageId"] for m in first] == [m["messageId"] for m in second]

    def test_nothing_to_say(self) -> None:
        """A user of whom nothing is known is told of once; a visitor is not, nor is what is known taken back."""
        user = [event("E", **MARKED, n=n) for n in range(2)]
        visitor = {"event_name": "E", "attributes": {**MARKED, "analytics.anonymous_id": "a"}}
        known = event("E", **MARKED, plan="free")

        assert self.kinds(*user) == ["identify", "track", "track"]
        assert self.kinds(visitor) == ["track"]
        assert self.kinds(known, user[0]) == ["identify", "track", "track"]

    @pytest.mark.parametrize(
        ("kind", "given", "expected"),
        [
            ("identify", {}, ["group", "identify"]),
            ("group", {"analytics.group.id": "g"}, ["identify", "group"]),
            ("alias", {"analytics.previous_id": "p"}, ["alias"]),
            ("page", {}, ["identify", "group", "page"]),
        ],
    )
    def test_what_the_event_says_itself(self, kind: str, given: dict[str, Any], expected: list[str]) -> None:
        """Before an event that is itself such a call the mapping makes none."""
        record = event("E", **{"analytics.type": kind, "team": "t", **given})

        assert self.kinds(record) == expected

    def test_rules_make_their_own(self) -> None:
        """A rule's call is made each time, in place of the mapping's."""
        mapping = {**self.MAPPING, "rules": [{"match": "E", "identify": {"traits": {"x": "x"}}}]}
        records = [event("E", x=1, n=n) for n in range(2)]

        found = payloads(mapping, *records)

        assert [(m["type"], m.get("traits")) for m in found] == [("identify", {"x": 1}), ("track", None)] * 2

    def test_a_rule_that_skips(self) -> None:
        """An event that a rule skips may still be news of its person, and is ignored where it is none."""
        mapping = {**self.MAPPING, "rules": [{"match": "E", "skip": True}]}

        messages, reasons = convert(mapping, *(event("E", n=n) for n in range(3)))

        assert [m["type"] for m in messages] == ["identify"]
        assert reasons == ["ignored_by_rule"] * 2

    def test_who_is_left_out_is_no_news(self) -> None:
        """A person whose event does not leave is not introduced by it."""
        mapping = {**self.MAPPING, "require_consent": ["analytics"]}
        yes = event("E", **MARKED, n=1, **{"analytics.consent.analytics": True})

        messages, reasons = convert(mapping, event("E", **MARKED), yes)

        assert [m["type"] for m in messages] == ["identify", "track"]
        assert reasons == ["no_consent"]

    def test_time_to_live(self) -> None:
        """After its time a person counts as new."""
        mapping = {"identify": {}, "seen": {"limit": 10, "time_to_live": 60}}
        minute = 60_000_000_000
        records = [{**event("E", **MARKED), "timestamp": minute * n // 2 + 1} for n in range(5)]

        assert self.kinds(*records, mapping=mapping) == [
            *("identify", "track", "track"),
            *("identify", "track", "track"),
            *("identify", "track"),
        ]

    def test_in_between(self) -> None:
        """What the calls share is the same, and lies in the mapping's words."""
        mapping = {
            "identify": {"user_id": "account", "traits": True},
            "context": {"site": {"value": "s"}},
            "integrations": {"All": False},
        }

        identify, track = payloads(mapping, event("E", **MARKED, account="acc", x=1))

        assert (identify["userId"], track["userId"]) == ("acc", "u-1")
        assert identify["traits"] == {"account": "acc", "x": 1}
        assert identify["context"]["site"] == track["context"]["site"] == "s"
        assert identify["integrations"] == track["integrations"] == {"All": False}


class TestConsent:
    """Consent that an event lacks."""

    MAPPING: dict[str, Any] = {  # noqa: RUF012 - nobody changes it
        "require_consent": ["analytics"],
        "without_consent": "anonymize",
        "consent": {"analytics": "Analytics", "ads": "Analytics"},
    }
    PERSON: dict[str, Any] = {  # noqa: RUF012 - nobody changes it
        **MARKED,
        "analytics.anonymous_id": "anon-1",
        "user.email": "ada@example.com",
        "client.address": "203.0.113.77",
        "user_agent.original": "UA/1",
        "session.id": "sess-1",
        "analytics.group.id": "grp-1",
        "device.id": "dev-1",
        "geo.locality.name": "Bern",
        "n": 1,
    }

    def test_anonymous_events(self) -> None:
        """The event leaves without what tells who it was, and all of a person's day has one name."""
        day = 86_400_000_000_000
        records = [{**event("E", **self.PERSON), "timestamp": time} for time in (1, day - 1, day)]

        first, second, next_day = payloads(self.MAPPING, *records, privacy_salt="s3cret")

        assert "userId" not in first
        assert first["anonymousId"] == second["anonymousId"] != next_day["anonymousId"]
        assert len(first["anonymousId"]) == 32
        assert first["properties"] == {"n": 1}
        assert set(first["context"]) == {"channel", "library", "consent"}
        text = str(first)
        assert not any(secret in text for secret in ("u-1", "anon-1", "ada@", "203.0.113", "sess-1", "grp-1", "dev-1"))

    def test_another_salt_gives_other_names(self) -> None:
        """Without the secret nobody can tell whom a pseudonym stands for."""
        [one] = payloads(self.MAPPING, event("E", **MARKED), privacy_salt="one")
        [two] = payloads(self.MAPPING, event("E", **MARKED), privacy_salt="two")

        assert one["anonymousId"] != two["anonymousId"]

    def test_calls_that_say_who(self) -> None:
        """What says nothing but who somebody is does not leave."""
        mapping = {**self.MAPPING, "identify": {"traits": {"n": "n"}}}

        track = payloads(mapping, event("E", **self.PERSON), privacy_salt="s")
        identify = convert(mapping, event("", **{**self.PERSON, "analytics.type": "identify"}), privacy_salt="s")

        assert [m["type"] for m in track] == ["track"]
        assert identify == ([], ["no_consent"])

    def test_consent_that_is_given(self) -> None:
        """With consent the event leaves as it is."""
        [message] = payloads(
            self.MAPPING,
            event("E", **{**self.PERSON, "analytics.consent": {"analytics": True, "ads": True}}),
            privacy_salt="s",
        )

        assert message["userId"] == "u-1"
        assert message["context"]["consent"] == {"categoryPreferences": {"Analytics": True}}

    def test_a_category_of_two_consents(self) -> None:
        """A category that two consents lead to needs both."""
        mapping = {"consent": {"a": "X", "b": "X"}}

        [message] = payloads(mapping, event("E", **MARKED, **{"analytics.consent.a": True}))

        assert message["context"]["consent"] == {"categoryPreferences": {"X": False}}

    @pytest.mark.parametrize(
        "mapping", [{"without_consent": "anonymize", "require_consent": ["a"]}, {"privacy": {"hash": ["x"]}}]
    )
    def test_no_salt(self, mapping: Any) -> None:
        """Where there must be a secret and is none, start-up fails and says how to make one."""
        with pytest.raises(otel_segment.ConfigurationError, match=r"privacy_salt.*OTEL_EXPORTER_SEGMENT_PRIVACY_SALT"):
            convert(mapping)


def test_several_payloads_that_are_too_large() -> None:
    """A call that is too large is dropped alone, and the others keep ids that follow one another."""
    rule = {"match": "E", "identify": {"traits": {"big": "big"}}, "properties": {"n": "n"}}
    record = event("E", big="x" * 40_000, n=1, **{"log.record.uid": "m"})

    messages, reasons = convert({"rules": [rule]}, record)

    assert [(m["type"], m["messageId"]) for m in messages if len(str(m)) < 32_768] == [("track", "m-track")]
    assert reasons == ["event_too_large"]


def test_more_values_than_an_event_may_have() -> None:
    """An event of endless values is dropped, whatever rule takes it."""
    record = {**event("E"), "body": {"list": [[0]] * 40_000}}

    assert convert({"rules": [{"match": "E", "name": "F"}]}, record) == ([], ["event_too_large"])


def test_the_event_of_consent_by_its_new_name() -> None:
    """That consent was taken back may be said without it, also where a rule makes that event of another."""
    rules = [{"match": "consent changed", "name": "Segment Consent Preference Updated"}]
    mapping = {"require_consent": ["analytics"], "rules": rules}

    assert [m["event"] for m in payloads(mapping, event("consent changed"))] == ["Segment Consent Preference Updated"]
    assert convert({**mapping, "strict_consent": True}, event("consent changed")) == ([], ["no_consent"])


def test_introductions_wait_for_consent() -> None:
    """An event without consent, that leaves without its person, does not count as their introduction."""
    mapping = {**TestConsent.MAPPING, "identify": {"traits": {"n": "n"}}, "on_sign_in": "alias"}
    without = event("E", **TestConsent.PERSON)
    given = event("E", **TestConsent.PERSON, **{"analytics.consent": {"analytics": True}})

    assert [m["type"] for m in payloads(mapping, without, given, privacy_salt="s")] == [
        *("track", "identify", "alias", "track")
    ]


@pytest.mark.parametrize("more", [{}, {"nest": True}, {"rules": [{"match": "*"}]}])
def test_who_has_no_event_of_their_own(more: dict[str, Any]) -> None:
    """Whose event cannot leave is not introduced by it, whatever else the mapping says."""
    nameless = {"attributes": {**MARKED, "user.id": "u-1"}}

    assert convert({"identify": {}, **more}, nameless) == ([], ["missing_event"])


def test_what_the_six_calls_were_given() -> None:
    """What a call of ``analytics`` was given goes by its own name, in values, conditions and identity."""
    mapping = {
        "identity": {"user_id": ["account.id", "user.id"]},
        "rules": [
            {"match": {"event": "E", "attributes": {"total": {"gt": 1}}}, "properties": {"t": "total", "n": "n"}}
        ],
    }
    given = {"total": 5, "account": {"id": 7}}

    [whole] = payloads(mapping, event("E", n=1, **{"analytics.properties": given}))
    [flat] = payloads(mapping, event("E", **{"analytics.properties.total": 5, "total": 6}))
    [traits] = payloads(mapping, event("E", **{"analytics.traits": given}))

    assert (whole["userId"], whole["properties"]) == ("7", {"t": 5, "n": 1})
    assert flat["properties"] == {"t": 6}
    assert traits["properties"] == {"t": 5}


def test_drop_reaches_into_maps() -> None:
    """What is left out may lie within a map."""
    rule = {"match": "E", "properties": {"drop": ["address.street", "cart.*"]}}

    [message] = payloads({"rules": [rule]}, event("E", address={"street": "s", "city": "c"}, cart={"a": 1}))

    assert message["properties"] == {"address": {"city": "c"}, "cart": {}}


def test_what_is_left_out_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A property that is missing for its name is told of once, by its name alone; a header is not."""
    record = event(
        "E",
        **MARKED,
        cookie_jar_of_this_test="v4lue",
        **{"http.request.header.cookie": ["v4lue"], "analytics.properties": {"my secret": "v4lue"}},
    )

    payloads(None, record, record)

    said = [line.getMessage() for line in caplog.records if "named like a secret" in line.getMessage()]
    assert ["cookie_jar_of_this_test" in said[0], "my secret" in said[1], len(said)] == [True, True, 2]
    assert "v4lue" not in caplog.text


def test_ids_depend_on_nothing_that_was_said_before() -> None:
    """An event that is emitted again by a process that does not know its person is the same event."""
    mapping = {"identify": {"traits": {"n": "n"}}, "group": {"group_id": {"value": "g"}}}
    given = {**event("E", **MARKED, n=1, **{"log.record.uid": "order-7"}), "timestamp": 5}
    made = {**event("E", **MARKED, n=1), "timestamp": 7, "observed_timestamp": 7}
    knowing = Converter(mapping)
    knowing.emit({**event("E", **MARKED, n=1), "timestamp": 6})

    for record in (given, made):
        fresh = payloads(mapping, record)
        [known] = knowing.emit(record)

        assert [m["type"] for m in fresh] == ["identify", "group", "track"]
        assert fresh[-1]["messageId"] == known["messageId"]
        assert len({m["messageId"] for m in fresh}) == 3
    assert [m["messageId"] for m in payloads(mapping, given)] == ["order-7-identify", "order-7-group", "order-7"]


@pytest.mark.parametrize("given", [{}, {"analytics.consent.analytics": False}])
def test_taking_consent_back_tells_nothing_else(given: dict[str, Any]) -> None:
    """The event that reports a change of consent leaves with its ids and the consent, and introduces nobody."""
    mapping = {
        "identify": {"traits": {"email": "user.email"}},
        "consent": {"analytics": "Analytics"},
        "require_consent": ["analytics"],
        "rules": [{"match": "Segment *", "group": {"group_id": {"value": "g"}}}],
    }
    person = {**TestConsent.PERSON, **given}

    [message] = payloads(mapping, event("Segment Consent Preference Updated", **person))
    disguised = event("Segment Consent Preference Updated", **{**person, "analytics.type": "identify"})

    assert (message["type"], message["userId"], message["anonymousId"]) == ("track", "u-1", "anon-1")
    assert set(message["context"]) == {"channel", "library", "consent"}
    assert convert(mapping, disguised) == ([], ["no_consent"])


def test_what_an_anonymous_event_tells_destinations() -> None:
    """Of what a destination would be told of the person, whether it gets the event is left."""
    record = event(
        "E",
        **MARKED,
        **{
            "analytics.integrations": {"Amplitude": {"session_id": 5}, "All": False, "B": True},
            "analytics.context": {"externalIds": [{"id": "x"}], "locale": "de"},
            "analytics.parent_event_id": "p",
        },
    )

    [message] = payloads(TestConsent.MAPPING, record, privacy_salt="s")

    assert message["integrations"] == {"Amplitude": True, "All": False, "B": True}
    assert set(message["context"]) == {"channel", "library", "consent", "locale"}
    assert message["properties"] == {}


def test_odd_values() -> None:
    """Half a character and endless numbers keep no event from leaving."""
    rule = {
        "match": "E",
        "properties": {
            "s": {"from": "l", "as": "string"},
            "t": {"template": "{l}"},
            "d": {"from": "s", "as": "date", "default": None},
            "n": {"from": "n", "as": "date", "default": None},
            "b": {"from": "b", "as": "date"},
            "y": {"from": "y", "as": "date", "default": None},
        },
    }
    record = event("E", l=["caf\ud800"], s="caf\ud800", n=1e300, b="20260102", y="2026")

    [message] = payloads({"rules": [{"match": {"event": "E", "attributes": {"n": {"lt": 0}}}}, rule]}, record)

    assert message["properties"] == {
        "s": '["caf\ufffd"]',
        "t": '["caf\ufffd"]',
        "d": None,
        "n": None,
        "b": "2026-01-02T00:00:00.000Z",
        "y": None,
    }


def test_the_order_of_traits_is_no_change() -> None:
    """Traits that say the same say the same in any order, also within."""
    mapping = {"identify": {"traits": {"drop": ["analytics.*"]}}}
    records = [
        event("E", **MARKED, a="x", b="y"),
        event("E", **MARKED, b="y", a="x"),
        event("F", **MARKED, a={"p": 1, "q": 2}),
        event("F", **MARKED, a={"q": 2, "p": 1}),
    ]

    assert [m["type"] for m in payloads(mapping, *records)] == [
        *("identify", "track", "track", "identify", "track", "track")
    ]


def test_one_device_of_several_people() -> None:
    """A visitor becomes the first user that is seen with its id, and nobody becomes themselves."""
    visits = [("u1", "kiosk"), ("u2", "kiosk"), ("u1", "kiosk"), ("u3", "u3")]
    records = [
        {"event_name": "E", "attributes": {**MARKED, "user.id": user, "analytics.anonymous_id": visitor}}
        for user, visitor in visits
    ]

    found = payloads({"on_sign_in": "alias"}, *records)

    assert [(m["previousId"], m["userId"]) for m in found if m["type"] == "alias"] == [("kiosk", "u1")]


def test_late_events_make_nobody_new() -> None:
    """Events that come late do not make those in time introduce their person again."""
    hour = 3_600_000_000_000
    start = 500_000 * hour
    mapping = {"identify": {}, "seen": {"time_to_live": 3_600}}
    times = [start, start - 2 * hour, start + 1, start - 2 * hour, start + 2]

    found = payloads(mapping, *({**event("E", **MARKED), "timestamp": time} for time in times))

    assert [m["type"] for m in found].count("identify") == 1


def test_a_hook_that_fails_has_decided_nothing() -> None:
    """An introduction on which ``before_send`` fails is made again with the next event."""
    failures = iter([True, False, False, False])
    sent: list[str] = []

    def look(message: dict[str, Any]) -> dict[str, Any]:
        if next(failures):
            raise RuntimeError
        sent.append(message["type"])
        return message

    processor = otel_segment.SegmentLogRecordProcessor(
        write_key="key", disabled=True, mapping={"identify": {}}, before_send=look
    )
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    for number in range(2):
        provider.get_logger("t").emit(LogRecord(**event("E", **MARKED, n=number)))

    assert sent == ["track", "identify", "track"]


def test_a_mapping_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable takes the mapping itself, as JSON, and says what is wrong with that."""
    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_MAPPING", '{"select": "named"}')
    assert [m["event"] for m in payloads(None, event("E"))] == ["E"]

    monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_MAPPING", '{"select": ')
    with pytest.raises(otel_segment.ConfigurationError, match="begins as JSON does"):
        payloads(None, event("E"))
