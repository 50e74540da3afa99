"""What the applications of the tests have in common: a door to choose, and numbered events."""

import os

from opentelemetry._logs import LogRecord, get_logger, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from watching import check, watch

import otel_segment

__all__ = ["emit", "set_up"]


def set_up() -> None:
    """Set OpenTelemetry up with the door that the environment names; the settings are in the environment too."""
    watch()
    if os.environ["DOOR"] == "processor":
        otel_segment.configure()
    else:
        provider = LoggerProvider()
        provider.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
        set_logger_provider(provider)


def emit(process: str, count: int, first: int = 0) -> None:
    """Emit events that say which process they are from, numbered."""
    logger = get_logger("tests")
    for number in range(first, first + count):
        attributes = {"analytics.type": "track", "user.id": "u-1", "from": process, "number": number}
        logger.emit(LogRecord(event_name="Counted", attributes=attributes))
        check()
