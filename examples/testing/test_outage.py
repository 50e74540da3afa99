"""What arrives when the endpoint is ill: with the endpoint of the testing kit."""

import shop

import otel_segment
from otel_segment.testing import SegmentServer


def test_outage(segment_server: SegmentServer) -> None:
    """A payment arrives once, although the endpoint refuses the first requests."""
    segment_server.fail(times=1, status=503).reset(times=1)
    shop.set_up()

    shop.pay("u-1042", 42.5)

    assert otel_segment.flush(timeout=30)
    segment_server.events.tracked("Order Completed", total=42.5)
    segment_server.events.one()
    assert otel_segment.stats().retries == 2
