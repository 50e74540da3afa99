"""A local endpoint that speaks Segment's HTTP Tracking API and says what Segment would not."""

from otel_segment.inspector._behaviour import Action, Answer, Behaviour, Cut, IncomingRequest, Reset, Wait
from otel_segment.inspector._intake import problems_of
from otel_segment.inspector._received import Received, ReceivedStore, RequestFacts
from otel_segment.inspector._rules import Outcome, Problem
from otel_segment.inspector._server import LocalEndpoint

__all__ = [
    "Action",
    "Answer",
    "Behaviour",
    "Cut",
    "IncomingRequest",
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
