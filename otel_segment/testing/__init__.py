"""The testing kit: what an application's events become, as tests can ask it; and an endpoint that fails on demand.

Under pytest nothing is to be imported: the fixtures ``segment_events`` and ``segment_server`` are there when the
package is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_segment.testing._capture import capture_events
    from otel_segment.testing._cases import SegmentTestCase
    from otel_segment.testing._events import SegmentEvents
    from otel_segment.testing._expectation import ABSENT, ANY
    from otel_segment.testing._server import SegmentServer

__all__ = ["ABSENT", "ANY", "SegmentEvents", "SegmentServer", "SegmentTestCase", "capture_events"]

_HOMES = {
    "ABSENT": "_expectation",
    "ANY": "_expectation",
    "SegmentEvents": "_events",
    "SegmentServer": "_server",
    "SegmentTestCase": "_cases",
    "capture_events": "_capture",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"otel_segment.testing.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
