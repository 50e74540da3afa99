"""otel_segment: an OpenTelemetry exporter plugin for product analytics.

Names are handed out when they are first asked for, so that code which only emits never loads the OpenTelemetry SDK
or an HTTP client.

PYTEST_DONT_REWRITE: pytest rewrites packages with a plugin, and warns of those that are loaded before, as they are
under ``opentelemetry-instrument pytest``. There is nothing to rewrite in here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from otel_segment._version import __version__

if TYPE_CHECKING:
    from otel_segment import analytics
    from otel_segment._configure import configure, flush, shutdown, stats
    from otel_segment.delivery import Stats
    from otel_segment.errors import ConfigurationError, OtelSegmentError
    from otel_segment.exporters import (
        SegmentLogRecordExporter,
        SegmentLogRecordProcessor,
        SegmentSpanExporter,
        VisitorLogRecordProcessor,
    )
    from otel_segment.mapping import Mapping
    from otel_segment.reasons import DropReason
    from otel_segment.visitor import use_visitor

__all__ = [
    "ConfigurationError",
    "DropReason",
    "Mapping",
    "OtelSegmentError",
    "SegmentLogRecordExporter",
    "SegmentLogRecordProcessor",
    "SegmentSpanExporter",
    "Stats",
    "VisitorLogRecordProcessor",
    "__version__",
    "analytics",
    "configure",
    "flush",
    "shutdown",
    "stats",
    "use_visitor",
]

_HOMES = {
    "ConfigurationError": "errors",
    "DropReason": "reasons",
    "Mapping": "mapping",
    "OtelSegmentError": "errors",
    "SegmentLogRecordExporter": "exporters",
    "SegmentLogRecordProcessor": "exporters",
    "SegmentSpanExporter": "exporters",
    "Stats": "delivery",
    "VisitorLogRecordProcessor": "exporters",
    "configure": "_configure",
    "flush": "_configure",
    "shutdown": "_configure",
    "stats": "_configure",
    "use_visitor": "visitor",
}


def __getattr__(name: str) -> object:
    if name == "analytics":
        return import_module("otel_segment.analytics")
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
