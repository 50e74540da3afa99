"""A shop that tells what is bought, in its own words; its mapping makes Segment's calls of them."""

from opentelemetry._logs import LogRecord, get_logger

import otel_segment
from otel_segment import analytics

MAPPING = {
    "rules": [
        {"match": "stock.*", "ignore": True},
        {"match": "order.paid", "name": "Order Completed"},
    ],
    "privacy": {"drop": ["card"]},
}

logger = get_logger("shop")


def set_up() -> None:
    """Wire OpenTelemetry; a real one takes the write key from the environment."""
    otel_segment.configure(mapping=MAPPING)


def sign_up(user: str, plan: str) -> None:
    """Note a new customer."""
    analytics.identify(user, {"plan": plan})
    analytics.group(user, f"plan-{plan}")


def pay(user: str, total: float, card: str = "4111 1111 1111 1111") -> None:
    """Take the money for an order."""
    attributes = {"user.id": user, "total": total, "card": card}
    logger.emit(LogRecord(event_name="order.paid", attributes=attributes))
    logger.emit(LogRecord(event_name="stock.reserved", attributes={"user.id": user}))
