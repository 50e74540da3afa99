"""One event as the mapping sees it, whichever door it came in by."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from otel_segment import semconv
from otel_segment._types import JsonObject

__all__ = ["NO_SCOPE", "Record", "Scope", "Source", "event_name", "merge_map", "place_header", "place_values"]


class Source(msgspec.Struct, frozen=True, gc=False):
    """What a resource says, worked out once for all its records."""

    client: JsonObject
    """Resource attributes that speak of a person's own device; empty where the resource is a server."""
    client_names: tuple[str, ...]
    context: JsonObject
    """The fields of Segment's context that all records of this source share."""
    resource: JsonObject
    """All attributes of the resource: what a mapping may ask for."""


class Scope(msgspec.Struct, frozen=True, gc=False):
    """The instrumentation scope that an event comes from."""

    name: str = ""
    version: str | None = None
    attributes: JsonObject = {}


NO_SCOPE = Scope()


class Record(msgspec.Struct, frozen=True, gc=False):
    """A log record, or a span's event with its span."""

    name: str | None
    """The event name, as far as the record itself has one."""
    attributes: JsonObject
    """The record's own attributes: a copy that nobody else changes."""
    body: Any
    timestamp: int
    """When it happened, in nanoseconds since 1970; 0 where that is not known."""
    observed_timestamp: int
    """When it was seen, in nanoseconds since 1970."""
    trace_id: int
    span_id: int
    source: Source
    places: tuple[JsonObject, ...]
    """What may be asked about the event, the nearest first: its own attributes, its span's, its client's."""
    span: JsonObject | None = None
    """The attributes of the span that the event happened in, for a span's event."""
    span_name: str | None = None
    scope: Scope = NO_SCOPE
    severity: int = 0
    """The severity number, 1 to 24; 0 where there is none."""
    call: str | None = None
    """The call that it is where neither it nor a rule says another; what has one is an analytics event."""

    def seed(self) -> bytes:
        """Return what tells this record from any other, apart from its payload."""
        return f"{self.trace_id} {self.span_id} {self.timestamp} {self.observed_timestamp} {self.name}".encode(
            "utf-8", "surrogatepass"
        )

    def first(self, *names: str) -> Any:
        """Return the first value under any of the names; None where no place has one.

        Each place is asked for all names before the next place is asked; empty text is as absent.
        """
        for place in self.places:
            for name in names:
                value = place.get(name)
                if value is not None and value != "":
                    return value
        return None

    def text(self, *names: str) -> str | None:
        """Return the first text under any of the names that is not empty."""
        for place in self.places:
            for name in names:
                value = place.get(name)
                if isinstance(value, str) and value:
                    return value
        return None

    def each(self, *names: str) -> Iterator[Any]:
        """Yield all values under the names that are not empty, in the order of ``first``."""
        for place in self.places:
            yield from place_values(place, names)

    def header(self, name: str) -> str | None:
        """Return a captured request header, in either spelling of its name.

        The conventions capture headers as arrays, under names with hyphens; some instrumentations write
        underscores.
        """
        for place in self.places:
            if (value := place_header(place, name)) is not None:
                return value
        return None

    def merged(self, name: str) -> JsonObject:
        """Return the map under ``name`` and the attributes ``name.<key>``; nearer places and the map win."""
        found: JsonObject = {}
        for place in reversed(self.places):
            merge_map(found, place, name)
        return {key: value for key, value in found.items() if value is not None}


def place_values(place: JsonObject, names: tuple[str, ...]) -> Iterator[Any]:
    """Yield the values in one place that are not empty, in the order of the names."""
    for name in names:
        value = place.get(name)
        if value is not None and value != "":
            yield value


def place_header(place: JsonObject, name: str) -> str | None:
    """Return a captured request header of one place."""
    for attribute in _spellings(name):
        value = place.get(attribute)
        if isinstance(value, list | tuple):
            value = value[0] if value else None
        if isinstance(value, str) and value:
            return value
    return None


@lru_cache(maxsize=64)
def _spellings(name: str) -> tuple[str, ...]:
    prefix = semconv.HTTP_REQUEST_HEADER_PREFIX
    return tuple(dict.fromkeys((prefix + name, prefix + name.replace("-", "_"))))


def merge_map(target: JsonObject, place: JsonObject, name: str) -> None:
    """Lay the attributes ``name.<key>`` of a place, then its map ``name``, over a map."""
    prefix = name + "."
    length = len(prefix)
    for key, value in place.items():
        if key.startswith(prefix) and len(key) > length:
            target[key[length:]] = value
    if isinstance(given := place.get(name), dict):
        target.update(given)


def event_name(name: Any, attributes: Mapping[str, Any]) -> str | None:
    """Return an event's name; the attribute is how names were given before records had a field for it."""
    name = name or attributes.get(semconv.EVENT_NAME)
    return name if isinstance(name, str) and name else None
