"""From a record to the Segment calls that it makes, or the reason why it makes none."""

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from functools import lru_cache, partial
from typing import Any, cast

import msgspec

from otel_segment import semconv
from otel_segment._types import Drop, JsonObject, Payload
from otel_segment.mapping._anonymity import Anonymity
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._consent import Consent
from otel_segment.mapping._context import merge_given
from otel_segment.mapping._document import Identity, Mapping
from otel_segment.mapping._draft import Draft
from otel_segment.mapping._forms import Compiler, Function, evaluate
from otel_segment.mapping._identity import ANONYMOUS_ID_NAMES, USER_ID_NAMES, first_identifier
from otel_segment.mapping._ids import message_id
from otel_segment.mapping._memory import NO_MEMORY, Memory
from otel_segment.mapping._people import People
from otel_segment.mapping._plan import Plan, Plans
from otel_segment.mapping._privacy import Privacy
from otel_segment.mapping._program import Program, Programs
from otel_segment.mapping._record import Record, Scope, Source
from otel_segment.mapping._rules import Rules
from otel_segment.mapping._sample import is_kept
from otel_segment.mapping._side_calls import SideCall
from otel_segment.mapping._source import describe_source
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import TooManyValues
from otel_segment.reasons import DropReason

__all__ = ["Mapper"]

_NO_MAPPING = Mapping()
_MOST_NAMES = 4_096
_IDS = ("userId", "anonymousId")


def _unresolved(name: str) -> Function:
    message = f"nothing here finds the function {name}"
    raise LookupError(message)


def _untold(_: str) -> None:
    return None


def _unreported(_: str, __: Exception) -> None:
    return None


class Mapper:
    """Turns records into payloads under one mapping.

    Pure: what it returns depends on the record, the mapping and what the memory holds. It may be called by many
    threads at once.

    Args:
        mapping: The mapping; the default selects the events that carry ``analytics.type``.
        salt: The secret for hashes and pseudonyms.
        memory: Remembers who was identified; by default nothing does.
        resolve: Finds the functions that the mapping names.
        report: Told of a function that fails.
        on_denied: Told of each name for which the deny list leaves out what would be sent.
    """

    def __init__(
        self,
        mapping: Mapping = _NO_MAPPING,
        *,
        salt: str | None = None,
        memory: Memory = NO_MEMORY,
        resolve: Callable[[str], Function] = _unresolved,
        report: Callable[[str, Exception], None] = _unreported,
        on_denied: Callable[[str], None] = _untold,
    ) -> None:
        compiler = Compiler(resolve, report)
        programs = Programs(mapping, compiler, memory)
        self._privacy = Privacy(mapping.privacy, salt, on_denied)
        self._clean_name = lru_cache(_MOST_NAMES)(self._privacy.text)
        self._rules = Rules(mapping.rules, compiler)
        self._programs = [programs.compile(rule) for rule in mapping.rules]
        self._default = programs.compile(None)
        self._has_rules = bool(mapping.rules)
        self._selects_names = mapping.select == "named"
        self._people = People(mapping.identity, compiler) if mapping.identity != Identity() else None
        self._consent = Consent(mapping)
        self._anonymity = Anonymity(salt or "") if mapping.without_consent == "anonymize" else None
        self._plans = Plans()

    def source(self, resource: JsonObject) -> Source:
        """Work out what all records of a resource have in common.

        Args:
            resource: The resource's attributes.
        """
        return describe_source(resource, self._privacy.attributes)

    def scope(self, name: str, version: str | None, attributes: JsonObject) -> Scope:
        """Return an instrumentation scope as records have it."""
        return Scope(name, version, self._privacy.attributes(attributes))

    def selects(self, name: str | None, attributes: MappingType[str, Any]) -> bool:
        """Tell whether an event may be one of analytics at all, at the least cost."""
        if semconv.ANALYTICS_TYPE in attributes:
            return True
        event = _event_name(name, attributes)
        return (self._selects_names and event is not None) or (self._has_rules and self._rules.may_take(event))

    def rule_for(self, record: Record) -> int | None:
        """Return the position of the rule that takes a record; None where there is none."""
        record = self._cleaned(record)
        return self._rules.find(_event_name(record.name, record.attributes), record)

    def map(self, record: Record) -> list[Payload | Drop] | None:
        """Return what a record makes: its payloads, or why it makes one not; None where it is no analytics event.

        A payload has a ``messageId`` only where the record brings one; else it is made from the encoded payload.
        """
        record = self._cleaned(record)
        attributes = record.attributes
        event = _event_name(record.name, attributes)
        found = self._rules.find(event, record) if self._has_rules else None
        program = self._default if found is None else self._programs[found]
        kind = attributes.get(semconv.ANALYTICS_TYPE)
        if kind is None:
            if found is None and not (self._selects_names and event):
                return None
            kind = program.type or "track"
        try:
            return self._convert(record, event, program, kind)
        except TooManyValues:
            return [Drop(DropReason.EVENT_TOO_LARGE, _known(kind, event, record))]

    def _cleaned(self, record: Record) -> Record:
        """Take out of a record what may not be read; nearly always there is nothing."""
        privacy = self._privacy
        if not privacy.is_needed:
            return record
        attributes = privacy.attributes(record.attributes)
        body = record.body if record.body is None else privacy.body(record.body)
        span = record.span if record.span is None else privacy.attributes(record.span)
        name = record.name if record.name is None else self._clean_name(record.name)
        if attributes is record.attributes and body is record.body and span is record.span and name is record.name:
            return record
        places = tuple(place for place in (attributes, span, record.source.client or None) if place is not None)
        return msgspec.structs.replace(record, name=name, attributes=attributes, body=body, span=span, places=places)

    def _convert(self, record: Record, event: str | None, program: Program, kind: Any) -> list[Payload | Drop]:
        is_anonymous = self._consent.is_required and self._consent.is_lacking(record, event, program.name)
        if refusal := self._refusal(program, kind, is_anonymous=is_anonymous):
            return [Drop(refusal, _known(kind, event, record))]
        plan = self._plans.plan_for(record, event)
        ids: Payload = {"type": kind}
        if self._people is None:
            _add_identity(record, plan, ids)
        else:
            ids.update(self._people.ids(record))  # type: ignore[typeddict-item]
        if program.sample is not None and not is_kept(ids, program.sample):
            return [Drop(DropReason.SAMPLED_OUT, _known(kind, event, record))]
        if program.only_introduces:
            made = [self._own(record, event, program, plan, ids)]
            if program.sides and not is_anonymous and type(made[0]) is not Drop:
                self._introduce(record, program, plan, made)
        else:
            made = self._several(record, event, program, plan, ids, introduces=not is_anonymous)
        if is_anonymous and self._anonymity is not None:
            made = self._anonymity.apply(made, record)
        if self._privacy.looks_again:
            for each in made:
                if not isinstance(each, Drop):
                    self._privacy.payload(each)
        return made

    def _refusal(self, program: Program, kind: Any, *, is_anonymous: bool) -> DropReason | None:
        """Return why an event may not leave, whoever it is of."""
        if program.ignore:
            return DropReason.IGNORED_BY_RULE
        if not isinstance(kind, str) or kind not in CALLS:
            return DropReason.UNKNOWN_TYPE
        return DropReason.NO_CONSENT if is_anonymous and self._anonymity is None else None

    def _own(self, record: Record, event: str | None, program: Program, plan: Plan, payload: Payload) -> Payload | Drop:
        """Make an event's own call of what tells its type and its person."""
        kind = payload["type"]
        call = CALLS[kind]
        name = event if program.name is None else program.name(record, event)
        missing = call.require(record, payload, name)
        if missing is None and "userId" not in payload and "anonymousId" not in payload:
            missing = DropReason.MISSING_IDENTITY
        if missing is not None:
            return Drop(missing, _known(kind, name, record))
        if plan.has_uid and (uid := message_id(record)):
            payload["messageId"] = uid
        payload["timestamp"] = iso_time(record.timestamp or record.observed_timestamp)
        payload["context"] = context = self._context(record, plan)
        if call.title is not None:
            call.title(record, payload, context)
            if name and name != event:
                payload["name"] = name
        if call.holder is not None:
            fields = program.properties.of(call, record, plan, call.begin(record, payload, context))
            payload[call.holder] = fields if program.finish is None else program.finish.fields(record, kind, fields)  # type: ignore[literal-required]
        call.surround(record, plan, context)
        for given in program.context:
            merge_given(context, evaluate(given, record))
        if plan.has_context:
            merge_given(context, record.first(semconv.ANALYTICS_CONTEXT))
        if integrations := self._integrations(record, program, plan):
            payload["integrations"] = integrations
        return payload

    def _introduce(self, record: Record, program: Program, plan: Plan, made: "list[Payload | Drop]") -> None:
        """Put the calls before an event's own that are news of its person; mostly there is none."""
        own: Payload = made[0]  # type: ignore[assignment]
        due: list[SideCall] = []
        for introduction in program.introductions[own["type"]]:
            found = introduction.due(record, plan, own)
            if found is not None:
                due.append(partial(introduction.make, found))
        if due:
            made[:] = self._besides(record, program, plan, due, own)

    def _several(
        self, record: Record, event: str | None, program: Program, plan: Plan, ids: Payload, *, introduces: bool
    ) -> list[Payload | Drop]:
        """Make all calls of a record, in their order."""
        own = None if program.skip else self._own(record, event, program, plan, {**ids})
        # Whose event does not leave is not introduced by it; what a rule says leaves all the same.
        due = list(program.due(record, plan, ids, introduces=introduces and type(own) is not Drop))
        made = self._besides(record, program, plan, due, own, ids)
        return made or [Drop(DropReason.IGNORED_BY_RULE, _known(ids["type"], event, record))]

    def _besides(
        self,
        record: Record,
        program: Program,
        plan: Plan,
        due: list[SideCall],
        own: Payload | Drop | None,
        person: Payload | None = None,
    ) -> list[Payload | Drop]:
        """Make calls, and put the event's own after them; the first of all has the record's id."""
        ids = person or cast("Payload", own)
        draft = Draft(
            record,
            plan,
            ids={field: cast("str", ids.get(field)) for field in _IDS if field in ids},
            context=self._context(record, plan),
            given=[evaluate(given, record) for given in program.context],
            integrations=self._integrations(record, program, plan),
            finish=program.finish,
        )
        made: list[Payload | Drop] = [payload for make in due if (payload := make(draft)) is not None]
        if made and plan.has_uid and (uid := message_id(record)):
            cast("Payload", made[0])["messageId"] = uid
            if own is not None and not isinstance(own, Drop):
                del own["messageId"]
        return made if own is None else [*made, own]

    def _context(self, record: Record, plan: Plan) -> JsonObject:
        context = record.source.context.copy()
        for add in plan.parts:
            add(record, context)
        if record.trace_id and record.span_id:
            context["trace"] = {"traceId": f"{record.trace_id:032x}", "spanId": f"{record.span_id:016x}"}
        if self._consent.translates:
            self._consent.translate(record, context)
        return context

    def _integrations(self, record: Record, program: Program, plan: Plan) -> JsonObject:
        if not plan.has_integrations:
            return program.integrations
        return {**program.integrations, **record.merged(semconv.ANALYTICS_INTEGRATIONS)}


def _event_name(name: Any, attributes: MappingType[str, Any]) -> str | None:
    """Return an event's name; the attribute is how names were given before records had a field for it."""
    name = name or attributes.get(semconv.EVENT_NAME)
    return name if isinstance(name, str) and name else None


def _add_identity(record: Record, plan: Plan, payload: Payload) -> None:
    # What nearly every event has is looked for first, and for itself.
    user_id = record.attributes.get(semconv.USER_ID)
    if type(user_id) is str and user_id:
        payload["userId"] = user_id
    elif plan.has_user and (found := first_identifier(record, USER_ID_NAMES)):
        payload["userId"] = found
    if plan.has_anonymous and (anonymous_id := first_identifier(record, ANONYMOUS_ID_NAMES)):
        payload["anonymousId"] = anonymous_id


def _known(kind: Any, event: str | None, record: Record) -> JsonObject:
    """Return what can be said of an event that has no payload."""
    known = {"type": kind, "event": event, "messageId": message_id(record)}
    return {field: value for field, value in known.items() if isinstance(value, str)}
