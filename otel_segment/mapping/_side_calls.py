"""The calls that a rule makes besides an event's own, each time."""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import UNSET

from otel_segment._types import Call, Payload
from otel_segment.mapping._document import AliasCall, GroupCall, IdentifyCall, ViewCall
from otel_segment.mapping._draft import Draft
from otel_segment.mapping._forms import Compiler
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._record import Record

__all__ = ["SideCall", "compile_alias", "compile_group", "compile_identify", "compile_view"]

SideCall: TypeAlias = Callable[[Draft], Payload | None]
"""Makes a call of a draft; None where there is none to make."""

_BARE = ViewCall()


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
        if found is None or "userId" not in draft.ids:
            return None
        payload = draft.begin("alias")
        payload["previousId"] = found
        return payload

    return make


def _label(get: Getter | None, record: Record) -> str | None:
    return None if get is None else identifier(get(record, MISSING))
