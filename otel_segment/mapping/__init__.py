"""OpenTelemetry records to Segment payloads: pure functions of the record and the mapping."""

from otel_segment.mapping._document import Mapping, Rule
from otel_segment.mapping._doubts import find_doubts
from otel_segment.mapping._ecommerce import flaws as ecommerce_flaws
from otel_segment.mapping._forms import Function
from otel_segment.mapping._ids import MAX_ID_LENGTH, derived_ids
from otel_segment.mapping._mapper import Mapper
from otel_segment.mapping._memory import NO_MEMORY, STAMPS, Knows, Memory, subject_of
from otel_segment.mapping._mend import mended
from otel_segment.mapping._place import Place, show_place
from otel_segment.mapping._reading import LineOf, describe_mistake, read_mapping
from otel_segment.mapping._record import Record, Scope, Source
from otel_segment.mapping._server_span import PAGE, ServerSpans
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import MAX_DEPTH, MAX_INTEGER, TooManyValues, json_value, text

__all__ = [
    "MAX_DEPTH",
    "MAX_ID_LENGTH",
    "MAX_INTEGER",
    "NO_MEMORY",
    "PAGE",
    "STAMPS",
    "Function",
    "Knows",
    "LineOf",
    "Mapper",
    "Mapping",
    "Memory",
    "Place",
    "Record",
    "Rule",
    "Scope",
    "ServerSpans",
    "Source",
    "TooManyValues",
    "derived_ids",
    "describe_mistake",
    "ecommerce_flaws",
    "find_doubts",
    "iso_time",
    "json_value",
    "mended",
    "read_mapping",
    "show_place",
    "subject_of",
    "text",
]
