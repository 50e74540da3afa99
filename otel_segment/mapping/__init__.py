"""OpenTelemetry records to Segment payloads: pure functions of the record and the mapping."""

from otel_segment.mapping._document import Mapping, Rule
from otel_segment.mapping._mapper import MAX_ID_LENGTH, Mapper
from otel_segment.mapping._mend import mended
from otel_segment.mapping._record import Record, Source
from otel_segment.mapping._rules import read_mapping
from otel_segment.mapping._source import describe_source
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import MAX_DEPTH, MAX_INTEGER, TooManyValues, json_value, text

__all__ = [
    "MAX_DEPTH",
    "MAX_ID_LENGTH",
    "MAX_INTEGER",
    "Mapper",
    "Mapping",
    "Record",
    "Rule",
    "Source",
    "TooManyValues",
    "describe_source",
    "iso_time",
    "json_value",
    "mended",
    "read_mapping",
    "text",
]
