"""One event by SegmentLogRecordExporter behind the SDK's batch processor."""

import sys

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from benchmarks.event import EVENT, SAMPLES
from otel_segment import SegmentLogRecordExporter

provider = LoggerProvider()
exporter = SegmentLogRecordExporter(write_key="k", endpoint=sys.argv[1])
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
attributes = {"analytics.type": "track", "user.id": SAMPLES[0][0], **SAMPLES[0][1]}
provider.get_logger("shop").emit(LogRecord(event_name=EVENT, attributes=attributes))
provider.force_flush()
