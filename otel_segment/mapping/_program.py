"""What is done with the records of one rule, or of none: all that the mapping says of them, compiled."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingType
from typing import Any, NamedTuple

from msgspec import UNSET

from otel_segment._types import Call, Drop, JsonObject, Payload
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._document import Defaults, Mapping, Rule
from otel_segment.mapping._draft import Draft, Finish
from otel_segment.mapping._forms import Compiler, evaluate
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._introductions import Found, Introduction, SignIn, introduce, introduce_group
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._memory import Memory
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._properties import Selection
from otel_segment.mapping._record import Record
from otel_segment.mapping._side_calls import (
    SideCall,
    compile_alias,
    compile_group,
    compile_identify,
    compile_view,
)
from otel_segment.reasons import DropReason

__all__ = ["Program", "Programs"]

_ORDER: tuple[Call, ...] = ("identify", "group", "page", "screen", "alias")


class _Side(NamedTuple):
    """A call besides the event's own: the rule's each time, or the mapping's where it is news."""

    kind: Call
    make: SideCall | None
    introduction: Introduction | None


class Program(NamedTuple):
    """What is done with a record."""

    ignore: bool
    type: Call | None
    sample: float | None
    is_plain: bool
    """Whether the event's own call is what it would be without a mapping, and no rule makes another."""
    name: Callable[[Record, str | None], str | None]
    """Gives the event its name."""
    properties: Selection
    sides: tuple[_Side, ...]
    """The calls besides the event's own, in their order."""
    skip: bool
    integrations: JsonObject
    context: tuple[list[tuple[str, Getter]], ...]
    """What is laid over the context, in this order."""
    finish: Finish

    def given(self, record: Record) -> list[JsonObject]:
        """Return what is laid over the context of a record."""
        return [evaluate(fields, record) for fields in self.context]

    def make(self, draft: Draft, kind: Call, event: str | None) -> "list[Payload | Drop]":
        """Return all calls of a draft, in their order."""
        made: list[Payload | Drop] = []
        for side in self.sides:
            payload: Payload | None = None
            if side.make is not None:
                payload = side.make(draft)
            elif side.introduction is not None and not self._says(kind, side.kind):
                found = side.introduction.due(draft.record, draft.plan, draft.ids)
                payload = side.introduction.make(draft, found) if found else None
            if payload is not None:
                made.append(payload)
        if not self.skip:
            made.append(self._own(draft, kind, event))
        return made

    def news(
        self, record: Record, plan: Plan, kind: str, ids: MappingType[str, Any]
    ) -> list[tuple[Introduction, Found]]:
        """Return the calls that are to be made of a person before an event whose own call is plain."""
        due: list[tuple[Introduction, Found]] = []
        for side in self.sides:
            if side.introduction is not None and not self._says(kind, side.kind):
                found = side.introduction.due(record, plan, ids)
                if found is not None:
                    due.append((side.introduction, found))
        return due

    def _says(self, kind: str, side: Call) -> bool:
        """Tell whether an event says itself what the mapping would say before it."""
        return kind in {side, "alias"} and not self.skip

    def _own(self, draft: Draft, kind: Call, event: str | None) -> Payload | Drop:
        record, call = draft.record, CALLS[kind]
        name = self.name(record, event)
        payload = draft.begin(kind)
        missing = call.require(record, payload, name)
        if missing is None and not draft.has_identity:
            missing = DropReason.MISSING_IDENTITY
        if missing is not None:
            return Drop(missing, {"type": kind, **({"event": name} if name else {})})
        if call.title is not None:
            call.title(record, payload, draft.context)
            if name and name != event:
                payload["name"] = name
        draft.fill(payload, self.properties)
        return payload


class Programs:
    """Compiles what a mapping says.

    Args:
        mapping: The mapping.
        compiler: Compiles its parts.
        memory: Remembers who was identified.
    """

    def __init__(self, mapping: Mapping, compiler: Compiler, memory: Memory) -> None:
        self._mapping = mapping
        self._compiler = compiler
        self._finish = Finish(self._defaults(mapping.defaults), mapping.nest)
        self._context = compiler.values(mapping.context)
        self._introductions = dict(self._introduced(mapping, memory))
        self._is_plain = self._finish.is_nothing and not (
            self._context
            or mapping.integrations
            or mapping.consent
            or mapping.identity.user_id
            or mapping.identity.anonymous_id
            or mapping.without_consent == "anonymize"
        )

    def compile(self, rule: Rule | None) -> Program:
        """Return what is done with the records of a rule, or with those of none."""
        said = rule or Rule(match="*")
        context = (self._context, self._compiler.values(said.context))
        sides = tuple(self._sides(said))
        is_plain = self._is_plain and said.properties is True and said.name is UNSET and not said.skip
        if any(side.make is not None for side in sides) or said.context or said.integrations:
            is_plain = False
        return Program(
            ignore=said.ignore,
            type=said.type,
            sample=said.sample,
            is_plain=is_plain,
            name=self._name(said),
            properties=self._compiler.properties(said.properties),
            sides=sides,
            skip=said.skip,
            integrations={**self._mapping.integrations, **said.integrations},
            context=tuple(fields for fields in context if fields),
            finish=self._finish,
        )

    def _introduced(self, mapping: Mapping, memory: Memory) -> "Iterator[tuple[Call, Introduction]]":
        compiler, finish = self._compiler, self._finish
        if mapping.identify:
            yield "identify", introduce(mapping.identify, compiler, finish, memory)
        if mapping.group:
            yield "group", introduce_group(mapping.group, compiler, finish, memory)
        if mapping.on_sign_in:
            yield "alias", SignIn(memory)

    def _sides(self, rule: Rule) -> "Iterator[_Side]":
        own = dict(self._own_sides(rule))
        for kind in _ORDER:
            if kind in own:
                yield _Side(kind, own[kind], None)
            elif kind in self._introductions:
                yield _Side(kind, None, self._introductions[kind])

    def _own_sides(self, rule: Rule) -> "Iterator[tuple[Call, SideCall]]":
        compiler = self._compiler
        if rule.identify:
            yield "identify", compile_identify(rule.identify, compiler)
        if rule.group:
            yield "group", compile_group(rule.group, compiler)
        if rule.page:
            yield "page", compile_view("page", rule.page, compiler)
        if rule.screen:
            yield "screen", compile_view("screen", rule.screen, compiler)
        if rule.alias:
            yield "alias", compile_alias(rule.alias, compiler)

    def _name(self, rule: Rule) -> Callable[[Record, str | None], str | None]:
        if rule.name is UNSET:
            return lambda _, event: event
        if isinstance(rule.name, str):
            constant = rule.name
            return lambda _, __: constant
        get = self._compiler.value(rule.name)
        return lambda record, event: identifier(get(record, MISSING)) or event

    def _defaults(self, defaults: Defaults) -> dict[str, list[tuple[str, Getter]]]:
        values = self._compiler.values
        found: dict[str, list[tuple[str, Getter]]] = {}
        for kind, said in (("track", defaults.track), ("page", defaults.page), ("screen", defaults.screen)):
            if said:
                found[kind] = values(said.properties)
        for kind, given in (("identify", defaults.identify), ("group", defaults.group)):
            if given:
                found[kind] = values(given.traits)
        return found
