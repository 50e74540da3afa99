"""What is done with the records of one rule, or of none: all that the mapping says of them, compiled."""

from collections.abc import Callable
from typing import NamedTuple

from msgspec import UNSET

from otel_segment._types import Call, Drop, JsonObject, Payload
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._document import Defaults, Mapping, Rule
from otel_segment.mapping._draft import Draft, Finish
from otel_segment.mapping._forms import Compiler, evaluate
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._memory import Memory
from otel_segment.mapping._properties import Selection
from otel_segment.mapping._record import Record
from otel_segment.mapping._side_calls import (
    SideCall,
    compile_alias,
    compile_group,
    compile_identify,
    compile_view,
    once,
    sign_in,
)
from otel_segment.reasons import DropReason

__all__ = ["Program", "Programs"]


class _Side(NamedTuple):
    """A call besides the event's own."""

    kind: Call
    make: SideCall
    is_of_rule: bool


class Program(NamedTuple):
    """What is done with a record."""

    ignore: bool
    type: Call | None
    sample: float | None
    is_plain: bool
    """Whether its calls are what they would be without a mapping."""
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
            # What an event says itself the mapping does not say before it.
            is_said = kind in {side.kind, "alias"} and not (side.is_of_rule or self.skip)
            if not is_said and (payload := side.make(draft)) is not None:
                made.append(payload)
        if not self.skip:
            made.append(self._own(draft, kind, event))
        return made

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
        self._identify = mapping.identify and once(compile_identify(mapping.identify, compiler), memory)
        self._group = mapping.group and once(compile_group(mapping.group, compiler), memory)
        self._sign_in = sign_in(memory) if mapping.on_sign_in else UNSET
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
        is_plain = self._is_plain and said.properties is True and said.name is UNSET
        return Program(
            ignore=said.ignore,
            type=said.type,
            sample=said.sample,
            is_plain=is_plain and not (sides or said.skip or said.context or said.integrations),
            name=self._name(said),
            properties=self._compiler.properties(said.properties),
            sides=sides,
            skip=said.skip,
            integrations={**self._mapping.integrations, **said.integrations},
            context=tuple(fields for fields in context if fields),
            finish=self._finish,
        )

    def _sides(self, rule: Rule) -> "list[_Side]":
        compiler = self._compiler
        sides: list[_Side] = []
        if rule.identify:
            sides.append(_Side("identify", compile_identify(rule.identify, compiler), True))
        elif self._identify:
            sides.append(_Side("identify", self._identify, False))
        if rule.group:
            sides.append(_Side("group", compile_group(rule.group, compiler), True))
        elif self._group:
            sides.append(_Side("group", self._group, False))
        if rule.page:
            sides.append(_Side("page", compile_view("page", rule.page, compiler), True))
        if rule.screen:
            sides.append(_Side("screen", compile_view("screen", rule.screen, compiler), True))
        if rule.alias:
            sides.append(_Side("alias", compile_alias(rule.alias, compiler), True))
        elif self._sign_in:
            sides.append(_Side("alias", self._sign_in, False))
        return sides

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
