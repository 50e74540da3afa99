"""Which properties or traits a call has: all, all but some, or those that the mapping names."""

from collections.abc import Callable
from typing import Any, Protocol

from otel_segment._types import JsonObject
from otel_segment.mapping._calls import CallKind
from otel_segment.mapping._conditions import compile_globs
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._record import Record
from otel_segment.mapping._terms import Properties, Value

__all__ = ["Selection", "compile_properties", "nested"]


class Selection(Protocol):
    """What chooses the properties or traits of a call."""

    def of(self, call: CallKind, record: Record, plan: Plan, under: JsonObject) -> JsonObject:
        """Return the properties or traits.

        Args:
            call: The kind of call, which knows all that would be there without a rule.
            record: The record.
            plan: The plan for its attributes.
            under: The fields that lie under all that is said.
        """
        ...


_DROP = "drop"


def compile_properties(spec: Properties, value: Callable[[Value], Getter]) -> Selection:
    """Return what chooses properties or traits.

    Args:
        spec: What the mapping says.
        value: Compiles one value.
    """
    if spec is True:
        return _All()
    if isinstance(spec, list):
        return _Merged([compile_properties(item, value) for item in spec], spec)
    if spec is False:
        return _Named([])
    globs = spec.get(_DROP)
    if isinstance(globs, list):
        return _AllBut(globs)
    return _Named([(name, value(made)) for name, made in spec.items() if not isinstance(made, list)])


def is_drop(spec: Any) -> bool:
    """Tell a list of what to leave out from a property of that name, whose value is never a list."""
    return isinstance(spec, dict) and isinstance(spec.get(_DROP), list)


def nested(fields: JsonObject) -> JsonObject:
    """Return fields with the dots in their names made maps; what stands under a name that is no map stays flat."""
    plain = {name for name, value in fields.items() if not isinstance(value, dict)}
    result: JsonObject = {}
    for name, value in fields.items():
        path = name.split(".")
        above = {".".join(path[:length]) for length in range(1, len(path))}
        if "" in path or not plain.isdisjoint(above) or not _place(result, path, value):
            result[name] = value
    return result


def _place(result: JsonObject, path: list[str], value: Any) -> bool:
    """Put a value at the end of a path; False where there is something on the way that is no map."""
    target = result
    for step in path[:-1]:
        inner = target.get(step, {})
        if not isinstance(inner, dict):
            return False
        # A map that the application gave is not ours to change.
        target[step] = target = {**inner}
    known = target.get(path[-1])
    target[path[-1]] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return True


class _All:
    def of(self, call: CallKind, record: Record, plan: Plan, under: JsonObject) -> JsonObject:
        return call.complete(record, plan, under)


class _AllBut:
    def __init__(self, globs: list[str]) -> None:
        self._is_dropped = compile_globs(globs)

    def of(self, call: CallKind, record: Record, plan: Plan, under: JsonObject) -> JsonObject:
        return self._without(call.complete(record, plan, under), "")

    def _without(self, fields: JsonObject, path: str) -> JsonObject:
        return {
            name: self._without(value, f"{path}{name}.") if isinstance(value, dict) else value
            for name, value in fields.items()
            if not self._is_dropped(path + name)
        }


class _Named:
    def __init__(self, fields: list[tuple[str, Getter]]) -> None:
        self._fields = fields

    def of(self, call: CallKind, record: Record, plan: Plan, under: JsonObject) -> JsonObject:  # noqa: ARG002
        for name, get in self._fields:
            value = get(record, MISSING)
            if value is not MISSING:
                under[name] = value
        return under


class _Merged:
    """What merges selections; what one of them leaves out does not come back from what lies under all."""

    def __init__(self, selections: list[Selection], specs: list[Any]) -> None:
        self._steps = [(each, spec is True or is_drop(spec)) for each, spec in zip(selections, specs, strict=True)]
        self._has_all = any(is_complete for _, is_complete in self._steps)

    def of(self, call: CallKind, record: Record, plan: Plan, under: JsonObject) -> JsonObject:
        result: JsonObject = {} if self._has_all else under
        for selection, is_complete in self._steps:
            result.update(selection.of(call, record, plan, {**under} if is_complete else {}))
        return result
