"""The doors: what the OpenTelemetry SDK calls."""

from otel_segment.exporters._logs import SegmentLogRecordExporter
from otel_segment.exporters._processor import SegmentLogRecordProcessor
from otel_segment.exporters._spans import SegmentSpanExporter

__all__ = ["SegmentLogRecordExporter", "SegmentLogRecordProcessor", "SegmentSpanExporter"]
