"""A program that knows nothing of Segment: it says in its own words what happened, and a mapping makes calls of that.

The exporter and the mapping are chosen from outside, by variables or by a file; with the exporter ``console`` the same
events are printed as they are. See ``mapping.yaml`` and ``otel_mapping.yaml``.
"""

from opentelemetry._logs import LogRecord, get_logger
from opentelemetry.util.types import AnyValue

logger = get_logger("billing", "2.1")


def tell(event: str, **facts: AnyValue) -> None:
    """Emit an event; ``customer_no`` is the attribute ``customer.no``."""
    attributes = {name.replace("_", "."): fact for name, fact in facts.items()}
    logger.emit(LogRecord(event_name=event, attributes=attributes))


customer = {"customer_no": "c-1042", "customer_name": "Ada Lovelace", "customer_mail": "ada@example.com"}

tell("heartbeat", queue_length=0)
tell("subscription.begun", **customer, plan_code="pro-2026", plan_months=12)
tell(
    "invoice.paid",
    **customer,
    invoice_no="i-77",
    invoice_cents="11880",
    lines=[{"code": "pro-2026", "text": "Plan, 12 months"}, {"code": "seat", "text": "Seat"}],
    remark="from card 4111 1111 1111 1111",
)
# The login is a slip: it is nobody's business.
tell("invoice.reminded", **customer, invoice_no="i-78", portal={"user": "ada", "password": "hunter2"})
