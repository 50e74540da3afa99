"""The shop's events, with unittest; ``python -m unittest`` runs it as well as pytest does."""

import shop

from otel_segment.testing import SegmentTestCase


class TestPayment(SegmentTestCase):
    """A payment."""

    def setUp(self) -> None:
        """Set the shop up as it always is."""
        shop.set_up()

    def test_payment(self) -> None:
        """A payment is an Order Completed."""
        shop.pay("u-1042", 42.5)

        self.segment_events.tracked("Order Completed", total=42.5)
