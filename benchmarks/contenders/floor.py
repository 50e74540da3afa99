"""The SDK alone: its provider and batch processor, with an exporter that does nothing."""

from collections.abc import Sequence

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from benchmarks.contender import Contender
from benchmarks.contenders import sdk


class Nothing(LogRecordExporter):
    """Takes every batch and does nothing with it."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:  # noqa: ARG002
        """Say that all went well."""
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 10_000) -> bool:  # noqa: ARG002
        """Have nothing to flush."""
        return True

    def shutdown(self) -> None:
        """Have nothing to close."""


def build(endpoint: str) -> Contender:  # noqa: ARG001
    """Set up the SDK with nothing behind it."""
    return sdk.contender(sdk.batched(Nothing()))
