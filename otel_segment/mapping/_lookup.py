"""A name of the mapping as what finds its value in a record."""

from collections.abc import Callable
from typing import Any, TypeAlias

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._record import Record
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import json_value

__all__ = ["MISSING", "Getter", "compile_name", "is_attribute"]


class _Missing:
    """What stands for no value, since null is one."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

Getter: TypeAlias = Callable[[Record, Any], Any]
"""Returns a value, or ``MISSING``. Its arguments are the record and the item of a loop, outside of loops
``MISSING``."""

_THE_ITEM = "."
_GIVEN = (semconv.ANALYTICS_PROPERTIES, semconv.ANALYTICS_TRAITS, semconv.ANALYTICS_GROUP_TRAITS)


def compile_name(name: str) -> Getter:
    """Return what finds the value that a name stands for.

    The whole text is looked for as the name of an attribute first; then dots walk into maps and numbers into lists.
    What begins with ``event.``, ``resource.``, ``scope.``, ``span.`` or ``body.`` is looked for there.
    """
    if name == _THE_ITEM:
        return lambda _, item: item
    if is_attribute(name):
        return _compile_attribute(name)
    place, _, rest = name.partition(".")
    elsewhere = _ELSEWHERE[place]

    def get(record: Record, item: Any) -> Any:
        found = MISSING if item is MISSING else dig(item, name)
        return elsewhere(record, rest) if found is MISSING else found

    return get


def is_attribute(name: str) -> bool:
    """Tell whether a name is looked for among the attributes, and not elsewhere."""
    place, dot, _ = name.partition(".")
    return name != _THE_ITEM and (place not in _ELSEWHERE or not (dot or place == "body"))


def _compile_attribute(name: str) -> Getter:
    def get(record: Record, item: Any) -> Any:
        if item is not MISSING:
            return dig(item, name)
        # Nearly every name is one of the record's own attributes.
        found = record.attributes.get(name, MISSING)
        return _of_record(record, name) if found is MISSING else found

    return get


def dig(container: Any, path: str) -> Any:
    """Walk into maps and lists; a key that has dots itself goes before a walk."""
    if isinstance(container, dict):
        if path in container:
            return container[path]
        end = path.rfind(".")
        while end > 0:
            if path[:end] in container:
                found = dig(container[path[:end]], path[end + 1 :])
                if found is not MISSING:
                    return found
            end = path.rfind(".", 0, end)
    elif isinstance(container, list | tuple):
        index, _, rest = path.partition(".")
        if index.isascii() and index.isdigit() and int(index) < len(container):
            item = container[int(index)]
            return dig(item, rest) if rest else item
    return MISSING


def _of_record(record: Record, name: str) -> Any:
    attributes = record.attributes
    if name in attributes:
        return attributes[name]
    found = dig(attributes, name) if "." in name else MISSING
    if found is MISSING:
        found = _given(attributes, name)
    if found is MISSING:
        for place in record.places[1:]:
            found = dig(place, name)
            if found is not MISSING:
                break
    return found


def _given(attributes: JsonObject, name: str) -> Any:
    """Look into the maps of ours, where calls of the six kinds carry what they are given."""
    for map_name in _GIVEN:
        if map_name in attributes:
            found = dig(attributes[map_name], name)
            if found is not MISSING:
                return found
        flat = f"{map_name}.{name}"
        if flat in attributes:
            return attributes[flat]
    return MISSING


def _of_event(record: Record, rest: str) -> Any:
    known = {
        "name": record.name,
        "timestamp": iso_time(record.timestamp) if record.timestamp else None,
        "observed_timestamp": iso_time(record.observed_timestamp) if record.observed_timestamp else None,
        "severity_number": record.severity or None,
        "trace_id": f"{record.trace_id:032x}" if record.trace_id else None,
        "span_id": f"{record.span_id:016x}" if record.span_id else None,
    }
    found = known.get(rest)
    return _of_record(record, "event." + rest) if found is None or found == "" else found


def _of_resource(record: Record, rest: str) -> Any:
    return dig(record.source.resource, rest)


def _of_scope(record: Record, rest: str) -> Any:
    scope = record.scope
    found = dig(scope.attributes, rest)
    if found is not MISSING:
        return found
    return {"name": scope.name, "version": scope.version}.get(rest) or MISSING


def _of_span(record: Record, rest: str) -> Any:
    found = dig(record.span or {}, rest)
    return record.span_name if found is MISSING and rest == "name" and record.span_name else found


def _of_body(record: Record, rest: str) -> Any:
    if record.body is None:
        return _of_record(record, "body") if not rest else MISSING
    # The SDK hands bodies on as the application gave them, of whatever types.
    body = json_value(record.body)
    return dig(body, rest) if rest else body


_ELSEWHERE: dict[str, Callable[[Record, str], Any]] = {
    "event": _of_event,
    "resource": _of_resource,
    "scope": _of_scope,
    "span": _of_span,
    "body": _of_body,
}
