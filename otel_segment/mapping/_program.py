"""What is done with the records of one rule, or of none: all that the mapping says of them, compiled."""

from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingType
from functools import partial
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from otel_segment._types import Call, JsonObject
from otel_segment.mapping._calls import CALLS
from otel_segment.mapping._document import Defaults, Mapping, Rule
from otel_segment.mapping._draft import Finish
from otel_segment.mapping._forms import Compiler
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._introductions import Introduction, SignIn, introduce, introduce_group
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
    name: Callable[[Record, str | None], str | None] | None
    """Gives the event its name; None where it keeps its own."""
    properties: Selection
    sides: tuple[_Side, ...]
    """The calls besides the event's own, in their order."""
    skip: bool
    integrations: JsonObject
    context: tuple[list[tuple[str, Getter]], ...]
    """What is laid over the context, in this order."""
    finish: Finish | None
    """What is done to all properties and traits."""
    makes_values: bool
    """Whether the event's own call has values that are made of others, at which nothing has looked yet."""
    only_introduces: bool
    """Whether the mapping's own calls are all that there is besides an event's own."""
    introductions: dict[str, tuple[Introduction, ...]]
    """The mapping's own calls before an event of each type: what that says itself is not said before it."""

    def due(self, record: Record, plan: Plan, ids: MappingType[str, Any], *, introduces: bool) -> Iterator[SideCall]:
        """Yield what makes the calls besides the event's own, in their order.

        Args:
            record: The record.
            plan: The plan for its attributes.
            ids: Its type and its person.
            introduces: Whether the mapping's own may be among them.
        """
        said = self.introductions[ids["type"]] if introduces else ()
        for side in self.sides:
            if side.make is not None:
                yield side.make
            elif (introduction := side.introduction) is not None and introduction in said:
                found = introduction.due(record, plan, ids)
                if found is not None:
                    yield partial(introduction.make, found)


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
        defaults = self._defaults(mapping.defaults)
        self._finish = Finish(defaults, mapping.nest) if mapping.nest or any(defaults.values()) else None
        self._context = compiler.values(mapping.context)
        self._makes_values = bool(mapping.context or any(defaults.values()))
        self._introductions = dict(self._introduced(mapping, memory))

    def compile(self, rule: Rule | None) -> Program:
        """Return what is done with the records of a rule, or with those of none."""
        said = rule or Rule(match="*")
        context = (self._context, self._compiler.values(said.context))
        sides = tuple(self._sides(said))
        return Program(
            ignore=said.ignore,
            type=said.type,
            sample=said.sample,
            name=self._name(said),
            properties=self._compiler.properties(said.properties),
            sides=sides,
            skip=said.skip,
            integrations={**self._mapping.integrations, **said.integrations},
            context=tuple(fields for fields in context if fields),
            finish=self._finish,
            makes_values=self._makes_values or _makes_values(said),
            only_introduces=not said.skip and all(side.make is None for side in sides),
            introductions={kind: tuple(_before(kind, sides, skip=said.skip)) for kind in CALLS},
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

    def _name(self, rule: Rule) -> Callable[[Record, str | None], str | None] | None:
        if rule.name is UNSET:
            return None
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


def _before(kind: str, sides: tuple[_Side, ...], *, skip: bool) -> Iterator[Introduction]:
    for side in sides:
        if side.introduction is not None and (skip or kind not in {side.kind, "alias"}):
            yield side.introduction


def _makes_values(rule: Rule) -> bool:
    names = not isinstance(rule.name, str | UnsetType)
    chooses = isinstance(rule.properties, dict | list) and rule.properties not in ({}, [])
    return bool(names or chooses or rule.context)
