"""What is said of a wrong mapping: the line, the place, what is allowed there, and what was likely meant."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from otel_segment import ConfigurationError, SegmentLogRecordProcessor
from otel_segment.mapping import Mapping, Rule, read_mapping

Complaint = Callable[[str], str]


def refusal(mapping: Any) -> str:
    """Return how an exporter refuses a mapping when it is made."""
    with pytest.raises(ConfigurationError) as caught:
        SegmentLogRecordProcessor(write_key="test-key", disabled=True, mapping=mapping)
    return str(caught.value)


@pytest.fixture
def complaint(tmp_path: Path) -> Complaint:
    """Return a function that returns what is said of a YAML file."""
    path = tmp_path / "mapping.yaml"

    def complain(text: str) -> str:
        path.write_text(text, encoding="utf-8")
        return refusal(path)

    return complain


MISTAKES = {
    "unknown key": ("rules:\n - match: a\n   propertes: {}\n", 3, ["rules[0].propertes", "did you mean properties?"]),
    "its allowed keys": ("seen:\n  count: 1\n", 2, ["seen.count", "allowed here: limit, time_to_live"]),
    "key of another tool": ("rules:\n - event: a\n", 2, ["rules[0].event", "did you mean match?"]),
    "key of a rule outside": ("match: a\n", 1, ["match is a key of a rule, under rules"]),
    "key of the document in a rule": ("rules:\n - match: a\n   privacy: {}\n", 3, ["key of the document itself"]),
    "wrong word": ("rules:\n - match: a\n   type: pge\n", 3, ["rules[0].type", "page, screen", 'did you mean "page"?']),
    "word of no near one": ("privacy:\n  ip: sha\n", 2, ['"sha"', "one of: drop, keep, truncate"]),
    "number for a text": ("rules:\n - match: 404\n", 2, ["rules[0].match", "404", "a list of texts", '"404"']),
    "number for a value": (
        "rules:\n - match: a\n   properties:\n    total: 3\n",
        4,
        ["rules[0].properties.total", "the name of an attribute", "{value: 3}"],
    ),
    "boolean for a value": ("context:\n  paid: true\n", 2, ["context.paid", "{value: true}"]),
    "date for a value": ("context:\n  day: 2026-01-02\n", 2, ["context.day", "{value: 2026-01-02}"]),
    "list for a value": ("context:\n  id: [a, b]\n", 2, ["{first: [a, b]}"]),
    "nothing for a value": ("context:\n  id:\n", 2, ["leave the key out", "{value: null}"]),
    "map for a value": ("context:\n  site: {town: a, street: b}\n", 2, ["context.site", "{map: {name: value}}"]),
    "list for a property": ("identify:\n  traits:\n    id: [a]\n", 3, ["identify.traits.id", "{first: [a, b]}"]),
    "drop that is not alone": (
        "identify:\n  traits: {drop: [a], b: c}\n",
        2,
        ["traits.drop", "a list: [{drop"],
    ),
    "rules as a map": ("rules:\n  match: a\n", 1, ["rules: cannot be a map", '"- "']),
    "rule as a list": ("rules:\n - [a]\n", 2, ["rules[0]", "a map of match", 'without "- "']),
    "no rules after the colon": ("rules:\n", 1, ["rules: cannot be nothing", "leave the key out"]),
    "text for a list": ("privacy:\n  drop: password\n", 2, ["privacy.drop", '["password"]']),
    "match missing": ("rules:\n - name: a\n", 2, ["rules[0]: match is missing", 'match: "Order *"']),
    "id missing": ("group:\n  traits: {}\n", 1, ["group: group_id is missing"]),
    "lone brace": ("context:\n  a: {template: '{first} last}'}\n", 2, ["context.a.template", "double them", "last}"]),
    "template without quotes": ("context:\n  a: {template: {first}}\n", 2, ["begins with { stands in quotes"]),
    "two forms": (
        "context:\n  a: {from: b, value: 3}\n",
        2,
        ["context.a", "here are from and value"],
    ),
    "no form": ("context:\n  a: {default: 3}\n", 2, ["exactly one of", "here are default"]),
    "one item for a loop": ("context:\n  a: {loop: [b]}\n", 2, ["1 of 2 items", "the value to make of each"]),
    "share in percent": ("rules:\n - match: a\n   sample: 25\n", 3, ["from 0 to 1", "25 % is 0.25"]),
    "share with a sign": ("rules:\n - match: a\n   sample: 25%\n", 3, ["from 0 to 1", "25% is 0.25"]),
    "share that is no number": ("rules:\n - match: a\n   sample: .nan\n", 3, ["from 0 to 1"]),
    "name for properties": ("rules:\n - match: a\n   properties: id\n", 3, ["{id: id}"]),
    "number of people": ("seen: {limit: 0}\n", 1, ["seen.limit", "a whole number"]),
    "negative time": ("seen: {time_to_live: -1}\n", 1, ["a number above 0"]),
    "boolean in quotes": ("rules:\n - match: a\n   ignore: 'yes'\n", 3, ["true or false", "without quotes"]),
    "no as a text": ("rules:\n - match: [yes please, no]\n", 2, ["rules[0].match[1]", "YAML reads no", "in quotes"]),
    "on as a key": ("context:\n  on: a\n", 2, ["context.true", "YAML reads yes, on", "in quotes"]),
    "number as a key": ("context:\n  404: a\n", 2, ["context[404]", "in quotes"]),
    "empty condition": (
        "rules:\n - match: {attributes: {n: {}}}\n",
        2,
        ["match.attributes.n", "at least one"],
    ),
    "word for equal": ("rules:\n - match: {attributes: {n: {equals: 1}}}\n", 2, ["in place of the condition"]),
    "severity": ("rules:\n - match: {severity: high}\n", 2, ["rules[0].match.severity", "WARN", '"high"']),
    "no such module": ("context:\n  a: {fn: 'nowhere.at_all:f'}\n", 2, ["context.a.fn", "nowhere.at_all"]),
    "no such function": ("context:\n  a: {fn: 'os.path:joyn'}\n", 2, ["context.a.fn", "joyn"]),
    "no function name": ("context:\n  a: {fn: os.path.join}\n", 2, ["context.a.fn", "package.module:name"]),
    "category with a digit": ("consent:\n  ads: 1st\n", 2, ["consent.ads", '"1st"', "do not begin with a digit"]),
    "category too long": (f"consent:\n  ads: {'A' * 35}\n", 2, ["consent.ads", "1 to 34 characters"]),
    "consent unknown": (
        "consent: {ads: Ads}\nrequire_consent: [adds]\n",
        2,
        ["require_consent[0]", "mean ads?"],
    ),
    "consent unknown to a rule": (
        "consent: {ads: Ads}\nrules:\n - match: a\n   when:\n    consent: [x]\n",
        5,
        ["rules[0].when.consent[0]", "there are: ads"],
    ),
    "consent unknown to a value": (
        "consent: {ads: Ads}\ncontext:\n  a: {from: b, when: {consent: [x]}}\n",
        3,
        ["context.a.when.consent[0]"],
    ),
    "key with dots": ("context:\n  a.b: 1\n", 2, ['context["a.b"]']),
    "tab": ("rules:\n\t- match: a\n", 2, ["no tabs", "indent by spaces"]),
    "glob without quotes": ("rules:\n - match: *Completed\n", 2, ["begins with * stands in quotes"]),
    "star without quotes": ("rules:\n - match: *\n", 2, ["begins with * stands in quotes"]),
    "colon in a text": ("rules:\n - match: Order: Completed\n", 2, ['": "', "stands in quotes"]),
    "question mark": ("rules: [{match: step ?}]\n", 1, ["? [ ] { } in it stands in quotes"]),
    "templates without quotes": ("context: {a: {template: {b} {c}}}\n", 1, ["in it stands in quotes"]),
    "indented unequally": ("rules:\n - match: a\n  name: b\n", 3, ["equally indented"]),
    "tag": ("context:\n  a: !b c\n", 2, ["begins with ! stands in quotes"]),
    "key twice": ("rules:\n - match: a\n   name: b\n   match: c\n", 4, ['the key "match"', "line 2"]),
    "key twice in merged maps": ("x: &x {a: b}\ncontext:\n  <<: *x\n  c: d\n  c: e\n", 5, ['the key "c"', "line 4"]),
}


@pytest.mark.parametrize(("text", "line", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake(complaint: Complaint, text: str, line: int, words: list[str]) -> None:
    """A mistake is said with its line, its place as a person writes it, and what to write instead."""
    said = complaint(text)

    assert "mapping.yaml" in said
    assert f"line {line}" in said
    assert [word for word in words if word not in said] == []
    assert "$" not in said


def test_all_mistakes(complaint: Complaint) -> None:
    """Several mistakes are all said at once, a line each."""
    said = complaint("nest: 1\nrules:\n - match: a\n   ignore: 2\n - {}\n - match: b\n   sample: 3\n")

    lines = said.splitlines()
    assert [line.split(":")[0] for line in lines[1:]] == [
        "- line 1, nest",
        "- line 4, rules[0].ignore",
        "- line 5, rules[1]",
        "- line 7, rules[2].sample",
    ]


def test_many_mistakes(complaint: Complaint) -> None:
    """Of very many mistakes ten are said."""
    said = complaint("context:\n" + "".join(f"  k{number}: {number}\n" for number in range(30)))

    assert said.count("\n- line ") == 10
    assert said.endswith("\n- and more")


def test_long_values(complaint: Complaint) -> None:
    """A long text is not repeated, of which a part may be secret."""
    said = complaint(f"nest: {'secret' * 20}\n")

    assert "secretsecret" in said
    assert len(said) < 250


def test_a_map_of_itself(complaint: Complaint) -> None:
    """A document that holds itself is refused like any other."""
    assert "within itself" in complaint("context: &a {b: {map: *a}}\n")


def test_a_deep_document(complaint: Complaint) -> None:
    """A document that is nested without end is refused like any other."""
    assert "nested too deeply" in complaint("context: {a: " + "[" * 5_000 + "]" * 5_000 + "}")


def test_a_merged_map(complaint: Complaint) -> None:
    """What a rule has by a merge is said to be where it is written."""
    said = complaint("rules:\n - &a {match: a, smaple: 1}\n - <<: *a\n   match: b\n")

    assert "line 2, rules[0].smaple: no such key" in said
    assert "line 2, rules[1].smaple: no such key" in said


def test_a_key_twice_in_json(tmp_path: Path) -> None:
    """JSON too may not have a key twice."""
    path = tmp_path / "mapping.json"
    path.write_text('{"rules": [{"match": "a", "match": "b"}]}', encoding="utf-8")

    assert 'the key "match" is there twice' in refusal(path)


@pytest.mark.parametrize("document", [{"nest": 1}, {"rules": [{"mach": "a"}]}, {"rules": ({"match": 3},)}])
def test_a_document_given_in_place(document: Any) -> None:
    """A document in Python or in a configuration file is checked likewise, without lines."""
    said = refusal(document)

    assert "given in place" in said
    assert "line" not in said


class TestMadeInPython:
    """Mappings made of the types, which check nothing when they are made."""

    def test_it_is_checked(self) -> None:
        """A mistake is named by its place in the document."""
        wrong: Any = {"match": "a", "sample": 3}

        assert "rules[0].sample" in refusal(Mapping(rules=[Rule(**wrong)]))

    def test_it_may_be_right(self) -> None:
        """One without mistakes is taken as it stands."""
        mapping = Mapping(nest=True, rules=[Rule(match=["a", "b"], properties={"id": "order.id"})])

        assert read_mapping(mapping, "made in Python") == mapping
        assert msgspec.to_builtins(mapping)["rules"][0]["match"] == ["a", "b"]


CASES = json.loads((Path(__file__).parent / "cases" / "mapping.json").read_text(encoding="utf-8"))
ODD = (None, True, 3, "odd", [], ["odd"], {}, {"odd": 3})


def variants(value: Any) -> Iterator[Any]:
    """Yield a document with one part of it replaced, for each part; which odd value it is changes from part to part."""
    odd = count()

    def replaced(part: Any) -> Iterator[Any]:
        yield ODD[next(odd) % len(ODD)]
        items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, item in items:
            for other in replaced(item):
                if isinstance(part, dict):
                    yield {**part, key: other}
                else:
                    yield [*part[:key], other, *part[key + 1 :]]

    return replaced(value)


@pytest.mark.parametrize("mapping", [case["mapping"] for case in CASES if "mapping" in case])
def test_any_mistake(mapping: Any) -> None:
    """Whatever the types do not allow is refused, with its place and in plain words."""
    for document in variants(mapping):
        said = refusal_of(document or {})

        assert said is not None or is_of_the_types(document or {}), document
        assert "$" not in (said or ""), document
        assert "Expected" not in (said or ""), document


def refusal_of(document: Any) -> str | None:
    """Return how a document is refused; None where it is not."""
    try:
        read_mapping(document, "a variant")
    except ConfigurationError as error:
        return str(error)
    return None


def is_of_the_types(document: Any) -> bool:
    """Tell whether a document is what the types say."""
    try:
        msgspec.convert(document, Mapping)
    except msgspec.ValidationError:
        return False
    return True
