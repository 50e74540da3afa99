"""The doors: what the OpenTelemetry SDK calls.

Each is loaded when it is first asked for: a process that has log records alone does not load the SDK of spans.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_segment.exporters._logs import SegmentLogRecordExporter
    from otel_segment.exporters._processor import SegmentLogRecordProcessor
    from otel_segment.exporters._spans import SegmentSpanExporter

__all__ = ["SegmentLogRecordExporter", "SegmentLogRecordProcessor", "SegmentSpanExporter"]

_HOMES = {
    "SegmentLogRecordExporter": "_logs",
    "SegmentLogRecordProcessor": "_processor",
    "SegmentSpanExporter": "_spans",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.exporters.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
