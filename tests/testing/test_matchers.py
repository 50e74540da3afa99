"""What the matchers take, and what they say where they find nothing."""

import re
from typing import Any

import pytest

from otel_segment import analytics
from otel_segment.testing import ABSENT, ANY, SegmentEvents


def said(error: "pytest.ExceptionInfo[AssertionError]") -> str:
    """Return the message of a failure."""
    return str(error.value)


def test_nearest(segment_events: SegmentEvents) -> None:
    """The message shows the nearest event, field by field, all that was sent, and what was dropped."""
    analytics.track("u-1", "Order Completed", {"revenue": 42.5, "currency": "EUR", "cart": {"items": 2}})
    analytics.track("u-1", "Order Refunded", {"revenue": 42.5})
    analytics.identify("u-1", {"plan": "pro"})
    analytics.track("u-1", "Too Large", {"text": "x" * 40_000})
    analytics.track(None, "Nobody")

    with pytest.raises(AssertionError) as error:
        segment_events.tracked(
            "Order Completed", {"order id": ANY, "cart": {"items": 3}}, user_id="u-2", revenue=50, coupon=ABSENT
        )

    first, _, *lines = re.sub(r"\d\d,\d{3} of", "N of", said(error)).splitlines()
    assert first == (
        "no event was sent that is track 'Order Completed' with userId='u-2', properties['order id']=<ANY>, "
        "properties.cart.items=3, properties.revenue=50, properties.coupon=ABSENT"
    )
    assert lines == [
        "the nearest is track 'Order Completed' userId='u-1'",
        "  userId: expected 'u-2', found 'u-1'",
        "  properties['order id']: expected <ANY>, but it is not there",
        "  properties.cart.items: expected 3, found 2",
        "  properties.revenue: expected 50, found 42.5",
        "",
        "events sent: 3",
        "  1. track 'Order Completed' userId='u-1'",
        "  2. track 'Order Refunded' userId='u-1'",
        "  3. identify userId='u-1'",
        "events dropped: 1",
        "  1. track 'Too Large' userId='u-1': event_too_large (N of at most 32,768 bytes)",
        "calls refused: 1, missing_identity; the log says more",
    ]


def test_nothing_near(segment_events: SegmentEvents) -> None:
    """Where there is no call of the type, there is no nearest one."""
    analytics.identify("u-1")

    with pytest.raises(AssertionError) as error:
        segment_events.tracked("Order Completed")

    assert said(error) == (
        "no event was sent that is track 'Order Completed'\n\nevents sent: 1\n  1. identify userId='u-1'"
    )


def test_same_name_is_nearer(segment_events: SegmentEvents) -> None:
    """An event of the same name is nearer than one with fewer differences."""
    analytics.track("u-1", "Other", {"a": 1, "b": 2})
    analytics.track("u-1", "Wanted", {"a": 2, "b": 1})

    with pytest.raises(AssertionError, match="the nearest is track 'Wanted'"):
        segment_events.tracked("Wanted", a=1, b=2)


def test_long_values(segment_events: SegmentEvents) -> None:
    """Long values are shown line by line, with what is different marked."""
    products = [{"product_id": f"p-{number}", "name": "A mug of many colours"} for number in range(3)]
    analytics.track("u-1", "Viewed", {"products": products})
    expected = [*products[:2], {"product_id": "p-9", "name": "A mug of many colours"}]

    with pytest.raises(AssertionError) as error:
        segment_events.tracked("Viewed", products=expected)

    assert "  properties.products: - expected, + found" in said(error)
    assert "    -  {'name': 'A mug of many colours', 'product_id': 'p-9'}]" in said(error)
    assert "    +  {'name': 'A mug of many colours', 'product_id': 'p-2'}]" in said(error)


@pytest.mark.parametrize(
    ("given", "expected", "is_found"),
    [
        ({"n": 1}, {"n": 1}, True),
        ({"n": 1}, {"n": 1.0}, True),
        ({"n": 1}, {"n": True}, False),
        ({"n": True}, {"n": 1}, False),
        ({"n": True}, {"n": True}, True),
        ({"n": True}, {"n": ANY}, True),
        ({"n": 0.1 + 0.2}, {"n": pytest.approx(0.3)}, True),
        ({"n": None}, {"n": None}, True),
        ({}, {"n": None}, False),
        ({}, {"n": ABSENT}, True),
        ({"n": None}, {"n": ABSENT}, False),
        ({"m": {"a": 1, "b": 2}}, {"m": {"a": 1}}, True),
        ({"m": {"a": 1}}, {"m": {"b": ABSENT}}, True),
        ({"m": 1}, {"m": {"a": 1}}, False),
        ({"l": [1, 2]}, {"l": [1, 2]}, True),
        ({"l": [1, 2]}, {"l": [1]}, False),
        ({"l": [True]}, {"l": [1]}, False),
        ({"l": [{"a": True}]}, {"l": [{"a": 1}]}, False),
        ({"l": [{"a": 1, "b": 2}]}, {"l": [{"a": 1}]}, False),
        ({"l": [{"a": 1}]}, {"l": [ANY]}, True),
        ({"l": [{"a": 1}]}, {"l": [{"a": ANY}]}, True),
        ({"m": {"a": 1}}, {"m": {}}, False),
        ({"m": {}}, {"m": {}}, True),
        ({}, {"m": {}}, False),
        ({}, {"m": {"a": ABSENT}}, True),
        ({}, {"m": {"a": ANY}}, False),
        ({"with space": 1, "a.b": 2}, {"with space": 1, "a.b": 2}, True),
    ],
)
def test_values(given: dict[str, Any], expected: dict[str, Any], is_found: bool, segment_events: SegmentEvents) -> None:
    """Values are equal as in JSON, anything that compares itself is asked, and maps may have more."""
    analytics.track("u-1", "Told", given)

    if is_found:
        segment_events.tracked("Told", expected)
    else:
        with pytest.raises(AssertionError):
            segment_events.tracked("Told", expected)


def test_context(segment_events: SegmentEvents) -> None:
    """Of the context, and of who it was, only what is named has to be there."""
    analytics.page(anonymous_id="a-1", name="Cart", context={"campaign": {"source": "mail"}})

    segment_events.paged("Cart", anonymous_id="a-1", context={"campaign": {"source": "mail"}, "library": ANY})
    segment_events.paged(anonymous_id=ANY)
    with pytest.raises(AssertionError, match=r"context\.campaign\.source: expected 'web', found 'mail'"):
        segment_events.paged("Cart", context={"campaign": {"source": "web"}})


def test_one_and_none(segment_events: SegmentEvents) -> None:
    """one() and none() say what there is instead."""
    segment_events.none()
    with pytest.raises(AssertionError, match="exactly one event was expected\n\nevents sent: none"):
        segment_events.one()
    for number in range(25):
        analytics.track("u-1", f"Event {number}")

    with pytest.raises(AssertionError) as error:
        segment_events.none()
    assert said(error).startswith("no event was expected\n\nevents sent: 25\n  1. track 'Event 0'")
    assert said(error).endswith("  20. track 'Event 19' userId='u-1'\n  and 5 more")
    with pytest.raises(AssertionError, match="exactly one event"):
        segment_events.one()


@pytest.mark.parametrize("call", ["identified", "grouped", "aliased", "paged", "screened"])
def test_other_calls_fail(call: str, segment_events: SegmentEvents) -> None:
    """Each matcher fails where there is no call of its type."""
    analytics.track("u-1", "Told")

    with pytest.raises(AssertionError, match="no event was sent that is"):
        getattr(segment_events, call)("x")
