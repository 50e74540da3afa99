"""What all calls that one record makes have in common, and the making of each of them."""

from otel_segment import semconv
from otel_segment._types import Call, JsonObject, Payload
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._context import merge_given
from otel_segment.mapping._forms import evaluate
from otel_segment.mapping._lookup import Getter
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._properties import Selection, nested
from otel_segment.mapping._record import Record
from otel_segment.mapping._time import iso_time

__all__ = ["Draft", "Finish"]


class Finish:
    """What is done to the properties and traits of every call.

    Args:
        defaults: For each type of call, what lies under its fields.
        nest: Whether the dots in names make maps.
    """

    def __init__(self, defaults: dict[str, list[tuple[str, Getter]]], nest: bool) -> None:
        self._defaults = defaults
        self._nest = nest

    def fields(self, record: Record, kind: str, fields: JsonObject) -> JsonObject:
        """Return the fields that a call of a type has in the end."""
        if defaults := self._defaults.get(kind):
            fields = {**evaluate(defaults, record), **fields}
        return nested(fields) if self._nest else fields


class Draft:
    """The calls of one record, while they are made.

    Args:
        record: The record.
        plan: The plan for its attributes.
        ids: ``userId`` and ``anonymousId``, as far as they are known.
        context: The context as it is derived.
        given: What the mapping lays over that, in this order.
        integrations: Where all of the calls go.
        finish: What is done to all of them.
    """

    __slots__ = ("_finish", "_given", "_integrations", "_timestamp", "context", "ids", "plan", "record")

    def __init__(
        self,
        record: Record,
        plan: Plan,
        *,
        ids: dict[str, str],
        context: JsonObject,
        given: list[JsonObject],
        integrations: JsonObject,
        finish: Finish | None,
    ) -> None:
        self.record = record
        self.plan = plan
        self.ids = ids
        self.context = context
        self._given = given
        self._integrations = integrations
        self._finish = finish
        self._timestamp = iso_time(record.timestamp or record.observed_timestamp)

    @property
    def has_identity(self) -> bool:
        """Whether anybody is known."""
        return bool(self.ids)

    def begin(self, kind: Call) -> Payload:
        """Return a call with what it has in common with the others of this record."""
        payload: Payload = {"type": kind}
        payload.update(self.ids)  # type: ignore[typeddict-item]
        payload["timestamp"] = self._timestamp
        payload["context"] = context = self.context.copy()
        CALLS[kind].surround(self.record, self.plan, context)
        for given in self._given:
            merge_given(context, given)
        if self.plan.has_context:
            merge_given(context, self.record.first(semconv.ANALYTICS_CONTEXT))
        if self._integrations:
            payload["integrations"] = self._integrations
        return payload

    def fill(self, payload: Payload, selection: Selection) -> None:
        """Add the properties or traits that are chosen."""
        kind = payload["type"]
        call = CALLS[kind]
        if call.holder is None:
            return
        fields = selection.of(call, self.record, self.plan, call.begin(self.record, payload, self.context))
        payload[call.holder] = fields if self._finish is None else self._finish.fields(self.record, kind, fields)  # type: ignore[literal-required]
