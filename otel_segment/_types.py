"""The shapes that pass between the parts: a Segment call as its fields, and an event that was dropped."""

from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from typing_extensions import Required

from otel_segment.reasons import DropReason

__all__ = ["Call", "Drop", "JsonObject", "Payload"]

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object: text keys, JSON values."""

Call: TypeAlias = Literal["track", "page", "screen", "identify", "group", "alias"]
"""The six calls of Segment's specification."""


class Payload(TypedDict, total=False):
    """One Segment call, under Segment's own field names (https://segment.com/docs/connections/spec/common/)."""

    type: Required[Call]
    event: str
    name: str
    category: str
    userId: str
    anonymousId: str
    groupId: str
    previousId: str
    messageId: str
    timestamp: str
    properties: JsonObject
    traits: JsonObject
    integrations: JsonObject
    context: JsonObject


class Drop(NamedTuple):
    """An event that does not leave, and why."""

    reason: DropReason
    message: JsonObject
    """What is known of the event, in Segment's field names; it may be incomplete."""
    detail: str = ""
    """What a person needs to know besides the reason, such as a size; never a part of the payload."""
