"""What the exporters would make of recorded events, without sending any."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from otel_segment._types import Drop, JsonObject, Payload
from otel_segment.exporters._functions import find_function, say_failed_function
from otel_segment.exporters._salt import check_salt
from otel_segment.exporters._seen import Seen
from otel_segment.mapping import PAGE, Mapper, Mapping, Record, ecommerce_flaws
from otel_segment.reasons import DropReason
from otel_segment.wire import MAX_EVENT_BYTES, decode_message, encode_messages

__all__ = ["Outcome", "RecordedEvent", "Rehearsal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A log record, or a span's event, as somebody wrote it down."""

    name: str | None = None
    attributes: JsonObject = field(default_factory=dict)
    body: Any = None
    timestamp: int = 0
    """When it happened, in nanoseconds since 1970; 0 where that is not known."""
    observed_timestamp: int = 0
    trace_id: int = 0
    span_id: int = 0
    severity: int = 0
    resource: JsonObject = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str | None = None
    scope_attributes: JsonObject = field(default_factory=dict)
    span: JsonObject | None = None
    """The attributes of the span, for a span's event."""
    span_name: str | None = None
    is_server_span: bool = False
    """Whether it is a span of kind SERVER itself, and no event: its attributes are those of the span."""


class Outcome(NamedTuple):
    """What becomes of an event."""

    rule: int | None
    """The position of the rule that takes it."""
    is_selected: bool
    """Whether it is an event of analytics at all."""
    messages: list[JsonObject]
    drops: list[Drop]
    flaws: list[str]
    """What the specification that the mapping names wants of the messages and does not find."""


class Rehearsal:
    """An exporter's conversion, for events that come one after the other, as one exporter would see them.

    Args:
        mapping: The mapping.
        salt: The secret for its hashes.

    Raises:
        ConfigurationError: If the mapping needs a salt and there is none.
    """

    def __init__(self, mapping: Mapping, salt: str | None) -> None:
        check_salt(mapping, salt)
        self._taken = 0
        self._validates = mapping.validate is not None
        memory = Seen(mapping.seen.limit, mapping.seen.time_to_live)
        self._mapper = Mapper(mapping, salt=salt, memory=memory, resolve=find_function, report=say_failed_function)

    def event_of(self, recorded: RecordedEvent) -> RecordedEvent | None:
        """Return what there is to take: of a span the page that it is, or None where the mapping makes none of it."""
        if not recorded.is_server_span:
            return recorded
        pages = self._mapper.pages
        if pages is None or (attributes := pages.page(recorded.attributes)) is None:
            return None
        return replace(recorded, name=PAGE, attributes=attributes, span=recorded.attributes)

    def take(self, event: RecordedEvent) -> Outcome:
        """Convert an event."""
        self._taken += 1
        record = self._record(event)
        rule = self._mapper.rule_for(record)
        made = self._mapper.map(record)
        if made is None:
            return Outcome(rule, is_selected=False, messages=[], drops=[], flaws=[])
        drops = [each for each in made if isinstance(each, Drop)]
        payloads = [each for each in made if not isinstance(each, Drop)]
        messages: list[JsonObject] = []
        for encoded in encode_messages(payloads, record.seed, keeps_last=self._mapper.introduces) if payloads else ():
            if encoded is None or len(encoded) > MAX_EVENT_BYTES:
                size = f"{len(encoded):,} of at most {MAX_EVENT_BYTES:,} bytes" if encoded else "too many values"
                drops.append(Drop(DropReason.EVENT_TOO_LARGE, {}, size))
            else:
                messages.append(decode_message(encoded))
        flaws = [flaw for payload in payloads for flaw in self._flaws(payload)]
        return Outcome(rule, is_selected=True, messages=messages, drops=drops, flaws=flaws)

    def _flaws(self, payload: Payload) -> list[str]:
        if not self._validates or "event" not in payload:
            return []
        return ecommerce_flaws(payload["event"], payload.get("properties", {}))

    def _record(self, event: RecordedEvent) -> Record:
        source = self._mapper.source(event.resource)
        places = (event.attributes, event.span, source.client or None)
        return Record(
            event.name,
            event.attributes,
            event.body,
            event.timestamp,
            # Two that nobody gave a time are two events all the same.
            event.observed_timestamp or (0 if event.timestamp else self._taken),
            event.trace_id,
            event.span_id,
            source,
            tuple(place for place in places if place is not None),
            event.span,
            event.span_name,
            self._mapper.scope(event.scope_name, event.scope_version, event.scope_attributes),
            event.severity,
            PAGE if event.is_server_span else None,
        )
