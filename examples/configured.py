"""``configure()`` with settings in code: a visitor, OpenTelemetry's own logs API beside our calls, hooks, counts."""

from opentelemetry._logs import LogRecord, get_logger

import otel_segment
from otel_segment import analytics


def without_card_number(message: dict) -> dict:
    """Take out of every message what must not leave."""
    message.get("properties", {}).pop("card_number", None)
    return message


otel_segment.configure(
    compression="gzip",
    before_send=without_card_number,
    on_dropped=lambda reason, messages: print("dropped:", reason, len(messages)),
    mapping={"rules": [{"match": "internal *", "ignore": True}]},
)

with otel_segment.use_visitor(user_id="u-1042", traits={"email": "ada@example.com"}, ip="203.0.113.7"):
    # Who is acting need not be said again, neither here nor deep inside of what is called from here.
    analytics.track(event="Order Paid", properties={"total": 42.5, "card_number": "4111 1111 1111 1111"})
    analytics.track(event="internal check")

# The same without a call of ours: an event is a log record with a name.
get_logger("shop").emit(
    LogRecord(
        event_name="Order Shipped",
        attributes={"analytics.type": "track", "user.id": "u-1042", "carrier": "DHL", "parcels": 2},
    )
)

settled = otel_segment.flush(timeout=10)
stats = otel_segment.stats()
print(f"all settled: {settled}; accepted {stats.accepted}, delivered {stats.delivered}, dropped {stats.dropped}")
