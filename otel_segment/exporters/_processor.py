"""The door without the SDK's queue."""

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from typing_extensions import Unpack

from otel_segment.exporters._door import Door
from otel_segment.exporters._pipeline import Pipeline
from otel_segment.settings import SettingsArguments

__all__ = ["SegmentLogRecordProcessor"]


class SegmentLogRecordProcessor(Door, LogRecordProcessor):
    """Converts analytics events inside ``emit()`` and sends them to Segment.

    There is no queue of records before it: what is mutable is read, and what is private is removed, there and then.
    Its flush keeps its timeout, and its memory is bounded in bytes.

    Args:
        **settings: The settings; what is not given comes from the environment. See
            :class:`otel_segment.settings.Settings`.

    Raises:
        ConfigurationError: If a setting is missing, unknown or wrong.
    """

    def __init__(self, **settings: Unpack[SettingsArguments]) -> None:
        super().__init__(settings, "segment_log_processor", "log")

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Take one log record; one that is no analytics event is left alone."""
        self._take(log_record)

    def _use(self, pipeline: Pipeline) -> None:
        super()._use(pipeline)
        self._take = pipeline.take_log_record
