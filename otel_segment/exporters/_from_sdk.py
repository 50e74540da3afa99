"""SDK log records and span events to records of the mapping: the only reader of SDK types."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind

from otel_segment._types import JsonObject
from otel_segment.mapping import PAGE, Mapper, Record, Scope, ServerSpans, Source, json_value, text
from otel_segment.semconv import ANALYTICS_TYPE

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan

__all__ = ["SdkReader"]

_MOST_SOURCES = 256


class SdkReader:
    """Reads SDK objects; remembers what resources say.

    Args:
        mapper: Tells which events are selected, so that nothing else is read.
    """

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper
        self._selects = mapper.selects
        self._pages = mapper.pages
        # By identity, since hashing a resource costs more than a whole conversion; the resource is kept beside, so
        # that no identity is used again.
        self._sources: dict[int, tuple[Resource | None, Source]] = {}
        self._scopes: dict[int, tuple[InstrumentationScope | None, Scope]] = {}

    def log_record(self, readable: ReadableLogRecord | ReadWriteLogRecord) -> Record | None:
        """Return a log record as a record; None where it is no analytics event."""
        given = readable.log_record
        attributes = _copy(given.attributes)
        name = given.event_name
        # Most records that are selected are so for this, which costs nothing to see.
        if ANALYTICS_TYPE not in attributes and not self._selects(name, attributes):
            return None
        source = self._source(readable.resource)
        severity = given.severity_number
        return Record(
            name,
            attributes,
            given.body,
            timestamp if type(timestamp := given.timestamp) is int else 0,
            observed if type(observed := given.observed_timestamp) is int else 0,
            given.trace_id or 0,
            given.span_id or 0,
            source,
            (attributes, source.client) if source.client else (attributes,),
            scope=self._scope(readable.instrumentation_scope),
            severity=0 if severity is None else severity.value,
        )

    def span_events(self, span: "ReadableSpan") -> list[Record]:
        """Return the analytics events of a span as records, after the page that it is itself."""
        pages = self._pages
        page = self._page(pages, span) if pages is not None and span.kind is SpanKind.SERVER else None
        selected = [event for event in span.events if self._selects(event.name, event.attributes or {})]
        if not selected:
            return [] if page is None else [page]
        shared = _copy(span.attributes)
        source = self._source(span.resource)
        records = [self._span_event(event, span, shared, source) for event in selected]
        return records if page is None else [page, *records]

    def _page(self, pages: ServerSpans, span: "ReadableSpan") -> Record | None:
        shared = _copy(span.attributes)
        attributes = pages.page(shared)
        if attributes is None:
            return None
        context = span.get_span_context()
        source = self._source(span.resource)
        return Record(
            PAGE,
            attributes,
            None,
            _nanoseconds(span.start_time),
            _nanoseconds(span.end_time),
            context.trace_id if context else 0,
            context.span_id if context else 0,
            source,
            (attributes, shared, source.client) if source.client else (attributes, shared),
            shared,
            span.name,
            self._scope(span.instrumentation_scope),
            call=PAGE,
        )

    def _span_event(self, event: "Event", span: "ReadableSpan", shared: JsonObject, source: Source) -> Record:
        attributes = _copy(event.attributes)
        context = span.get_span_context()
        return Record(
            event.name,
            attributes,
            None,
            _nanoseconds(event.timestamp),
            _nanoseconds(span.start_time),
            context.trace_id if context else 0,
            context.span_id if context else 0,
            source,
            (attributes, shared, source.client) if source.client else (attributes, shared),
            shared,
            span.name,
            self._scope(span.instrumentation_scope),
        )

    def _source(self, resource: Resource | None) -> Source:
        known = self._sources.get(id(resource))
        if known is None:
            if len(self._sources) >= _MOST_SOURCES:
                self._sources.clear()
            described = self._mapper.source(_copy(resource.attributes) if resource is not None else {})
            known = self._sources[id(resource)] = (resource, described)
        return known[1]

    def _scope(self, scope: InstrumentationScope | None) -> Scope:
        known = self._scopes.get(id(scope))
        if known is None:
            if len(self._scopes) >= _MOST_SOURCES:
                self._scopes.clear()
            name, version, attributes = (scope.name, scope.version, scope.attributes) if scope else ("", None, None)
            known = self._scopes[id(scope)] = (scope, self._mapper.scope(name, version, _copy(attributes)))
        return known[1]


def _copy(attributes: Mapping[str, Any] | None) -> JsonObject:
    """Copy attributes once: asking the SDK's bounded mapping for each of them takes its lock each time.

    What the SDK made has been through its checks; what anybody else made may hold anything.
    """
    if type(attributes) is BoundedAttributes:
        return attributes.copy()  # type: ignore[return-value]
    return {text(name): json_value(value) for name, value in attributes.items()} if attributes else {}


def _nanoseconds(time: Any) -> int:
    return time if type(time) is int else 0
