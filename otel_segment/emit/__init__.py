"""From a call's arguments to one OpenTelemetry log record: what ``analytics`` and ``visitor`` are made of."""

from otel_segment.emit._call import ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK
from otel_segment.emit._emission import emit
from otel_segment.emit._outlet import Outlet, Settings
from otel_segment.emit._refusals import refused
from otel_segment.emit._scope import VisitorScope, current_visitor, use_visitor
from otel_segment.emit._visitor import Visitor

__all__ = [
    "ALIAS",
    "GROUP",
    "IDENTIFY",
    "PAGE",
    "SCREEN",
    "TRACK",
    "Outlet",
    "Settings",
    "Visitor",
    "VisitorScope",
    "current_visitor",
    "emit",
    "refused",
    "use_visitor",
]
