"""One event by the OTLP/HTTP log exporter behind the SDK's batch processor."""

import sys

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

from benchmarks.event import EVENT, SAMPLES

provider = LoggerProvider()
exporter = OTLPLogExporter(endpoint=f"{sys.argv[1]}/v1/logs")
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
attributes = {"analytics.type": "track", "user.id": SAMPLES[0][0], **SAMPLES[0][1]}
provider.get_logger("shop").emit(LogRecord(event_name=EVENT, attributes=attributes))
provider.force_flush()
