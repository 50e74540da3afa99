"""One event by ``configure()`` and a record built by hand."""

import sys

from opentelemetry._logs import LogRecord, get_logger

from benchmarks.event import EVENT, SAMPLES
from otel_segment import configure, flush

configure(write_key="k", endpoint=sys.argv[1])
attributes = {"analytics.type": "track", "user.id": SAMPLES[0][0], **SAMPLES[0][1]}
get_logger("shop").emit(LogRecord(event_name=EVENT, attributes=attributes))
flush(10)
