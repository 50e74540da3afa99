"""The calls that the mapping makes of a person where they are news: identify, group, and alias at the sign-in."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import UNSET

from otel_segment import semconv
from otel_segment._types import Call, JsonObject, Payload
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._document import GroupCall, IdentifyCall
from otel_segment.mapping._draft import Draft, Finish
from otel_segment.mapping._forms import Compiler
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._lookup import MISSING, Getter, is_attribute
from otel_segment.mapping._memory import Memory, person_key
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._record import Record
from otel_segment.mapping._terms import Properties

__all__ = ["Found", "Introduction", "SignIn", "introduce", "introduce_group"]

_STAMPS = 251
"""Times are told apart by what is left of them, whatever they are truncated to."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Found(NamedTuple):
    """What is news."""

    field: str | None
    """The id that is the call's own; None where it has none."""
    fields: JsonObject
    """Its traits."""


class Introduction(Protocol):
    """A call that is made where it is news."""

    def due(self, record: Record, plan: Plan, ids: Mapping[str, Any]) -> Found | None:
        """Return what is news, and remember it as said; None where nothing is.

        Args:
            record: The record.
            plan: The plan for its attributes.
            ids: ``userId`` and ``anonymousId``, as far as they are known.
        """
        ...

    def make(self, found: Found, draft: Draft) -> Payload:
        """Make the call."""
        ...


class _Said:
    """An identify or a group call: the id that is its own, and traits.

    One that would say nothing but who it is, is news of a user alone, and only of one who was never seen.
    """

    def __init__(
        self,
        kind: Call,
        field: str,
        get: Getter | None,
        traits: Properties,
        compiler: Compiler,
        *,
        finish: Finish | None,
        memory: Memory,
    ) -> None:
        self._kind: Call = kind
        self._field = field
        self._get = get
        self._traits = compiler.properties(traits)
        self._names = None if finish is not None else _attribute_names(traits)
        self._finish = finish
        self._memory = memory
        self._call = CALLS[kind]
        self._is_group = kind == "group"

    def due(self, record: Record, plan: Plan, ids: Mapping[str, Any]) -> Found | None:  # noqa: C901, PLR0912
        # Every event pays for this, so it is written out where a call would cost as much as what it does.
        own = None if self._get is None else identifier(self._get(record, MISSING))
        user_id = ids.get("userId")
        if self._is_group:
            if own is None:
                return None
        elif own is not None:
            user_id = own
        if user_id is not None:
            person = "u" + user_id
        elif "anonymousId" in ids:
            person = "a" + ids["anonymousId"]
        else:
            return None
        time = record.timestamp or record.observed_timestamp
        stamp = time % _STAMPS
        if self._names is not None:
            # Mostly it is known, which texts tell as they stand in the record.
            values = tuple(map(record.attributes.get, self._names))
            for value in values:
                if type(value) is not str:
                    break
            else:
                content: Hashable = (own, *values) if self._is_group else values
                if self._memory.is_known(self._kind, person, content, stamp, time):
                    return None
        traits = self._traits.of(self._call, record, plan, {})
        if self._finish is not None:
            traits = self._finish.fields(record, self._kind, traits)
        if not (traits or self._is_group or user_id):
            return None
        content = self._content(own, traits)
        if self._memory.is_known(self._kind, person, content, stamp, time):
            return None
        is_news = self._memory.is_news(self._kind, person, content, _occasion(record, stamp), time)
        return Found(own, traits) if is_news else None

    def _content(self, own: str | None, traits: JsonObject) -> Hashable:
        """Return what tells one call from another, the same for the same traits wherever they were found."""
        values = tuple(traits.values())
        if self._names is not None and len(values) == len(self._names) and all(type(value) is str for value in values):
            return (own, *values) if self._is_group else values
        if self._is_group:
            return _encoded((own, traits))
        return _encoded(traits) if traits else ()

    def make(self, found: Found, draft: Draft) -> Payload:
        payload = draft.begin(self._kind)
        if found.field is not None:
            payload[self._field] = found.field  # type: ignore[literal-required]
        payload["traits"] = found.fields
        return payload


class SignIn:
    """An alias call when an anonymous visitor is first seen with a user id; one for each visitor.

    Args:
        memory: Remembers who was.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def due(self, record: Record, plan: Plan, ids: Mapping[str, Any]) -> Found | None:  # noqa: ARG002
        """Return the visitor's id where it is news that it is this user's."""
        user_id, anonymous_id = ids.get("userId"), ids.get("anonymousId")
        if user_id is None or anonymous_id is None or user_id == anonymous_id:
            return None
        # Whoever comes later with the same visitor's id is somebody else at the same device.
        person, content = person_key(None, anonymous_id), ()
        time = record.timestamp or record.observed_timestamp
        occasion = _occasion(record, time % _STAMPS)
        is_news = self._memory.is_news("alias", person, content, occasion, time)
        return Found(anonymous_id, {}) if is_news else None

    def make(self, found: Found, draft: Draft) -> Payload:
        """Make the call."""
        payload = draft.begin("alias")
        payload["previousId"] = found.field or ""
        return payload


def introduce(call: IdentifyCall, compiler: Compiler, finish: Finish | None, memory: Memory) -> Introduction:
    """Return the identify call of people who are news."""
    get = None if call.user_id is UNSET else compiler.value(call.user_id)
    return _Said("identify", "userId", get, call.traits, compiler, finish=finish, memory=memory)


def introduce_group(call: GroupCall, compiler: Compiler, finish: Finish | None, memory: Memory) -> Introduction:
    """Return the group call of people whose group, or its traits, are news."""
    return _Said("group", "groupId", compiler.value(call.group_id), call.traits, compiler, finish=finish, memory=memory)


def _attribute_names(traits: Properties) -> tuple[str, ...] | None:
    """Return the attributes that the traits are, in their order; None where they are more than that."""
    if isinstance(traits, dict) and all(isinstance(made, str) and is_attribute(made) for made in traits.values()):
        return tuple(made for made in traits.values() if isinstance(made, str))
    return None


def _encoded(content: Any) -> bytes:
    try:
        return _encode(content)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return repr(content).encode("utf-8", "surrogatepass")


def _occasion(record: Record, stamp: int) -> int:
    """Return what tells one record from another, and is the same when one is converted twice."""
    attributes = record.attributes
    # An id that is unique says it all; records that have none differ in what they say, or are the same.
    uid = attributes.get(semconv.LOG_RECORD_UID)
    said = uid if type(uid) is str else _encoded(attributes)
    known = hash((said, record.timestamp, record.observed_timestamp, record.span_id, record.name))
    return stamp << 16 | known & 0xFFFF
