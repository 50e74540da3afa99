"""B: SegmentLogRecordProcessor, with no queue of the SDK in between."""

from benchmarks.contender import Contender
from benchmarks.contenders import sdk
from otel_segment import SegmentLogRecordProcessor


def build(endpoint: str, spool: str | None = None, *, durable: bool = False) -> Contender:
    """Set up the processor, at its defaults but for the spool."""
    return sdk.contender(SegmentLogRecordProcessor(write_key="k", endpoint=endpoint, spool=spool, durable=durable))
