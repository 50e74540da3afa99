"""From a call's arguments to one OpenTelemetry log record: what ``analytics`` and ``visitor`` are made of."""

from otel_segment.emit._call import ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK, Kind, record
from otel_segment.emit._outlet import Outlet, Settings
from otel_segment.emit._plain import text
from otel_segment.emit._refusals import WrongArgumentError, refuse, refused
from otel_segment.emit._scope import VisitorScope, current_visitor, use_visitor
from otel_segment.emit._visitor import Visitor

__all__ = [
    "ALIAS",
    "GROUP",
    "IDENTIFY",
    "PAGE",
    "SCREEN",
    "TRACK",
    "Kind",
    "Outlet",
    "Settings",
    "Visitor",
    "VisitorScope",
    "WrongArgumentError",
    "current_visitor",
    "record",
    "refuse",
    "refused",
    "text",
    "use_visitor",
]
