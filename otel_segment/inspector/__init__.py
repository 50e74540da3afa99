"""A local endpoint that speaks Segment's HTTP Tracking API and says what Segment would not.

What shows it in a browser is loaded when it is first asked for: it needs the packages of the extra ``inspector``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from otel_segment.inspector._behaviour import Action, Answer, Behaviour, Cut, IncomingRequest, Reset, Wait
from otel_segment.inspector._intake import problems_of
from otel_segment.inspector._received import Arrivals, Received, ReceivedStore, RequestFacts
from otel_segment.inspector._rules import Outcome, Problem
from otel_segment.inspector._server import LocalEndpoint

if TYPE_CHECKING:
    from otel_segment.inspector.live import ArchiveError, FaultError, Inspector

__all__ = [
    "Action",
    "Answer",
    "ArchiveError",
    "Arrivals",
    "Behaviour",
    "Cut",
    "FaultError",
    "IncomingRequest",
    "Inspector",
    "LocalEndpoint",
    "Outcome",
    "Problem",
    "Received",
    "ReceivedStore",
    "RequestFacts",
    "Reset",
    "Wait",
    "problems_of",
]

_LIVE = frozenset({"ArchiveError", "FaultError", "Inspector"})


def __getattr__(name: str) -> object:
    if name not in _LIVE:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module("otel_segment.inspector.live"), name)
