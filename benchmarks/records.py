"""Log records as an exporter gets them, made by the SDK itself."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor

from benchmarks.contenders import sdk

__all__ = ["make_records"]


class _Keeper(LogRecordExporter):
    def __init__(self) -> None:
        self.kept: list[ReadableLogRecord] = []

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.kept += batch
        return LogRecordExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 10_000) -> bool:  # noqa: ARG002
        return True

    def shutdown(self) -> None:
        pass


def make_records(count: int, samples: Sequence[tuple[str, dict[str, Any]]]) -> list[ReadableLogRecord]:
    """Emit the samples in turn, ``count`` times in all, and return what reached the exporter."""
    keeper = _Keeper()
    contender = sdk.contender(SimpleLogRecordProcessor(keeper))
    for number in range(count):
        contender.emit(*samples[number % len(samples)])
    # The SDK holds the provider, and with it the keeper, until the process ends.
    kept, keeper.kept = keeper.kept, []
    return kept
