"""Messages to the endpoint: queue, send, retry, settle, count."""

from otel_segment.delivery._delivery import Delivery
from otel_segment.delivery._live import deliveries
from otel_segment.delivery._stats import Stats

__all__ = ["Delivery", "Stats", "deliveries"]
