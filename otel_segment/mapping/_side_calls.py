"""The calls that a rule, or the mapping, makes besides an event's own."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from otel_segment._types import Call, Payload
from otel_segment.mapping._document import AliasCall, GroupCall, IdentifyCall, ViewCall
from otel_segment.mapping._draft import Draft
from otel_segment.mapping._forms import Compiler
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._memory import Memory, subject_of
from otel_segment.mapping._record import Record

__all__ = ["SideCall", "compile_alias", "compile_group", "compile_identify", "compile_view", "once", "sign_in"]

SideCall: TypeAlias = Callable[[Draft], Payload | None]
"""Makes a call of a draft; None where there is none to make."""

_BARE = ViewCall()
_SECOND = 1_000_000_000


def compile_identify(call: IdentifyCall, compiler: Compiler) -> SideCall:
    """Return what makes an identify call; the user id that it may name is for this call alone."""
    user_id = None if call.user_id is UNSET else compiler.value(call.user_id)
    traits = compiler.properties(call.traits)

    def make(draft: Draft) -> Payload | None:
        found = None if user_id is None else identifier(user_id(draft.record, MISSING))
        if found is None and not draft.has_identity:
            return None
        payload = draft.begin("identify")
        if found is not None:
            payload["userId"] = found
        draft.fill(payload, traits)
        return payload

    return make


def compile_group(call: GroupCall, compiler: Compiler) -> SideCall:
    """Return what makes a group call, where the group is known."""
    group_id, traits = compiler.value(call.group_id), compiler.properties(call.traits)

    def make(draft: Draft) -> Payload | None:
        found = identifier(group_id(draft.record, MISSING))
        if found is None or not draft.has_identity:
            return None
        payload = draft.begin("group")
        payload["groupId"] = found
        draft.fill(payload, traits)
        return payload

    return make


def compile_view(kind: Call, call: bool | ViewCall, compiler: Compiler) -> SideCall:
    """Return what makes a page or a screen call."""
    view = call if isinstance(call, ViewCall) else _BARE
    name = None if view.name is UNSET else compiler.value(view.name)
    category = None if view.category is UNSET else compiler.value(view.category)
    properties = compiler.properties(view.properties)

    def make(draft: Draft) -> Payload | None:
        if not draft.has_identity:
            return None
        payload = draft.begin(kind)
        if found := _label(name, draft.record):
            payload["name"] = found
        if found := _label(category, draft.record):
            payload["category"] = found
        draft.fill(payload, properties)
        return payload

    return make


def compile_alias(call: AliasCall, compiler: Compiler) -> SideCall:
    """Return what makes an alias call, where both ids are known."""
    previous_id = compiler.value(call.previous_id)

    def make(draft: Draft) -> Payload | None:
        found = identifier(previous_id(draft.record, MISSING))
        return _alias(draft, found) if found is not None and "userId" in draft.ids else None

    return make


def sign_in(memory: Memory) -> SideCall:
    """Return what makes an alias call when an anonymous visitor is first seen with a user id."""

    def make(draft: Draft) -> Payload | None:
        user_id, anonymous_id = draft.ids.get("userId"), draft.ids.get("anonymousId")
        if user_id is None or anonymous_id is None:
            return None
        payload = _alias(draft, anonymous_id)
        return payload if _is_news(memory, payload, user_id.encode("utf-8", "surrogatepass"), draft.record) else None

    return make


def once(make: SideCall, memory: Memory) -> SideCall:
    """Return what makes a call only where it says something new of the person.

    One that would say nothing but who it is, is news of a user alone, and only of one who was never seen.
    """

    def make_once(draft: Draft) -> Payload | None:
        payload = make(draft)
        if payload is None:
            return None
        traits, group_id = payload["traits"], payload.get("groupId")
        says_nothing = not traits and group_id is None
        if says_nothing and "userId" not in payload:
            return None
        content = b"" if says_nothing else _encoded([group_id, traits])
        return payload if _is_news(memory, payload, content, draft.record) else None

    return make_once


def _is_news(memory: Memory, payload: Payload, content: bytes, record: Record) -> bool:
    subject = subject_of(payload)
    if subject is None:
        return True
    # The same where one record is converted twice, and another for any other record.
    occasion = hash((record.seed(), _encoded(record.attributes)))
    now = (record.timestamp or record.observed_timestamp) / _SECOND
    return memory.is_news(*subject, content, occasion, now)


def _alias(draft: Draft, previous_id: str) -> Payload:
    payload = draft.begin("alias")
    payload["previousId"] = previous_id
    return payload


def _label(get: Getter | None, record: Record) -> str | None:
    return None if get is None else identifier(get(record, MISSING))


def _encoded(content: Any) -> bytes:
    try:
        return msgspec.json.encode(content)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return repr(content).encode("utf-8", "surrogatepass")
