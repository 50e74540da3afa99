"""A: SegmentLogRecordExporter behind the SDK's batch processor."""

from benchmarks.contender import Contender
from benchmarks.contenders import sdk
from otel_segment import SegmentLogRecordExporter


def build(endpoint: str) -> Contender:
    """Set up the exporter at its defaults."""
    exporter = SegmentLogRecordExporter(write_key="k", endpoint=endpoint)
    return sdk.contender(sdk.batched(exporter), exporter.force_flush)
