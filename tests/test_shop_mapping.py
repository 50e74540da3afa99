"""The shop's mapping, tried on the shop's recorded events: as its users would keep theirs under test."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from otel_segment.cli import main
from otel_segment.demo import MAPPING

RECORDED = Path(__file__).parent.parent / "examples" / "shop"
EVENTS, EXPECTED = RECORDED / "events.jsonl", RECORDED / "expected.jsonl"
TRIAL = ["mapping", "test", str(MAPPING), str(EVENTS), "--salt", "example-salt"]


def lines(text: str) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


def _taken(shown: dict[str, Any]) -> tuple[Any, ...]:
    """Return an event and the rule that took it; comments may move the rule's line."""
    rule = shown["rule"] or {}
    return shown["event"], rule.get("place"), rule.get("match")


def test_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    """It is valid, and nothing about it is doubtful."""
    code = main(["mapping", "check", "--strict", str(MAPPING)])

    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert "15 rules for 16 names" in told.out


def test_makes_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """Each recorded event makes the calls that are written down for it, or is dropped for the reason that is."""
    code = main([*TRIAL, "--expect", str(EXPECTED)])

    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    assert re.fullmatch(r"39 events: \d+ payloads, 2 dropped, 0 not selected; all as expected\n", told.out)


def test_rules_and_payloads_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each event it is shown which rule took it, and all that comes of it; there is an event for each rule."""
    assert main([*TRIAL, "--json"]) == 0
    shown, expected = lines(capsys.readouterr().out), lines(EXPECTED.read_text(encoding="utf-8"))
    assert main(TRIAL) == 0
    told = capsys.readouterr().out

    assert [_taken(each) for each in shown] == [_taken(each) for each in expected]
    document = MAPPING.read_text(encoding="utf-8").splitlines()
    assert all(document[each["rule"]["line"] - 1].startswith("  - match: ") for each in shown if each["rule"])
    rules = {each["rule"]["place"] for each in shown if each["rule"]}
    assert rules == {f"rules[{position}]" for position in range(15)}
    assert [each["event"] for each in shown if each["rule"] is None] == ["Payment Info Entered"]
    heads = re.findall(r'^line \d+: "[^"]+": (?:rules\[\d+\], line \d+, match: .+|no rule)$', told, re.MULTILINE)
    assert len(heads) == 39
    assert told.count('"messageId": ') == sum(len(each["payloads"]) for each in shown)


def test_expected_is_a_destination_of_all_kinds() -> None:
    """The recorded visit makes calls of all six types, and names of Segment's specification alone."""
    payloads = [payload for each in lines(EXPECTED.read_text(encoding="utf-8")) for payload in each["payloads"]]

    assert {payload["type"] for payload in payloads} == {"track", "page", "screen", "identify", "group", "alias"}
    assert {payload["event"] for payload in payloads if payload["type"] == "track"} == {
        *("Product List Viewed", "Products Searched", "Product Viewed", "Product Added", "Product Removed"),
        *("Cart Viewed", "Checkout Started", "Checkout Step Completed", "Payment Info Entered", "Order Completed"),
        *("Signed Up", "Signed In", "Signed Out", "Account Created", "Segment Consent Preference Updated"),
    }


def test_secrets_are_recorded_and_do_not_leave() -> None:
    """What is private is in the recording, else its absence would say nothing, and in nothing that comes of it."""
    recorded, made = EVENTS.read_text(encoding="utf-8"), EXPECTED.read_text(encoding="utf-8")
    token = re.search(r'"confirmation\.token": "([^"]+)"', recorded)
    assert token

    for secret in (token[1], "4111 1111 1111 1111", "subscriber=", "visitor0@example.com", "KL-0007-4411", "internal."):
        assert secret in recorded
        assert secret not in made
    for place in ("127.0.0.0", "***@example.com", "card: [redacted]"):
        assert place in made
