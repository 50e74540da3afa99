"""The six calls: what each needs to be one, and the fields that are its own."""

from collections.abc import Callable
from typing import NamedTuple

from otel_segment import semconv
from otel_segment._types import JsonObject, Payload
from otel_segment.mapping._fields import add_leftovers, add_map, user_traits
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
    title: Callable[[Record, Payload, JsonObject], None] | None
    """Adds name and category, for a page or a screen."""
    begin: Callable[[Record, Payload, JsonObject], JsonObject]
    """Returns the properties or traits that lie under all others, given the payload and its context."""
    complete: Callable[[Record, Plan, JsonObject], JsonObject]
    """Adds to these what is left over and what the application gives."""
    surround: Callable[[Record, Plan, JsonObject], None]
    """Adds the person to the context."""
    holder: str | None
    """The field of the payload that takes them: ``properties``, ``traits``, or none."""


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


def _title_page(record: Record, payload: Payload, context: JsonObject) -> None:
    name = record.text(semconv.ANALYTICS_NAME)
    if name is None and record.span is not None:
        name = record.text(semconv.HTTP_ROUTE) or context.get("page", {}).get("path")
    _title(record, payload, name)


def _title_screen(record: Record, payload: Payload, _: JsonObject) -> None:
    _title(record, payload, record.text(semconv.ANALYTICS_NAME, semconv.APP_SCREEN_NAME, semconv.APP_SCREEN_ID))


def _title(record: Record, payload: Payload, name: str | None) -> None:
    if name:
        payload["name"] = name
    if category := record.text(semconv.ANALYTICS_CATEGORY):
        payload["category"] = category


def _begin_empty(_: Record, __: Payload, ___: JsonObject) -> JsonObject:
    return {}


def _begin_page(record: Record, payload: Payload, context: JsonObject) -> JsonObject:
    page = context.get("page", {})
    properties = {field: page[field] for field in _PAGE_PROPERTIES if field in page}
    if fragment := page_hash(record):
        properties["hash"] = fragment
    return {**properties, **_begin_screen(record, payload, context)}


def _begin_screen(_: Record, payload: Payload, __: JsonObject) -> JsonObject:
    properties: JsonObject = {}
    if "name" in payload:
        properties["name"] = payload["name"]
    if "category" in payload:
        properties["category"] = payload["category"]
    return properties


def _complete_properties(record: Record, plan: Plan, properties: JsonObject) -> JsonObject:
    properties = add_leftovers(record, plan.claimed, properties)
    if plan.has_extras:
        if plan.has_parent and (parent := identifier(record.attributes[semconv.ANALYTICS_PARENT_EVENT_ID])):
            properties.setdefault("parentEventId", parent)
        _give(record, plan, semconv.ANALYTICS_PROPERTIES, properties)
    return properties


def _complete_traits(record: Record, plan: Plan, traits: JsonObject) -> JsonObject:
    traits = add_leftovers(record, plan.claimed, traits)
    _give(record, plan, semconv.ANALYTICS_TRAITS, traits)
    return traits


def _complete_identify(record: Record, plan: Plan, traits: JsonObject) -> JsonObject:
    return _complete_traits(record, plan, {**user_traits(record), **traits} if plan.has_user_traits else traits)


def _complete_group(record: Record, plan: Plan, traits: JsonObject) -> JsonObject:
    traits = _complete_traits(record, plan, traits)
    _give(record, plan, semconv.ANALYTICS_GROUP_TRAITS, traits)
    return traits


def _complete_nothing(_: Record, __: Plan, fields: JsonObject) -> JsonObject:
    return fields


def _give(record: Record, plan: Plan, name: str, fields: JsonObject) -> None:
    """Lay ``name.<key>`` attributes and then the map ``name`` of the record over its fields."""
    flat = plan.given.get(name)
    if flat is not None:
        attributes = record.attributes
        for attribute, key in flat:
            fields[key] = attributes[attribute]
        add_map(fields, attributes.get(name))


def _surround_person(record: Record, plan: Plan, context: JsonObject) -> None:
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


def _surround_group(record: Record, plan: Plan, context: JsonObject) -> None:
    """Add the traits of the person that the conventions have names for: ``analytics.traits`` are the group's here."""
    if plan.has_user_traits and (person := user_traits(record)):
        context["traits"] = person


def _surround_nothing(_: Record, __: Plan, ___: JsonObject) -> None:
    return None


CALLS: dict[str, CallKind] = {
    "track": CallKind(_require_event, None, _begin_empty, _complete_properties, _surround_person, "properties"),
    "page": CallKind(_require_nothing, _title_page, _begin_page, _complete_properties, _surround_person, "properties"),
    "screen": CallKind(
        _require_nothing, _title_screen, _begin_screen, _complete_properties, _surround_person, "properties"
    ),
    "identify": CallKind(_require_nothing, None, _begin_empty, _complete_identify, _surround_nothing, "traits"),
    "group": CallKind(_require_group, None, _begin_empty, _complete_group, _surround_group, "traits"),
    "alias": CallKind(_require_alias, None, _begin_empty, _complete_nothing, _surround_person, None),
}
