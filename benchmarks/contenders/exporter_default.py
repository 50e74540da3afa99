"""A with the SDK's own queue: 2,048 records, the oldest dropped."""

from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from benchmarks.contender import Contender
from benchmarks.contenders import sdk
from otel_segment import SegmentLogRecordExporter


def build(endpoint: str) -> Contender:
    """Set up the exporter and the batch processor, both at their defaults."""
    exporter = SegmentLogRecordExporter(write_key="k", endpoint=endpoint)
    return sdk.contender(BatchLogRecordProcessor(exporter), exporter.force_flush)
