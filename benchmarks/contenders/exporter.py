"""A: SegmentLogRecordExporter behind the SDK's batch processor."""

from benchmarks.contender import Contender
from benchmarks.contenders import sdk
from otel_segment import SegmentLogRecordExporter


def build(endpoint: str, spool: str | None = None) -> Contender:
    """Set up the exporter, at its defaults but for the spool."""
    exporter = SegmentLogRecordExporter(write_key="k", endpoint=endpoint, spool=spool)
    return sdk.contender(sdk.batched(exporter), exporter.force_flush)
