"""``otel-segment mapping``: checking mappings, trying them on recorded events, and their JSON Schema."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_cases import CASES, assert_payloads, nanoseconds

from otel_segment.cli import main

Write = Callable[..., Path]
Told = tuple[int, str, str]
Run = Callable[..., Told]

# Those whose values JSON can say: a file of events holds no others.
PLAIN = [case for case in CASES if '"$' not in json.dumps(case.values[0])]

# In the plain form there are no spans.
FORMS = [
    pytest.param(form, *case.values, id=f"{form}-{case.id}")
    for form in ("records", "otlp")
    for case in PLAIN
    if form == "otlp" or "spans" not in case.values[0]
]

MAPPING = """\
rules:
  - match: order complete
    name: Order Completed
    properties:
      total: {from: total, as: number}
  - match: "debug *"
    ignore: true
"""
ORDER = {"event_name": "order complete", "timestamp": "2026-01-02T03:04:05.678Z", "attributes": {"user.id": "u-1"}}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file: a text, or values as JSON Lines."""

    def write_file(name: str, content: "str | list[Any]") -> Path:
        path = tmp_path / name
        lines = content if isinstance(content, str) else "".join(json.dumps(each) + "\n" for each in content)
        path.write_text(lines, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command under ``otel-segment mapping`` in this process."""

    def run_command(*arguments: object) -> Told:
        code = main(["mapping", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_command


def order(total: Any, **fields: Any) -> dict[str, Any]:
    """Return a recorded event."""
    return {**ORDER, "attributes": {"user.id": "u-1", "total": total}, **fields}


class TestCheck:
    """``mapping check``."""

    def test_a_valid_mapping(self, write: Write) -> None:
        """It says in one line what the mapping holds."""
        path = write("mapping.yaml", MAPPING + "privacy: {hash: [phone]}\nnest: true\n")
        command = [sys.executable, "-m", "otel_segment", "mapping", "check", str(path)]

        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{path}: 2 rules for 2 names; privacy, nest; needs the setting privacy_salt\n"

    def test_mistakes(self, write: Write, run: Run) -> None:
        """Mistakes stand on the standard error, each with its line, and the exit code is 1."""
        path = write("mapping.yaml", "nest: 1\nrules:\n  - mach: a\n")

        code, out, error = run("check", path)

        assert (code, out) == (1, "")
        assert "- line 1, nest: " in error
        assert "- line 3, rules[0].mach: " in error

    def test_a_missing_file(self, tmp_path: Path, run: Run) -> None:
        """A file that is not there is the command line's fault."""
        code, _, error = run("check", tmp_path / "absent.yaml")

        assert (code, error) == (2, f"otel-segment: {tmp_path / 'absent.yaml'}: no such file\n")

    def test_a_missing_package(self, write: Write, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without PyYAML it says what to install."""
        monkeypatch.setitem(sys.modules, "yaml", None)

        code, _, error = run("check", write("mapping.yaml", MAPPING))

        assert (code, error) == (2, "otel-segment: not installed: yaml; run pip install 'otel-segment[yaml]'\n")

    @pytest.mark.parametrize("arguments", [[], ["check"], ["test", "mapping.yaml"], ["chek", "mapping.yaml"]])
    def test_wrong_arguments(self, run: Run, arguments: list[str]) -> None:
        """A wrong command line ends with exit code 2."""
        with pytest.raises(SystemExit) as end:
            run(*arguments)

        assert end.value.code == 2

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("rules: [{match: a *}, {match: a b}]", "rules[1]: is never reached: rules[0]"),
            ("rules: [{match: '[App] Start'}]", "write '[[]App] Start'"),
            ("rules: [{match: a, context: {library: x}}]", "rules[0].context.library: has no effect"),
            ("context: {traits.email: user.email}", "traits: {map: {email: …}}"),
            ("rules: [{match: '*'}, {match: [a, '[bc]*']}]", "rules[1]: is never reached"),
            ("rules: [{match: a*}, {match: 'a?b*'}]", "rules[1]: is never reached"),
            ("rules: [{match: a}, {match: {event: a}, when: {consent: [x]}}]", "rules[1]: is never reached"),
            ("rules: [{match: {event: a, scope: s}}, {match: {event: a, scope: s}}]", "rules[1]: is never reached"),
            ("rules: [{match: []}]", "rules[0].match: is an empty list"),
            ("rules: [{match: a, ignore: true, name: b}]", "rules[0].ignore: drops the events"),
            ("rules: [{match: a, skip: true}]", "rules[0].skip: leaves no call"),
            ("rules: [{match: a, properties: [true, {drop: token}]}]", "properties[1].drop: makes a property"),
            ("strict_consent: true", "strict_consent: has no effect without require_consent"),
            ("without_consent: anonymize", "without_consent: has no effect without require_consent"),
        ],
    )
    def test_doubts(self, write: Write, run: Run, text: str, said: str) -> None:
        """What is hardly meant is a warning with its line, and a mistake where that is asked for."""
        path = write("mapping.yaml", text)

        code, out, error = run("check", path)

        assert code == 0
        assert out.startswith(f"{path}: ")
        assert error.startswith(f"{path}: warning: line 1, ")
        assert said in error
        assert run("check", "--strict", path) == (1, "", error)

    @pytest.mark.parametrize(
        "rules",
        [
            "[{match: a, when: {consent: [x]}}, {match: a}]",
            "[{match: {event: a*, scope: s}}, {match: ab}]",
            "[{match: {scope: s}}, {match: a}]",
            "[{match: a}, {match: [a, b]}]",
            "[{match: 'a?'}, {match: 'a*'}]",
            "[{match: '*]'}, {match: '[ab]'}]",
            "[{match: '[ab]'}, {match: '?'}]",
            "[{match: a, skip: true, page: true}]",
            "[{match: a, ignore: true}, {match: '*', properties: {drop: [x]}}]",
        ],
    )
    def test_no_doubts(self, write: Write, run: Run, rules: str) -> None:
        """Rules that may be reached, and keys with an effect, are not warned of."""
        assert run("check", "--strict", write("mapping.yaml", f"rules: {rules}"))[0] == 0


def as_otlp(value: Any) -> dict[str, Any]:
    """Return a value as OTLP/JSON has it."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": as_otlp_attributes(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [as_otlp(item) for item in value]}}
    return {"stringValue": value}


def as_otlp_attributes(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP/JSON has them."""
    return [{"key": key, "value": as_otlp(value)} for key, value in attributes.items()]


def otlp_ids(part: dict[str, Any]) -> dict[str, Any]:
    """Return what ties a record to a span."""
    return {"traceId": part["trace_id"], "spanId": part["span_id"]} if part.get("trace_id") else {}


def otlp_log_record(record: dict[str, Any]) -> dict[str, Any]:
    """Return a case's record as OTLP/JSON has it; what is absent is left out or has the default, as it comes."""
    times = {
        name: str(nanoseconds(record[key]))
        for name, key in (("timeUnixNano", "timestamp"), ("observedTimeUnixNano", "observed_timestamp"))
        if record.get(key) is not None
    }
    body = {"body": as_otlp(record["body"])} if record.get("body") is not None else {}
    return {
        **times,
        **body,
        **otlp_ids(record),
        "severityNumber": record.get("severity_number") or 0,
        "eventName": record.get("event_name") or "",
        "attributes": as_otlp_attributes(record.get("attributes") or {}),
    }


def otlp_span(span: dict[str, Any]) -> dict[str, Any]:
    """Return a case's span as OTLP/JSON has it."""
    events = [
        {
            "timeUnixNano": str(nanoseconds(event["timestamp"])),
            "name": event["name"],
            "attributes": as_otlp_attributes(event["attributes"]),
        }
        for event in span["events"]
    ]
    return {
        **otlp_ids(span),
        "name": span["name"],
        "startTimeUnixNano": str(nanoseconds(span["start"])),
        "attributes": as_otlp_attributes(span.get("attributes") or {}),
        "events": events,
    }


def otlp_requests(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a case's records and spans as a collector writes them."""
    resource = {"resource": {"attributes": as_otlp_attributes(case.get("resource") or {})}}
    scope = {"scope": case.get("scope") or {"name": "cases"}}
    records = [otlp_log_record(record) for record in case.get("records", ())]
    spans = [otlp_span(span) for span in case.get("spans", ())]
    logs = {"resourceLogs": [{**resource, "scopeLogs": [{**scope, "logRecords": records}]}]}
    traces = {"resourceSpans": [{**resource, "scopeSpans": [{**scope, "spans": spans}]}]}
    return [*([logs] if records else []), *([traces] if spans else [])]


def recorded(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a case's records with what they come from."""
    return [
        {**record, "resource": case.get("resource") or {}, "scope": case.get("scope") or {"name": "cases"}}
        for record in case["records"]
    ]


def assert_outcomes(case: dict[str, Any], told: Told) -> None:
    """Compare what the command wrote with what a case expects."""
    code, out, error = told
    outcomes = [json.loads(line) for line in out.splitlines()]
    assert (code, error) == (0, "")
    assert_payloads(case["expect"], [payload for outcome in outcomes for payload in outcome["payloads"]])
    reasons = [{"reason": drop["reason"]} for outcome in outcomes for drop in outcome["dropped"]]
    assert case.get("dropped", []) == reasons


class TestTrial:
    """``mapping test``."""

    @pytest.mark.parametrize(("form", "case"), FORMS)
    def test_golden_cases(self, case: dict[str, Any], form: str, write: Write, run: Run) -> None:
        """It shows exactly what the exporters make, of events in either form."""
        mapping = write("mapping.json", json.dumps(case.get("mapping") or {}))
        events = write("events.jsonl", recorded(case) if form == "records" else otlp_requests(case))
        salt = case.get("settings", {}).get("privacy_salt")

        assert_outcomes(case, run("test", mapping, events, "--json", *(["--salt", salt] if salt else [])))

    def test_words(self, write: Write, run: Run) -> None:
        """For people it says of each event which rule took it, where that stands, and what came of it."""
        events = [order("5"), {**ORDER, "event_name": "debug x"}, {"event_name": "other"}, {"body": "GET / 200"}]

        code, out, error = run("test", write("mapping.yaml", MAPPING), write("events.jsonl", events))

        assert (code, error) == (0, "")
        lines = out.splitlines()
        assert lines[0] == 'line 1: "order complete": rules[0], line 2, match: "order complete"'
        assert '    "total": 5' in lines
        assert lines[-5:] == [
            'line 2: "debug x": rules[1], line 6, match: "debug *"',
            "  dropped: ignored_by_rule",
            'line 3: "other": not selected',
            "line 4: no name: not selected",
            "4 events: 1 payloads, 1 dropped, 2 not selected",
        ]

    def test_marked_events(self, write: Write, run: Run) -> None:
        """An event that no rule takes, and that is one of analytics all the same, is said to have none."""
        event = {"event_name": "E", "attributes": {"user.id": "u", "analytics.type": "track"}}

        _, out, _ = run("test", write("mapping.yaml", MAPPING), write("events.jsonl", [event]))

        assert out.splitlines()[0] == 'line 1: "E": no rule'
        assert '"timestamp": "1970-01-01T00:00:00.000Z"' in out

    def test_bad_lines(self, write: Write, run: Run) -> None:
        """Lines that are no events are named by their numbers; the others count."""
        lines = [
            json.dumps(order(1)),
            "{",
            "",
            "[]",
            '{"event": "a"}',
            '{"timestamp": "now"}',
            '{"attributes": []}',
            '{"trace_id": 3}',
            '{"resourceLogs": [{"resource": {"attributes": [{"value": {}}]}, "scopeLogs": [{}]}]}',
            json.dumps(order(2)),
        ]
        path = write("events.jsonl", "\n".join(lines))

        code, out, error = run("test", write("mapping.yaml", MAPPING), path)

        assert code == 1
        assert "2 events: 2 payloads" in out
        said = [line.removeprefix(f"{path} ") for line in error.splitlines()]
        assert [line.split(":")[0] for line in said] == [f"line {n}" for n in (2, 4, 5, 6, 7, 8, 9)] or said
        assert said[2] == (
            'line 5: has the key "event", which no event has; there are event_name, timestamp, observed_timestamp, '
            "trace_id, span_id, severity_number, body, attributes, resource, scope"
        )

    def test_otlp_values(self, write: Write, run: Run) -> None:
        """Values of OTLP/JSON are what they stand for."""
        values = {
            "bytes": {"bytesValue": b64encode(b"\xff").decode()},
            "huge": {"intValue": "9223372036854775807"},
            "nan": {"doubleValue": "NaN"},
            "half": {"doubleValue": 0.5},
            "nothing": {},
            "list": {"arrayValue": {}},
            "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}},
        }
        attributes = [{"key": key, "value": value} for key, value in values.items()]
        record = {"eventName": "E", "attributes": [*as_otlp_attributes({"user.id": "u"}), *attributes]}
        events = [{"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}]

        code, out, _ = run("test", write("mapping.json", '{"rules": [{"match": "E"}]}'), write("e", events), "--json")

        assert code == 0
        assert json.loads(out)["payloads"][0]["properties"] == {
            "bytes": "/w==",
            "huge": 2**63 - 1,
            "nan": None,
            "half": 0.5,
            "nothing": None,
            "list": [],
            "map": {"k": True},
        }

    def test_flaws(self, write: Write, run: Run) -> None:
        """What the specification that the mapping names wants of an event is a warning."""
        events = write("e", [{"event_name": "Product Viewed", "attributes": {"user.id": "u"}}, order(1)])

        code, out, _ = run("test", write("m.yaml", "validate: ecommerce\nselect: named\n"), events)
        _, without, _ = run("test", write("m.yaml", "select: named\n"), events)

        assert code == 0
        assert "  warning: " in out
        assert "product_id" in out
        assert "warning" not in without

    def test_odd_names(self, write: Write, run: Run) -> None:
        """A name that no encoding has is shown all the same."""
        events = write("e", '{"event_name": "x\\ud800", "attributes": {"user.id": "u"}}')

        code, out, _ = run("test", write("m.json", '{"select": "named"}'), events)

        assert code == 0
        assert out.startswith('line 1: "x\\ud800": no rule\n')

    def test_too_large(self, write: Write, run: Run) -> None:
        """An event that Segment would refuse for its size is dropped here as well."""
        code, out, _ = run("test", write("m.yaml", "rules: [{match: order *}]"), write("e", [order("x" * 40_000)]))

        assert code == 0
        assert "  dropped: event_too_large (" in out

    def test_standard_input(self, write: Write) -> None:
        """Events may come from another program."""
        command = [sys.executable, "-m", "otel_segment", "mapping", "test", str(write("m.yaml", MAPPING)), "-"]

        done = subprocess.run(
            command, input=json.dumps(order(7)), capture_output=True, text=True, timeout=180, check=False
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert '"total": 7' in done.stdout

    def test_the_salt(self, write: Write, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """A mapping that hashes needs the salt, by the option or the setting's variable."""
        mapping = write("m.yaml", "privacy: {hash: [total]}\nrules: [{match: order *}]")
        events = write("e", [order("1")])

        code, out, error = run("test", mapping, events)
        by_option = run("test", mapping, events, "--salt", "s")
        monkeypatch.setenv("OTEL_EXPORTER_SEGMENT_PRIVACY_SALT", "s")

        assert (code, out) == (1, "")
        assert "privacy_salt" in error
        assert by_option[0] == 0
        assert run("test", mapping, events) == by_option

    def test_mistakes(self, write: Write, run: Run) -> None:
        """A mapping with mistakes is refused as in a check."""
        code, out, error = run("test", write("m.yaml", "nest: 1"), write("e", []))

        assert (code, out) == (1, "")
        assert "line 1, nest: " in error

    def test_a_missing_file_of_events(self, write: Write, run: Run, tmp_path: Path) -> None:
        """A file of events that is not there is the command line's fault."""
        code, _, error = run("test", write("m.yaml", MAPPING), tmp_path / "absent")

        assert (code, error) == (2, f"otel-segment: cannot read {tmp_path / 'absent'}: No such file or directory\n")


class TestExpectations:
    """``mapping test --expect``."""

    @pytest.fixture
    def events(self, write: Write) -> Path:
        """Return a file of two events that make a payload and one that makes none."""
        return write("events.jsonl", [order(1), {**ORDER, "event_name": "debug x"}, order(2)])

    @pytest.fixture
    def expected(self, write: Write, run: Run, events: Path) -> list[dict[str, Any]]:
        """Return what the mapping makes of them."""
        _, out, _ = run("test", write("mapping.yaml", MAPPING), events, "--json")
        return [json.loads(line) for line in out.splitlines()]

    def test_as_expected(self, write: Write, run: Run, events: Path, expected: list[dict[str, Any]]) -> None:
        """What is as it was passes, whatever the ids and the version of the library."""
        expected[0]["payloads"][0]["messageId"] = "another"
        expected[0]["payloads"][0]["context"]["library"]["version"] = "0.0.0"
        payloads = [payload for outcome in expected for payload in outcome["payloads"]]

        for lines in (expected, payloads):
            told = run("test", write("mapping.yaml", MAPPING), events, "--expect", write("expected.jsonl", lines))
            assert told == (0, "3 events: 2 payloads, 1 dropped, 0 not selected; all as expected\n", "")

    def test_differences(self, write: Write, run: Run, events: Path, expected: list[dict[str, Any]]) -> None:
        """What is not as it was is said by its place, in words."""
        changed = MAPPING.replace("as: number}", "as: string}\n      id: {value: [1]}").replace(
            "ignore: true", "type: track"
        )

        told = run("test", write("mapping.yaml", changed), events, "--expect", write("expected.jsonl", expected))

        assert told[0::2] == (1, "")
        assert told[1] == (
            'line 1, "order complete": properties.total: expected 1, got "1"\n'
            'line 1, "order complete": properties.id: not expected, got [1]\n'
            'line 2, "debug x": expected a drop for ignored_by_rule, got track\n'
            'line 3, "order complete": properties.total: expected 2, got "2"\n'
            'line 3, "order complete": properties.id: not expected, got [1]\n'
        )

    def test_differences_of_payloads(
        self, write: Write, run: Run, events: Path, expected: list[dict[str, Any]]
    ) -> None:
        """Payloads alone are compared in their order, and none may be missing or left over."""
        payloads = [payload for outcome in expected for payload in outcome["payloads"]]
        payloads[0]["properties"] = {"total": True, "tags": ["a", {"b": 1}]}
        mapping = write("mapping.yaml", MAPPING)

        more = run("test", mapping, events, "--expect", write("more.jsonl", [*payloads, payloads[1]]))
        fewer = run("test", mapping, events, "--expect", write("fewer.jsonl", payloads[1:]))

        assert (more[0], fewer[0]) == (1, 1)
        assert more[1] == (
            "payload 1, of line 1: properties.total: expected true, got 1\n"
            'payload 1, of line 1: properties.tags: expected ["a", {"b": 1}], and it is not there\n'
            'payload 3: track "Order Completed" is expected, and is not there\n'
        )
        assert fewer[1] == (
            "payload 1, of line 1: properties.total: expected 2, got 1\n"
            'line 3: track "Order Completed" is not expected\n'
        )

    def test_other_events(self, write: Write, run: Run, events: Path, expected: list[dict[str, Any]]) -> None:
        """Events more or fewer than expected are a difference."""
        told = run("test", write("mapping.yaml", MAPPING), events, "--expect", write("expected.jsonl", expected[:2]))

        assert told == (1, "expected 2 events, got 3\n", "")

    @pytest.mark.parametrize("lines", [[{"a": 1}], ["a"], "{", [{"type": "track"}, {"payloads": []}]])
    def test_wrong_expectations(self, write: Write, run: Run, events: Path, lines: Any) -> None:
        """A file that is not one of expectations is the command line's fault."""
        code, out, error = run(
            "test", write("mapping.yaml", MAPPING), events, "--expect", write("expected.jsonl", lines)
        )

        assert (code, out) == (2, "")
        assert "expected.jsonl" in error


WRONG = [
    [],
    {"rule": []},
    {"nest": "yes"},
    {"rules": {"match": "a"}},
    {"rules": [{"name": "a"}]},
    {"rules": [{"match": "a", "smaple": 1}]},
    {"rules": [{"match": "a", "sample": 2}]},
    {"rules": [{"match": "a", "type": "purchase"}]},
    {"rules": [{"match": {}}]},
    {"rules": [{"match": "a", "when": {}}]},
    {"context": {"a": 3}},
    {"context": {"a": {"from": "a", "value": 3}}},
    {"context": {"a": {"default": 3}}},
    {"context": {"a": {"loop": ["a"]}}},
    {"context": {"a": {"fn": "a.b"}}},
    {"privacy": {"ip": "hash"}},
    {"seen": {"limit": 0}},
]


class TestSchema:
    """``mapping schema``."""

    @pytest.fixture
    def schema(self, run: Run) -> dict[str, Any]:
        """Return the schema."""
        code, out, error = run("schema")
        assert (code, error) == (0, "")
        document: dict[str, Any] = json.loads(out)
        return document

    def test_right_and_wrong(self, schema: dict[str, Any]) -> None:
        """It takes the mappings of all cases, and refuses wrong ones."""
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        mappings = [case.values[0]["mapping"] for case in CASES if case.values[0].get("mapping")]

        assert len(mappings) > 20
        assert [mapping for mapping in mappings if not validator.is_valid(mapping)] == []
        assert [mapping for mapping in WRONG if validator.is_valid(mapping)] == []

    def test_wrong_for_the_check_too(self, write: Write, run: Run) -> None:
        """What the schema refuses, the check refuses."""
        codes = [run("check", write("mapping.json", json.dumps(mapping)))[0] for mapping in WRONG]

        assert codes == [1] * len(WRONG)

    def test_descriptions(self, schema: dict[str, Any]) -> None:
        """It says what dialect it is, and what keys mean, in the words of the code."""
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert "$id" not in schema
        rule = schema["$defs"]["Rule"]
        assert rule["additionalProperties"] is False
        assert rule["properties"]["ignore"]["description"] == "Drop them."
        assert "`*`" in schema["$defs"]["Match"]["properties"]["event"]["description"]
        assert schema["$defs"]["ValueForm"]["properties"]["from"]["description"] == "The name of an attribute."
        described = [each for part in schema["$defs"].values() for each in part["properties"].values()]
        assert sum("description" in each for each in described) > len(described) / 2
