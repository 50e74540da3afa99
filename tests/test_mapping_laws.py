"""What holds for any mapping and any record."""

import json
import os
from typing import Any

import msgspec
import yaml
from converting import Converter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mappings import EVENTS, attributes, documents, rules

import otel_segment
from otel_segment.inspector import problems_of

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "600")) // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

RECORDS = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from([*EVENTS, "", None]),
        "attributes": attributes(),
        "timestamp": st.just(1_767_323_045_678_901_234),
        "observed_timestamp": st.just(1_767_323_045_678_901_234),
    },
    optional={"body": st.just({"note": "n"}) | st.just("text")},
)


def outcome(mapping: Any, records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what records make under a mapping, in a process that knows nobody yet."""
    converter = Converter(mapping, privacy_salt="pepper")
    messages = converter.emit(*records)
    converter.processor.shutdown()
    return messages, converter.reasons


@ENOUGH
@given(document=documents())
def test_a_mapping_goes_through_yaml(document: dict[str, Any]) -> None:
    """Written as YAML or JSON and read again, a mapping is the same."""
    mapping = msgspec.convert(document, otel_segment.Mapping)
    plain = msgspec.to_builtins(mapping)

    assert msgspec.convert(yaml.safe_load(yaml.safe_dump(plain)), otel_segment.Mapping) == mapping
    assert msgspec.convert(json.loads(json.dumps(plain)), otel_segment.Mapping) == mapping


@ENOUGH
@given(document=documents(), records=st.lists(RECORDS, max_size=3))
def test_conversion_is_deterministic(document: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """The same records under the same mapping make the same messages, to the last id, and leave all as it was."""
    before = json.dumps([document, records])

    first = outcome(document, records)

    assert first == outcome(document, records)
    assert json.dumps([document, records]) == before


@ENOUGH
@given(document=documents(), records=st.lists(RECORDS, max_size=3))
def test_whatever_leaves_is_valid(document: dict[str, Any], records: list[dict[str, Any]]) -> None:
    """Whatever a mapping makes, Segment would keep it: nothing fails, and no two messages have one id."""
    messages, reasons = outcome(document, records)

    assert [problems_of(json.dumps(message).encode()) for message in messages] == [()] * len(messages)
    assert "conversion_error" not in reasons
    distinct = {json.dumps(record) for record in records}
    if len(distinct) == len(records):
        assert len({message["messageId"] for message in messages}) == len(messages)


@ENOUGH
@given(
    mine=st.lists(rules(("order paid",)), min_size=1, max_size=2),
    others=st.lists(rules(("page",)), min_size=1, max_size=2),
    places=st.randoms(use_true_random=False),
    record=RECORDS,
)
def test_unrelated_rules_may_stand_in_any_order(
    mine: list[dict[str, Any]], others: list[dict[str, Any]], places: Any, record: dict[str, Any]
) -> None:
    """Rules for other events change nothing, wherever they stand; only the order among one's own counts."""
    apart = {"rules": [*mine, *others]}
    # Both keep their own order.
    mixed, left, right = [], list(mine), list(others)
    while left or right:
        mixed.append((left if left and (not right or places.random() < 0.5) else right).pop(0))

    assert outcome(apart, [record]) == outcome({"rules": mixed}, [record])
