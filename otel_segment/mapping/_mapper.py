"""From a record to the Segment calls that it makes, or the reason why it makes none."""

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from functools import lru_cache, partial
from typing import Any, cast

import msgspec

from otel_segment import semconv
from otel_segment._types import Drop, JsonObject, Payload
from otel_segment.mapping._anonymity import Anonymity, conceal
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._consent import Consent, State
from otel_segment.mapping._context import merge_given
from otel_segment.mapping._document import Identity, Mapping
from otel_segment.mapping._draft import Draft
from otel_segment.mapping._forms import Compiler, Function, evaluate
from otel_segment.mapping._ids import known_of, message_id
from otel_segment.mapping._memory import NO_MEMORY, Memory
from otel_segment.mapping._people import People, add_ids
from otel_segment.mapping._plan import Plan, Plans
from otel_segment.mapping._privacy import Privacy
from otel_segment.mapping._program import Program, Programs
from otel_segment.mapping._record import Record, Scope, Source, event_name
from otel_segment.mapping._rules import Rules
from otel_segment.mapping._sample import is_kept
from otel_segment.mapping._server_span import ServerSpans
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


def _untold(*_: object) -> None:
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

    Attributes:
        pages: Finds the page views among server spans; None where the mapping does not ask for them.
        introduces: Whether some calls depend on what was said before, so that no other call's id may depend on them.
    """

    def __init__(
        self,
        mapping: Mapping = _NO_MAPPING,
        *,
        salt: str | None = None,
        memory: Memory = NO_MEMORY,
        resolve: Callable[[str], Function] = _unresolved,
        report: Callable[[str, Exception], None] = _untold,
        on_denied: Callable[[str], None] = _untold,
    ) -> None:
        compiler = Compiler(resolve, report)
        programs = Programs(mapping, compiler, memory)
        self._privacy = Privacy(mapping.privacy, salt, on_denied)
        self.pages = ServerSpans(self._privacy) if mapping.pages_from_spans else None
        self._clean_name = lru_cache(_MOST_NAMES)(self._privacy.text)
        self.introduces = bool(mapping.identify or mapping.group or mapping.on_sign_in)
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
        clean = self._privacy.text
        return Scope(clean(name), version and clean(version), self._privacy.attributes(attributes))

    def selects(self, name: str | None, attributes: MappingType[str, Any]) -> bool:
        """Tell whether an event may be one of analytics at all, at the least cost."""
        if semconv.ANALYTICS_TYPE in attributes:
            return True
        event = event_name(name, attributes)
        return (self._selects_names and event is not None) or (self._has_rules and self._rules.may_take(event))

    def rule_for(self, record: Record) -> int | None:
        """Return the position of a record's rule; None where it has none."""
        record = self._cleaned(record)
        return self._rules.find(event_name(record.name, record.attributes), record)

    def map(self, record: Record) -> list[Payload | Drop] | None:
        """Return what a record makes: its payloads, or why it makes one not; None where it is no analytics event.

        A payload has a ``messageId`` only where the record brings one; else it is made from the encoded payload.
        """
        record = self._cleaned(record)
        attributes = record.attributes
        event = event_name(record.name, attributes)
        found = self._rules.find(event, record) if self._has_rules else None
        program = self._default if found is None else self._programs[found]
        kind = attributes.get(semconv.ANALYTICS_TYPE)
        if kind is None:
            if found is None and record.call is None and not (self._selects_names and event):
                return None
            kind = program.type or record.call or "track"
        try:
            return self._convert(record, event, program, kind)
        except TooManyValues:
            return [Drop(DropReason.EVENT_TOO_LARGE, known_of(kind, event, record))]

    def _cleaned(self, record: Record) -> Record:
        """Take out of a record what may not be read; nearly always there is nothing."""
        privacy = self._privacy
        if not privacy.is_needed:
            return record
        attributes = privacy.attributes(record.attributes)
        body = record.body if record.body is None else privacy.body(record.body)
        span = record.span if record.span is None else privacy.attributes(record.span)
        name = record.name if record.name is None else self._clean_name(record.name)
        span_name = record.span_name and self._clean_name(record.span_name)
        is_same = attributes is record.attributes and body is record.body and name is record.name
        if is_same and span is record.span and span_name is record.span_name:
            return record
        places = tuple(place for place in (attributes, span, record.source.client or None) if place is not None)
        return msgspec.structs.replace(
            record, name=name, attributes=attributes, body=body, span=span, span_name=span_name, places=places
        )

    def _convert(self, record: Record, event: str | None, program: Program, kind: Any) -> list[Payload | Drop]:
        consent = self._consent.state(record, event, kind, program.name) if self._consent.is_required else State.GIVEN
        if refusal := self._refusal(program, kind, consent):
            return [Drop(refusal, known_of(kind, event, record))]
        plan = self._plans.plan_for(record, event)
        ids: Payload = {"type": kind}
        if self._people is None:
            add_ids(record, plan, ids)
        else:
            ids.update(self._people.ids(record))  # type: ignore[typeddict-item]
        if program.sample is not None and not is_kept(ids, program.sample):
            return [Drop(DropReason.SAMPLED_OUT, known_of(kind, event, record))]
        if program.only_introduces:
            made = [self._own(record, event, program, plan, ids)]
            if program.sides and consent is State.GIVEN and type(made[0]) is not Drop:
                self._introduce(record, program, plan, made)
        else:
            made = self._several(record, event, program, plan, ids, introduces=consent is State.GIVEN)
        if consent is not State.GIVEN:
            made = self._concealed(made, record, consent)
        if self._privacy.looks_again or program.makes_values or len(made) > 1:
            self._look_again(made)
        return made

    def _look_again(self, made: "list[Payload | Drop]") -> None:
        """Take out of calls what the mapping made of values that may be read one by one."""
        for each in made if self._privacy.is_needed else ():
            if not isinstance(each, Drop):
                self._privacy.payload(each)

    def _concealed(self, made: "list[Payload | Drop]", record: Record, consent: State) -> "list[Payload | Drop]":
        """Take the person out of calls for which consent is lacking; who takes it back is still somebody."""
        if consent is State.LACKING:
            return made if self._anonymity is None else self._anonymity.apply(made, record)
        own = made[-1:]
        for each in own:
            if not isinstance(each, Drop):
                conceal(each)
        return own

    def _refusal(self, program: Program, kind: Any, consent: State) -> DropReason | None:
        """Return why an event may not leave, whoever it is of."""
        if program.ignore:
            return DropReason.IGNORED_BY_RULE
        if not isinstance(kind, str) or kind not in CALLS:
            return DropReason.UNKNOWN_TYPE
        return DropReason.NO_CONSENT if consent is State.LACKING and self._anonymity is None else None

    def _own(self, record: Record, event: str | None, program: Program, plan: Plan, payload: Payload) -> Payload | Drop:
        """Make an event's own call of what tells its type and its person."""
        kind = payload["type"]
        call = CALLS[kind]
        name = event if program.name is None else program.name(record, event)
        missing = call.require(record, payload, name)
        if missing is None and "userId" not in payload and "anonymousId" not in payload:
            missing = DropReason.MISSING_IDENTITY
        if missing is not None:
            return Drop(missing, known_of(kind, name, record))
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
        return made or [Drop(DropReason.IGNORED_BY_RULE, known_of(ids["type"], event, record))]

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
            if own is None or isinstance(own, Drop):
                cast("Payload", made[-1 if self.introduces else 0])["messageId"] = uid
            elif not self.introduces:
                cast("Payload", made[0])["messageId"] = own.pop("messageId")
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
