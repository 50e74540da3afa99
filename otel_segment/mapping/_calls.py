"""The six calls: what each needs to be one, and the fields that are its own."""

from collections.abc import Callable
from typing import NamedTuple

from otel_segment import semconv
from otel_segment._types import JsonObject, Payload
from otel_segment.mapping._fields import add_map, leftovers, user_traits
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._page import page_hash
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._record import Record, merge_map
from otel_segment.reasons import DropReason

__all__ = ["CALLS", "CallKind"]

_PAGE_PROPERTIES = ("path", "url", "search", "title", "referrer")


class CallKind(NamedTuple):
    """One of the six calls."""

    require: Callable[[Record, Payload, str | None], DropReason | None]
    """Adds the fields that the call cannot do without; returns what is missing."""
    fill: Callable[[Record, Plan, Payload, JsonObject], None]
    """Adds the other fields of the call, and those that it has in the context."""


def _require_event(_: Record, payload: Payload, event: str | None) -> DropReason | None:
    if event is None:
        return DropReason.MISSING_EVENT
    payload["event"] = event
    return None


def _require_group(record: Record, payload: Payload, _: str | None) -> DropReason | None:
    group_id = identifier(record.first(semconv.ANALYTICS_GROUP_ID))
    if group_id is None:
        return DropReason.MISSING_GROUP_ID
    payload["groupId"] = group_id
    return None


def _require_alias(record: Record, payload: Payload, _: str | None) -> DropReason | None:
    previous_id = identifier(record.first(semconv.ANALYTICS_PREVIOUS_ID))
    if previous_id is None:
        return DropReason.MISSING_PREVIOUS_ID
    payload["previousId"] = previous_id
    return None if "userId" in payload else DropReason.MISSING_USER_ID


def _require_nothing(_: Record, __: Payload, ___: str | None) -> None:
    return None


def _fill_track(record: Record, plan: Plan, payload: Payload, context: JsonObject) -> None:
    payload["properties"] = properties = leftovers(record, plan.claimed)
    if plan.has_extras:
        _properties(record, plan, properties)
        _add_person(record, plan, context)


def _fill_page(record: Record, plan: Plan, payload: Payload, context: JsonObject) -> None:
    name = record.text(semconv.ANALYTICS_NAME)
    if name is None and record.span is not None:
        name = record.text(semconv.HTTP_ROUTE) or context.get("page", {}).get("path")
    page = context.get("page", {})
    properties = {field: page[field] for field in _PAGE_PROPERTIES if field in page}
    if fragment := page_hash(record):
        properties["hash"] = fragment
    _fill_view(record, plan, payload, properties, name)
    _add_person(record, plan, context)


def _fill_screen(record: Record, plan: Plan, payload: Payload, context: JsonObject) -> None:
    name = record.text(semconv.ANALYTICS_NAME, semconv.APP_SCREEN_NAME, semconv.APP_SCREEN_ID)
    _fill_view(record, plan, payload, {}, name)
    _add_person(record, plan, context)


def _fill_identify(record: Record, plan: Plan, payload: Payload, _: JsonObject) -> None:
    traits = user_traits(record) if plan.has_user_traits else {}
    traits.update(leftovers(record, plan.claimed))
    payload["traits"] = _given(record, plan, semconv.ANALYTICS_TRAITS, traits)


def _fill_group(record: Record, plan: Plan, payload: Payload, context: JsonObject) -> None:
    traits = leftovers(record, plan.claimed)
    _given(record, plan, semconv.ANALYTICS_TRAITS, traits)
    payload["traits"] = _given(record, plan, semconv.ANALYTICS_GROUP_TRAITS, traits)
    # analytics.traits are the group's here, so of the person only the conventions' own attributes are known.
    if plan.has_user_traits and (person := user_traits(record)):
        context["traits"] = person


def _fill_alias(record: Record, plan: Plan, _: Payload, context: JsonObject) -> None:
    _add_person(record, plan, context)


def _fill_view(record: Record, plan: Plan, payload: Payload, properties: JsonObject, name: str | None) -> None:
    """Add name, category and properties of a page or a screen; what the application gives wins."""
    if name:
        payload["name"] = properties["name"] = name
    if category := record.text(semconv.ANALYTICS_CATEGORY):
        payload["category"] = properties["category"] = category
    properties.update(leftovers(record, plan.claimed))
    payload["properties"] = _properties(record, plan, properties)


def _properties(record: Record, plan: Plan, properties: JsonObject) -> JsonObject:
    if plan.has_parent and (parent := identifier(record.attributes[semconv.ANALYTICS_PARENT_EVENT_ID])):
        properties.setdefault("parentEventId", parent)
    return _given(record, plan, semconv.ANALYTICS_PROPERTIES, properties)


def _given(record: Record, plan: Plan, name: str, fields: JsonObject) -> JsonObject:
    """Lay ``name.<key>`` attributes and then the map ``name`` of the record over its fields."""
    flat = plan.given.get(name)
    if flat is not None:
        attributes = record.attributes
        for attribute, key in flat:
            fields[key] = attributes[attribute]
        add_map(fields, attributes.get(name))
    return fields


def _add_person(record: Record, plan: Plan, context: JsonObject) -> None:
    """Add ``context.traits`` and ``context.groupId``."""
    if not plan.has_person:
        return
    traits = user_traits(record)
    given: JsonObject = {}
    for place in reversed(record.places):
        merge_map(given, place, semconv.ANALYTICS_TRAITS)
    traits.update(given)
    if traits:
        context["traits"] = traits
    if group_id := identifier(record.first(semconv.ANALYTICS_GROUP_ID)):
        context["groupId"] = group_id


CALLS: dict[str, CallKind] = {
    "track": CallKind(_require_event, _fill_track),
    "page": CallKind(_require_nothing, _fill_page),
    "screen": CallKind(_require_nothing, _fill_screen),
    "identify": CallKind(_require_nothing, _fill_identify),
    "group": CallKind(_require_group, _fill_group),
    "alias": CallKind(_require_alias, _fill_alias),
}
