"""Which properties or traits a call has: all, all but some, or those that the mapping names."""

from collections.abc import Callable
from typing import Any, TypeAlias

from otel_segment._types import JsonObject
from otel_segment.mapping._conditions import compile_globs
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._record import Record
from otel_segment.mapping._terms import Properties, Value

__all__ = ["Selection", "compile_properties", "nested"]

Selection: TypeAlias = Callable[[Record, JsonObject, Callable[[JsonObject], JsonObject]], JsonObject]
"""Returns the properties of a call. Its arguments are the record, the fields that lie under all that is said, and
what adds to these all that would be there without a rule."""

_DROP = "drop"


def compile_properties(spec: Properties, value: Callable[[Value], Getter]) -> Selection:
    """Return what chooses properties or traits.

    Args:
        spec: What the mapping says.
        value: Compiles one value.
    """
    if spec is True:
        return _all
    if isinstance(spec, list):
        return _merged([compile_properties(item, value) for item in spec], spec)
    if spec is False:
        return lambda _, under, __: under
    globs = spec.get(_DROP)
    if isinstance(globs, list):
        return _all_but(globs)
    return _named([(name, value(made)) for name, made in spec.items() if not isinstance(made, list)])


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


def _all(_: Record, under: JsonObject, complete: Callable[[JsonObject], JsonObject]) -> JsonObject:
    return complete(under)


def _all_but(globs: list[str]) -> Selection:
    is_dropped = compile_globs(globs)
    return lambda _, under, complete: {name: value for name, value in complete(under).items() if not is_dropped(name)}


def _named(fields: list[tuple[str, Getter]]) -> Selection:
    def select(record: Record, under: JsonObject, _: Callable[[JsonObject], JsonObject]) -> JsonObject:
        for name, get in fields:
            value = get(record, MISSING)
            if value is not MISSING:
                under[name] = value
        return under

    return select


def _merged(selections: list[Selection], specs: list[Any]) -> Selection:
    """Return what merges selections; what one of them leaves out does not come back from what lies under all."""
    steps = [(selection, spec is True or is_drop(spec)) for selection, spec in zip(selections, specs, strict=True)]
    has_all = any(is_complete for _, is_complete in steps)

    def select(record: Record, under: JsonObject, complete: Callable[[JsonObject], JsonObject]) -> JsonObject:
        result: JsonObject = {} if has_all else under
        for selection, is_complete in steps:
            result.update(selection(record, {**under} if is_complete else {}, complete))
        return result

    return select
