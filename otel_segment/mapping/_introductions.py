"""The calls that the mapping makes of a person where they are news: identify, group, and alias at the sign-in."""

from collections.abc import Hashable, Mapping
from operator import itemgetter
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
from otel_segment.mapping._memory import STAMPS, Memory, person_key
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._record import Record
from otel_segment.mapping._terms import Properties

__all__ = ["Found", "Introduction", "SignIn", "introduce", "introduce_group"]

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
        self._names = () if finish is not None else _attribute_names(traits)
        self._texts = itemgetter(*self._names) if self._names else None
        self._finish = finish
        self._memory = memory
        self._knows = memory.knows(kind)
        self._call = CALLS[kind]
        self._is_group = kind == "group"

    def due(self, record: Record, plan: Plan, ids: Mapping[str, Any]) -> Found | None:
        # Every event pays for this, so it is written out where a call would cost as much as what it does.
        own = None if self._get is None else identifier(self._get(record, MISSING))
        if self._is_group and own is None:
            return None
        if own is not None and not self._is_group:
            person = "u" + own
        elif "userId" in ids:
            person = "u" + ids["userId"]
        elif "anonymousId" in ids:
            person = "a" + ids["anonymousId"]
        else:
            return None
        time = record.timestamp or record.observed_timestamp
        if self._texts is not None:
            # Mostly it is known, which texts tell as they stand in the record.
            try:
                content = self._texts(record.attributes)
            except KeyError:
                content = None
            if type(content) is str or (type(content) is tuple and _are_texts(content)):
                said: Hashable = (own, content) if self._is_group else content
                if self._knows(person, said, time):
                    return None
        return self._look(record, plan, person, own, time)

    def _look(self, record: Record, plan: Plan, person: str, own: str | None, time: int) -> Found | None:
        """Make the traits, and return them where they are news."""
        traits = self._traits.of(self._call, record, plan, {})
        if self._finish is not None:
            traits = self._finish.fields(record, self._kind, traits)
        if not (traits or self._is_group or person.startswith("u")):
            return None
        content = self._content(own, traits)
        if self._knows(person, content, time):
            return None
        is_news = self._memory.is_news(self._kind, person, content, _occasion(record, time), time)
        return Found(own, traits) if is_news else None

    def _content(self, own: str | None, traits: JsonObject) -> Hashable:
        """Return what tells one call from another, the same for the same traits wherever they were found."""
        values = tuple(traits.values())
        if self._names and len(values) == len(self._names) and _are_texts(values):
            # An empty text is a trait all the same, and not a call that says nothing.
            content = values[0] if len(values) == 1 and values[0] else values
            return (own, content) if self._is_group else content
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
        occasion = _occasion(record, time)
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


def _attribute_names(traits: Properties) -> tuple[str, ...]:
    """Return the attributes that the traits are, in their order; nothing where they are more than that."""
    if isinstance(traits, dict) and all(isinstance(made, str) and is_attribute(made) for made in traits.values()):
        return tuple(made for made in traits.values() if isinstance(made, str))
    return ()


def _are_texts(values: tuple[Any, ...]) -> bool:
    for value in values:  # noqa: SIM110 - every event pays for this
        if type(value) is not str:
            return False
    return True


def _encoded(content: Any) -> bytes:
    try:
        return _encode(content)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return repr(content).encode("utf-8", "surrogatepass")


def _occasion(record: Record, time: int) -> int:
    """Return what tells one record from another, and is the same when one is converted twice."""
    attributes = record.attributes
    # An id that is unique says it all; records that have none differ in what they say, or are the same.
    uid = attributes.get(semconv.LOG_RECORD_UID)
    said = uid if type(uid) is str else _encoded(attributes)
    known = hash((said, record.timestamp, record.observed_timestamp, record.span_id, record.name))
    return time % STAMPS << 16 | known & 0xFFFF
