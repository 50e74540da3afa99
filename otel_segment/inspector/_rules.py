"""Segment's own rules for what it receives, as Segment documents them and as they were observed."""

import re
from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any, Final

import msgspec
from typing_extensions import Self

__all__ = [
    "CALL_TYPES",
    "MAX_BATCH_BYTES",
    "MAX_BATCH_EVENTS",
    "MAX_EVENT_BYTES",
    "Message",
    "Outcome",
    "Problem",
    "batch_problems",
    "message_problems",
]

MAX_EVENT_BYTES: Final = 32_768
"""Bytes of JSON in UTF-8 that one event may have."""
MAX_BATCH_BYTES: Final = 500_000
"""Bytes that one request body may have, unpacked."""
MAX_BATCH_EVENTS: Final = 2_500
"""Events that one batch may have."""
CALL_TYPES: Final = frozenset({"track", "page", "screen", "identify", "group", "alias"})

_MAX_MESSAGE_ID = 100
_NULL = msgspec.Raw(b"null")
_ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"
)


class Outcome(str, Enum):
    """What becomes of an event that has a problem."""

    REFUSED = "refused"
    """Segment answers 400."""
    DROPPED = "dropped"
    """Segment answers 200 and throws the event away without a word."""
    ALTERED = "altered"
    """Segment answers 200 and keeps the event, but not as it was meant."""


class Problem(str, Enum):
    """Everything that can be wrong with what was sent: the closed list.

    Attributes:
        outcome: What Segment does about it.
        sentence: What is wrong, in words for the person who reads it.
    """

    outcome: Outcome
    sentence: str

    def __new__(cls, label: str, outcome: Outcome, sentence: str) -> Self:
        problem = str.__new__(cls, label)
        problem._value_ = label
        problem.outcome = outcome
        problem.sentence = sentence
        return problem

    def __str__(self) -> str:
        return str(self.value)

    INVALID_JSON = (
        "invalid_json",
        Outcome.REFUSED,
        "The body is not valid JSON in UTF-8; NaN and Infinity are not JSON either.",
    )
    INVALID_BATCH = (
        "invalid_batch",
        Outcome.REFUSED,
        'The body is not what this path takes: {"batch": [...]} or one event, events being objects.',
    )
    UNREADABLE_BODY = (
        "unreadable_body",
        Outcome.REFUSED,
        "The body cannot be had: it is broken, packed otherwise than with gzip, or far larger than 500 KB.",
    )
    WRONG_WRITE_KEY = (
        "wrong_write_key",
        Outcome.REFUSED,
        "The write key is missing or not the right one.",
    )
    BATCH_TOO_LARGE = ("batch_too_large", Outcome.REFUSED, "The body is larger than 500 KB.")
    EVENT_TOO_LARGE = (
        "event_too_large",
        Outcome.REFUSED,
        "The event is larger than 32 KB, and its batch goes with it.",
    )
    MISSING_WRITE_KEY = ("missing_write_key", Outcome.DROPPED, "The request names no write key.")
    TOO_MANY_EVENTS = ("too_many_events", Outcome.DROPPED, "The batch has more than 2,500 events.")
    UNKNOWN_TYPE = (
        "unknown_type",
        Outcome.DROPPED,
        "The type is none of track, page, screen, identify, group and alias.",
    )
    MISSING_EVENT = ("missing_event", Outcome.DROPPED, "A track call needs an event name that is a text.")
    MISSING_GROUP_ID = ("missing_group_id", Outcome.DROPPED, "A group call needs a groupId.")
    MISSING_PREVIOUS_ID = ("missing_previous_id", Outcome.DROPPED, "An alias call needs a previousId.")
    MISSING_USER_ID = ("missing_user_id", Outcome.DROPPED, "An alias call needs a userId.")
    MISSING_IDENTITY = ("missing_identity", Outcome.DROPPED, "There is neither a userId nor an anonymousId.")
    NOT_A_MAP = ("not_a_map", Outcome.DROPPED, "Properties, traits and context have to be objects.")
    DUPLICATE = ("duplicate", Outcome.DROPPED, "An event with this messageId has arrived before.")
    LONG_MESSAGE_ID = ("long_message_id", Outcome.DROPPED, "The messageId is longer than 100 characters.")
    MISSING_MESSAGE_ID = (
        "missing_message_id",
        Outcome.ALTERED,
        "There is no messageId: Segment makes one up, and a repeat of the event counts twice.",
    )
    INVALID_TIMESTAMP = (
        "invalid_timestamp",
        Outcome.ALTERED,
        "The timestamp is not a date and time by ISO 8601: the time of arrival takes its place.",
    )


class Message(msgspec.Struct, gc=False):
    """The fields of an event that the rules look at; what is in its maps is none of their business."""

    type: Any = None
    event: Any = None
    userId: Any = None  # noqa: N815
    anonymousId: Any = None  # noqa: N815
    groupId: Any = None  # noqa: N815
    previousId: Any = None  # noqa: N815
    messageId: Any = None  # noqa: N815
    timestamp: Any = None
    properties: msgspec.Raw = _NULL
    traits: msgspec.Raw = _NULL
    context: msgspec.Raw = _NULL


def message_problems(message: Message, size: int) -> tuple[Problem, ...]:
    """Say everything that is wrong with one event, by itself.

    Args:
        message: The event.
        size: Its size in bytes, as it was sent.
    """
    found = [Problem.EVENT_TOO_LARGE] if size > MAX_EVENT_BYTES else []
    for check in _CHECKS:
        check(message, found)
    return tuple(found)


def batch_problems(size: int, events: int) -> tuple[Problem, ...]:
    """Say what is wrong with a request body of so many bytes and events."""
    found = [Problem.BATCH_TOO_LARGE] if size > MAX_BATCH_BYTES else []
    if events > MAX_BATCH_EVENTS:
        found.append(Problem.TOO_MANY_EVENTS)
    return tuple(found)


def _call(message: Message, found: list[Problem]) -> None:
    kind = message.type
    if not isinstance(kind, str) or kind not in CALL_TYPES:
        found.append(Problem.UNKNOWN_TYPE)
    elif kind == "track":
        if not isinstance(message.event, str) or not message.event:
            found.append(Problem.MISSING_EVENT)
    elif kind == "group" and not _is_id(message.groupId):
        found.append(Problem.MISSING_GROUP_ID)


def _person(message: Message, found: list[Problem]) -> None:
    has_user = _is_id(message.userId)
    if message.type == "alias":
        if not _is_id(message.previousId):
            found.append(Problem.MISSING_PREVIOUS_ID)
        if not has_user:
            found.append(Problem.MISSING_USER_ID)
    elif not has_user and not _is_id(message.anonymousId):
        found.append(Problem.MISSING_IDENTITY)


def _maps(message: Message, found: list[Problem]) -> None:
    for value in (message.properties, message.traits, message.context):
        if value is not _NULL and bytes(value)[:1] != b"{" and bytes(value) != b"null":
            found.append(Problem.NOT_A_MAP)
            return


def _message_id(message: Message, found: list[Problem]) -> None:
    message_id = message.messageId
    if not isinstance(message_id, str) or not message_id:
        found.append(Problem.MISSING_MESSAGE_ID)
    elif len(message_id) > _MAX_MESSAGE_ID:
        found.append(Problem.LONG_MESSAGE_ID)


def _timestamp(message: Message, found: list[Problem]) -> None:
    timestamp = message.timestamp
    if timestamp is None:
        return
    if not isinstance(timestamp, str) or not _ISO_8601.fullmatch(timestamp) or not _is_date(timestamp[:10]):
        found.append(Problem.INVALID_TIMESTAMP)


@lru_cache(maxsize=1_000)
def _is_date(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        return False
    return True


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return value != ""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_CHECKS: Final[tuple[Callable[[Message, list[Problem]], None], ...]] = (
    _call,
    _person,
    _maps,
    _message_id,
    _timestamp,
)
