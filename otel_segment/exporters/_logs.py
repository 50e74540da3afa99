"""The exporter for log records."""

from collections.abc import Sequence

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from typing_extensions import Unpack

from otel_segment.exporters._door import Door
from otel_segment.exporters._export import finish_export, losses
from otel_segment.settings import SettingsArguments

__all__ = ["SegmentLogRecordExporter"]


class SegmentLogRecordExporter(Door, LogRecordExporter):
    """Sends analytics events among log records to Segment.

    Give it to a ``BatchLogRecordProcessor``, or choose it by ``OTEL_LOGS_EXPORTER=segment`` or as
    ``exporter: {segment: {…}}`` in a declarative configuration file.

    On the SDK's batch thread ``export()`` returns as soon as there is room for more requests and the SDK has more to
    do; called on any other thread it returns when everything it was given is settled or in the spool, or after 30
    seconds.

    Args:
        **settings: The settings; what is not given comes from the environment. See
            :class:`otel_segment.settings.Settings`.

    Raises:
        ConfigurationError: If a setting is missing, unknown or wrong.
    """

    def __init__(self, **settings: Unpack[SettingsArguments]) -> None:
        super().__init__(settings, "segment_log_exporter", "log")

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Convert and send log records; those that are no analytics events are left alone.

        Returns:
            FAILURE where events were lost in delivery, or could not be settled in time.
        """
        losses_before = losses(self._pipeline.delivery)
        # Not any(), which would stop at the first. Where nothing was taken there is nothing to wait for, and our own
        # log lines, when they come back here, must not wait for the sender that wrote them.
        taken = [self._pipeline.take_log_record(readable) for readable in batch]
        is_well = not any(taken) or finish_export(self._pipeline.delivery, losses_before)
        return LogRecordExportResult.SUCCESS if is_well else LogRecordExportResult.FAILURE
