"""The doors: what the OpenTelemetry SDK calls; and what tells beforehand what comes out of them.

Each is loaded when it is first asked for: a process that has log records alone does not load the SDK of spans.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_segment.exporters._logs import SegmentLogRecordExporter
    from otel_segment.exporters._mapping_file import MappingFile, load_mapping, read_mapping_file
    from otel_segment.exporters._processor import SegmentLogRecordProcessor
    from otel_segment.exporters._rehearsal import Outcome, RecordedEvent, Rehearsal
    from otel_segment.exporters._salt import check_salt
    from otel_segment.exporters._spans import SegmentSpanExporter
    from otel_segment.exporters._visitor_instrumentor import SegmentVisitorInstrumentor
    from otel_segment.exporters._visitor_processor import VisitorLogRecordProcessor, put_visitor_first
    from otel_segment.exporters._watch import Watch, forget_door, watch_doors

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
    "Watch",
    "check_salt",
    "forget_door",
    "load_mapping",
    "put_visitor_first",
    "read_mapping_file",
    "watch_doors",
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
    "check_salt": "_salt",
    "load_mapping": "_mapping_file",
    "put_visitor_first": "_visitor_processor",
    "read_mapping_file": "_mapping_file",
    "Watch": "_watch",
    "forget_door": "_watch",
    "watch_doors": "_watch",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.exporters.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
