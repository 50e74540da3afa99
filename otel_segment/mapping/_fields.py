"""Properties and traits: what no convention claims, and what the application gives under our own names."""

from collections.abc import Mapping
from typing import Any

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._record import Record
from otel_segment.mapping._values import json_value, text

__all__ = ["CLICKS", "USER_TRAITS", "add_leftovers", "add_map", "is_left_over", "user_traits"]

# Namespaces whose attributes describe the telemetry, the request or the machine, and so are no one's property.
_RESERVED = (
    "analytics.",
    "app.",
    "browser.",
    "client.",
    "cloud.",
    "code.",
    "container.",
    "db.",
    "deployment.",
    "device.",
    "enduser.",
    "exception.",
    "geo.",
    "host.",
    "http.",
    "k8s.",
    "log.",
    "messaging.",
    "net.",
    "network.",
    "os.",
    "otel.",
    "process.",
    "rpc.",
    "server.",
    "service.",
    "session.",
    "telemetry.",
    "thread.",
    "url.",
    "user.",
    "user_agent.",
)
# The conventions' own events whose attributes say what was clicked.
CLICKS = frozenset({"app.screen.click", "app.widget.click"})
_CLICKED = ("app.screen.", "app.widget.")

USER_TRAITS = (
    ("email", semconv.USER_EMAIL),
    ("name", semconv.USER_FULL_NAME),
    ("username", semconv.USER_NAME),
    ("roles", semconv.USER_ROLES),
)
"""Segment's names of traits, and the attributes that they come from."""


def is_left_over(name: str, is_click: bool) -> bool:
    """Tell whether an attribute is a property of its event (or a trait), as nothing else claims it.

    Args:
        name: The attribute's name.
        is_click: Whether the event is one of ``CLICKS``.
    """
    if name.startswith(_RESERVED):
        return is_click and name.startswith(_CLICKED)
    return name != semconv.EVENT_NAME


def add_leftovers(record: Record, claimed: tuple[str, ...], under: JsonObject) -> JsonObject:
    """Return fields with the attributes over them that are left over when some are claimed, then the body's."""
    # Taking a few away from a copy costs less than picking the many.
    found = record.attributes.copy()
    for name in claimed:
        del found[name]
    if record.body is not None:
        add_map(found, json_body(record.body))
    return {**under, **found} if under else found


def add_map(target: JsonObject, given: Any) -> None:
    """Lay a map that the application gave over another; what is no map is nothing."""
    if isinstance(given, dict):
        target.update(given)


def json_body(body: Any) -> Any:
    """Return a body as JSON values, where it is a map: the SDK hands bodies on as the application gave them."""
    if not isinstance(body, Mapping):
        return None
    return {text(key): json_value(value) for key, value in body.items()}


def user_traits(record: Record) -> JsonObject:
    """Return the traits that the conventions have names for."""
    found = ((trait, record.first(name)) for trait, name in USER_TRAITS)
    return {trait: value for trait, value in found if value is not None}
