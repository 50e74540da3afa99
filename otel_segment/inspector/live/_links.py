"""Where Segment's public documentation says why something is a problem."""

from collections.abc import Mapping
from typing import Final

from otel_segment.inspector._rules import Problem

__all__ = ["LINKS"]

_DOCS: Final = "https://www.twilio.com/docs/segment/connections"
_API: Final = f"{_DOCS}/sources/catalog/libraries/server/http-api"
_SPEC: Final = f"{_DOCS}/spec"

LINKS: Final[Mapping[Problem, str]] = {
    Problem.INVALID_JSON: f"{_API}#errors",
    Problem.INVALID_BATCH: f"{_API}#batch",
    Problem.UNREADABLE_BODY: f"{_API}#errors",
    Problem.WRONG_WRITE_KEY: f"{_API}#authentication",
    Problem.BATCH_TOO_LARGE: f"{_API}#max-request-size",
    Problem.EVENT_TOO_LARGE: f"{_API}#max-request-size",
    Problem.MISSING_WRITE_KEY: f"{_API}#authentication",
    Problem.TOO_MANY_EVENTS: f"{_API}#batch",
    Problem.UNKNOWN_TYPE: _SPEC,
    Problem.MISSING_EVENT: f"{_SPEC}/track",
    Problem.MISSING_GROUP_ID: f"{_SPEC}/group",
    Problem.MISSING_PREVIOUS_ID: f"{_SPEC}/alias",
    Problem.MISSING_USER_ID: f"{_SPEC}/alias",
    Problem.MISSING_IDENTITY: f"{_SPEC}/identify",
    Problem.NOT_A_MAP: f"{_SPEC}/common",
    Problem.DUPLICATE: f"{_API}#errors",
    Problem.LONG_MESSAGE_ID: f"{_SPEC}/common",
    Problem.MISSING_MESSAGE_ID: f"{_SPEC}/common",
    Problem.INVALID_TIMESTAMP: f"{_SPEC}/common#timestamps",
}
"""The page for each problem, the whole closed list."""
