"""From a call's arguments to one OpenTelemetry log record: what ``analytics`` and ``visitor`` are made of."""

from otel_segment.emit._additions import additions
from otel_segment.emit._call import ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK, Kind
from otel_segment.emit._emission import emit
from otel_segment.emit._ids import id_text
from otel_segment.emit._outlet import Outlet, Settings
from otel_segment.emit._plain import plain_map
from otel_segment.emit._presence import Presence
from otel_segment.emit._refusals import refused
from otel_segment.emit._releases import on_release, release
from otel_segment.emit._scope import VisitorScope, current_visitor, use_visitor
from otel_segment.emit._stay import current_stay, request_stay
from otel_segment.emit._uid import new_uid
from otel_segment.emit._visitor import Visitor, attributes_of

__all__ = [
    "ALIAS",
    "GROUP",
    "IDENTIFY",
    "PAGE",
    "SCREEN",
    "TRACK",
    "Kind",
    "Outlet",
    "Presence",
    "Settings",
    "Visitor",
    "VisitorScope",
    "additions",
    "attributes_of",
    "current_stay",
    "current_visitor",
    "emit",
    "id_text",
    "new_uid",
    "on_release",
    "plain_map",
    "refused",
    "release",
    "request_stay",
    "use_visitor",
]
