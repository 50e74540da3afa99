"""The shop's events, with pytest."""

import pytest
import shop

from otel_segment import DropReason
from otel_segment.testing import ABSENT, ANY, SegmentEvents


@pytest.fixture(autouse=True)
def application() -> None:
    """The shop, set up as it always is."""
    shop.set_up()


def test_payment(segment_events: SegmentEvents) -> None:
    """A payment is an Order Completed, without the number of the card."""
    shop.pay("u-1042", 42.5)

    event = segment_events.tracked("Order Completed", user_id="u-1042", total=42.5, card=ABSENT)
    assert "4111" not in str(event)
    segment_events.of("track").one()
    assert segment_events.dropped == {DropReason.IGNORED_BY_RULE: 1}


def test_sign_up(segment_events: SegmentEvents) -> None:
    """A new customer is identified, and belongs to a plan."""
    shop.sign_up("u-1042", "pro")

    segment_events.identified("u-1042", plan="pro", email=ABSENT)
    segment_events.grouped("plan-pro", user_id="u-1042", context={"library": ANY})
    assert len(segment_events) == 2


def test_nothing_is_told_of_looking_around(segment_events: SegmentEvents) -> None:
    """Each test begins with no events."""
    segment_events.none()


@pytest.mark.segment(mapping={"rules": [{"match": "order.paid", "name": "Paid"}]})
def test_another_mapping(segment_events: SegmentEvents) -> None:
    """A mapping can be tried before the application has it."""
    shop.pay("u-1042", 5)

    segment_events.tracked("Paid", total=5)
