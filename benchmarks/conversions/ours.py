"""The conversion of otel_segment: one record to the bytes of its payload, as the exporters do it."""

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord

from otel_segment.exporters._from_sdk import SdkReader
from otel_segment.mapping import Mapper
from otel_segment.wire import encode_message


def _conversion() -> Callable[[ReadableLogRecord], bytes]:
    mapper = Mapper()
    reader = SdkReader(mapper)

    def to_bytes(readable: ReadableLogRecord) -> bytes:
        record = reader.log_record(readable)
        assert record is not None
        payloads: Any = mapper.map(record)
        return encode_message(payloads[0], record.seed)

    return to_bytes


_to_bytes = _conversion()


def convert(records: list[ReadableLogRecord]) -> None:
    """Convert all the records, one by one."""
    for record in records:
        _to_bytes(record)
