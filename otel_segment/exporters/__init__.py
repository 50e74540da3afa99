"""The doors: what the OpenTelemetry SDK calls; and what tells beforehand what comes out of them.

Each is loaded when it is first asked for: a process that has log records alone does not load the SDK of spans.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_segment.exporters._logs import SegmentLogRecordExporter
    from otel_segment.exporters._mapping_file import MappingFile, read_mapping_file
    from otel_segment.exporters._processor import SegmentLogRecordProcessor
    from otel_segment.exporters._rehearsal import Outcome, RecordedEvent, Rehearsal
    from otel_segment.exporters._spans import SegmentSpanExporter
    from otel_segment.exporters._visitor_instrumentor import SegmentVisitorInstrumentor
    from otel_segment.exporters._visitor_processor import VisitorLogRecordProcessor, put_visitor_first

__all__ = [
    "MappingFile",
    "Outcome",
    "RecordedEvent",
    "Rehearsal",
    "SegmentLogRecordExporter",
    "SegmentLogRecordProcessor",
    "SegmentSpanExporter",
    "SegmentVisitorInstrumentor",
    "VisitorLogRecordProcessor",
    "put_visitor_first",
    "read_mapping_file",
]

_HOMES = {
    "MappingFile": "_mapping_file",
    "Outcome": "_rehearsal",
    "RecordedEvent": "_rehearsal",
    "Rehearsal": "_rehearsal",
    "SegmentLogRecordExporter": "_logs",
    "SegmentLogRecordProcessor": "_processor",
    "SegmentSpanExporter": "_spans",
    "SegmentVisitorInstrumentor": "_visitor_instrumentor",
    "VisitorLogRecordProcessor": "_visitor_processor",
    "put_visitor_first": "_visitor_processor",
    "read_mapping_file": "_mapping_file",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.exporters.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
