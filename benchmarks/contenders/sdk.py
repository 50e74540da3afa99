"""What the contenders that emit through the OpenTelemetry SDK share."""

from collections.abc import Callable
from typing import Any

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter

from benchmarks.contender import ENOUGH, Contender
from benchmarks.event import EVENT

__all__ = ["PATIENCE_MS", "batched", "contender"]

PATIENCE_MS = 120_000
"""Milliseconds that a flush may take."""


def batched(exporter: LogRecordExporter) -> LogRecordProcessor:
    """Put an exporter behind the SDK's batch processor, with room for every burst."""
    return BatchLogRecordProcessor(exporter, max_queue_size=ENOUGH, max_export_batch_size=512)


def contender(processor: LogRecordProcessor, also_settle: Callable[[int], object] | None = None) -> Contender:
    """Make a contender that emits log records by hand into a processor.

    Args:
        processor: The only processor of a new provider.
        also_settle: A flush, by milliseconds, that the provider's own does not reach.
    """
    provider = LoggerProvider()
    provider.add_log_record_processor(processor)
    emit_record = provider.get_logger("shop").emit

    def emit(user: str, properties: dict[str, Any]) -> None:
        attributes = {"analytics.type": "track", "user.id": user, **properties}
        emit_record(LogRecord(event_name=EVENT, attributes=attributes))

    def settle() -> None:
        provider.force_flush(PATIENCE_MS)
        if also_settle is not None:
            also_settle(PATIENCE_MS)

    return Contender(emit, settle)
