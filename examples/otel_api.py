"""An application that knows nothing of Segment: it emits through the OpenTelemetry API, and configuration decides.

See README.md beside this file for the ways to run it.
"""

from opentelemetry._logs import LogRecord, SeverityNumber, get_logger

logger = get_logger("shop")

logger.emit(
    LogRecord(
        event_name="Product Viewed",
        attributes={
            "analytics.type": "track",
            "analytics.anonymous_id": "visitor-77",
            "product_id": "p-9",
            "categories": ["books", "science"],
        },
    )
)
logger.emit(
    LogRecord(
        event_name="Signed Up",
        attributes={"analytics.type": "identify", "user.id": "u-1042", "user.email": "ada@example.com", "plan": "pro"},
    )
)

# An ordinary log record: other exporters get it, Segment never does.
logger.emit(LogRecord(body="stock is low", severity_number=SeverityNumber.WARN, attributes={"product_id": "p-9"}))
