"""The OTLP exporter's encoding, in batches as the SDK's batch processor hands them over."""

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord

_BATCH = 512


def convert(records: list[ReadableLogRecord]) -> None:
    """Encode all the records."""
    for start in range(0, len(records), _BATCH):
        encode_logs(records[start : start + _BATCH]).SerializeToString()
