"""The mapping setting: rules, consent and samples, and what is said of a wrong document."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource

from otel_segment import ConfigurationError, DropReason, SegmentLogRecordProcessor

Convert = Callable[..., tuple[list[dict[str, Any]], list[str]]]


@pytest.fixture
def convert() -> Convert:
    """Return a function that emits records under a mapping and returns the messages and the reasons of drops."""

    def run(mapping: Any, *records: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
        sent: list[dict[str, Any]] = []
        reasons: list[str] = []

        def look(message: dict[str, Any]) -> dict[str, Any]:
            sent.append(message)
            return message

        def note(reason: DropReason, messages: list[dict[str, Any]]) -> None:
            reasons.extend(reason.value for _ in messages)

        processor = SegmentLogRecordProcessor(
            write_key="test-key", disabled=True, mapping=mapping, before_send=look, on_dropped=note
        )
        provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        for record in records:
            provider.get_logger("mapping").emit(LogRecord(**record))
        return sent, reasons

    return run


def event(name: str, **attributes: Any) -> dict[str, Any]:
    """Return an event of a person that no attribute marks as one of analytics."""
    return {"event_name": name, "attributes": {"user.id": "u-1", **attributes}}


class TestRules:
    """Rules select events by name."""

    def test_a_rule_claims_an_event(self, convert: Convert) -> None:
        """An event that only a rule names is a track call."""
        sent, reasons = convert({"rules": [{"match": "Order Completed"}]}, event("Order Completed", n=1))

        assert [(m["type"], m["event"], m["properties"]) for m in sent] == [("track", "Order Completed", {"n": 1})]
        assert reasons == []

    def test_a_rule_gives_the_type(self, convert: Convert) -> None:
        """The rule's type counts where the record has none, and only there."""
        rules = {"rules": [{"match": ["view", "look"], "type": "page"}]}

        sent, _ = convert(rules, event("view"), event("look", **{"analytics.type": "screen"}))

        assert [message["type"] for message in sent] == ["page", "screen"]

    @pytest.mark.parametrize(
        ("pattern", "matching", "other"),
        [
            ("debug *", "debug noise", "Debug noise"),
            ("step ?", "step 1", "step 12"),
            ("[ab]", "a", "c"),
            ("a.b", "a.b", "axb"),
        ],
    )
    def test_patterns(self, convert: Convert, pattern: str, matching: str, other: str) -> None:
        """Patterns are those of file names, and case counts."""
        sent, reasons = convert({"rules": [{"match": pattern, "ignore": True}]}, event(matching), event(other))

        assert sent == []
        assert reasons == ["ignored_by_rule"]

    def test_the_first_match_wins(self, convert: Convert) -> None:
        """Of several rules that match the first counts, be it a name or a pattern."""
        rules = {"rules": [{"match": "a"}, {"match": "*", "ignore": True}, {"match": "b"}]}

        sent, reasons = convert(rules, event("a"), event("b"), event("c"))

        assert [message["event"] for message in sent] == ["a"]
        assert reasons == ["ignored_by_rule", "ignored_by_rule"]

    def test_records_without_a_name_match_nothing(self, convert: Convert) -> None:
        """An ordinary log line is claimed by no rule, not even by one for all names."""
        line = {"body": "GET / 200", "attributes": {"user.id": "u-1"}}

        assert convert({"rules": [{"match": "*"}]}, line) == ([], [])

    def test_the_older_name_counts(self, convert: Convert) -> None:
        """A rule finds an event by its name wherever the record has it."""
        sent, _ = convert({"rules": [{"match": "Signed Up"}]}, event("", **{"event.name": "Signed Up"}))

        assert [message["event"] for message in sent] == ["Signed Up"]

    def test_a_sample_keeps_people(self, convert: Convert) -> None:
        """A sample keeps about its share of people, and each of them always or never."""
        people = [{"event_name": "E", "attributes": {"user.id": f"u-{n}"}} for n in range(400)]
        rules = {"rules": [{"match": "E", "sample": 0.25}]}

        first, reasons = convert(rules, *people)
        again, _ = convert(rules, *people)

        kept = [message["userId"] for message in first]
        assert kept == [message["userId"] for message in again]
        assert 60 < len(kept) < 140
        assert len(reasons) == 400 - len(kept)


class TestConsent:
    """Consent that the mapping requires."""

    def test_all_of_it_is_needed(self, convert: Convert) -> None:
        """One consent of two is not enough, and only true is consent."""
        mapping = {"require_consent": ["a", "b"]}
        given = [{"a": True, "b": True}, {"a": True}, {"a": True, "b": 1}]
        marked = {"analytics.type": "track"}

        sent, reasons = convert(mapping, *(event("E", **marked, **{"analytics.consent": consent}) for consent in given))

        assert len(sent) == 1
        assert reasons == ["no_consent", "no_consent"]

    @pytest.mark.parametrize(("strict", "sent"), [(False, 1), (True, 0)])
    def test_its_withdrawal_leaves(self, convert: Convert, strict: bool, sent: int) -> None:
        """The event that reports a change of consent passes, unless the mapping is strict."""
        mapping = {"require_consent": ["a"], "strict_consent": strict}
        change = event("Segment Consent Preference Updated", **{"analytics.type": "track"})

        assert sent == len(convert(mapping, change)[0])


DOCUMENT = {"rules": [{"match": "noise", "ignore": True}]}
TEXTS = {
    "yaml": "rules:\n  - match: noise\n    ignore: true\n",
    "yml": "rules: [{match: noise, ignore: true}]",
    "json": json.dumps(DOCUMENT),
    "toml": '[[rules]]\nmatch = "noise"\nignore = true\n',
}


class TestFiles:
    """The mapping from a file."""

    @pytest.mark.parametrize("kind", TEXTS)
    def test_each_format(self, convert: Convert, tmp_path: Path, kind: str) -> None:
        """YAML, JSON and TOML say the same."""
        path = tmp_path / f"mapping.{kind}"
        path.write_text(TEXTS[kind], encoding="utf-8")
        if kind == "toml" and sys.version_info < (3, 11):
            with pytest.raises(ConfigurationError, match=r"3\.11"):
                convert(path)
            return

        assert convert(str(path), event("noise")) == ([], ["ignored_by_rule"])

    def test_an_empty_file_is_an_empty_mapping(self, convert: Convert, tmp_path: Path) -> None:
        """Nothing in the file means nothing out of the ordinary."""
        path = tmp_path / "mapping.yaml"
        path.write_text("# nothing yet\n", encoding="utf-8")

        assert convert(path, event("E")) == ([], [])

    @pytest.mark.parametrize(
        ("name", "content", "parts"),
        [
            ("mapping.yaml", "rules: [", ["not valid YAML", "mapping.yaml"]),
            ("mapping.json", "{", ["not valid", "mapping.json"]),
            ("mapping.txt", "", [".yaml, .json or .toml"]),
            ("mapping.yaml", "rules:\n - mach: a\n", ["mach", "line 2, rules[0].mach", "match"]),
            ("mapping.yaml", "rules:\n - match: 7\n", ["rules[0].match", "a text"]),
            ("mapping.yaml", "rules:\n - {match: a, type: purchase}\n", ["purchase", "rules[0].type"]),
            ("mapping.yaml", "rules:\n - {match: a, sample: 2}\n", ["rules[0].sample", "0 to 1"]),
            ("mapping.yaml", "rules:\n - {ignore: true}\n", ["match", "rules[0]"]),
            ("mapping.yaml", "- a\n", ["a list", "a map"]),
            ("mapping.yaml", "identities: {}\n", ["identity", "require_consent"]),
        ],
    )
    def test_a_wrong_file(self, convert: Convert, tmp_path: Path, name: str, content: str, parts: list[str]) -> None:
        """A mistake fails at start-up and names the place in the file and what is allowed there."""
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")

        with pytest.raises(ConfigurationError) as caught:
            convert(path)

        assert all(part in str(caught.value) for part in ["mapping", *parts])

    def test_a_missing_file(self, convert: Convert, tmp_path: Path) -> None:
        """A file that is not there is named."""
        with pytest.raises(ConfigurationError, match=r"absent\.yaml cannot be read"):
            convert(tmp_path / "absent.yaml")

    def test_a_file_that_is_no_text(self, convert: Convert, tmp_path: Path) -> None:
        """Bytes that are no UTF-8 are said to be that."""
        path = tmp_path / "mapping.yaml"
        path.write_bytes(b"\xff\xfe")

        with pytest.raises(ConfigurationError, match="UTF-8"):
            convert(path)
