"""What is wrong with a mapping document: every mistake in it, where it stands, and what to write instead."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from otel_segment.mapping._cures import cure, nearest, stranger
from otel_segment.mapping._document import Mapping, Rule
from otel_segment.mapping._place import Mistake, Place
from otel_segment.mapping._soundness import check_lists
from otel_segment.mapping._terms import ValueForm
from otel_segment.mapping._wording import allowed, joined, keys_of, out_of_bounds, shown

__all__ = ["find_mistakes"]

_AT = re.compile(r" - at `.*`$")

# What a part's own check complains of, and the key that it is about.
_COMPLAINTS = {"in a template": "template", "a severity": "severity"}

_NEEDED = {
    "match": 'match is missing: the events that the rule is for, such as match: "Order *"',
    "group_id": "group_id is missing: the value that names the group, such as group_id: company.id",
    "previous_id": "previous_id is missing: the value that was the id before, such as previous_id: old_id",
    "allow": 'allow is missing: the keys of a query to keep, such as allow: ["utm_*"]',
}


def find_mistakes(document: Any, model: type = Mapping) -> Iterator[Mistake]:
    """Yield what is wrong with a document by its types.

    Args:
        document: The document as plain lists and maps.
        model: The type that it should be of.
    """
    yield from _check(document, inspect.type_info(model), ())


def _check(value: Any, kind: inspect.Type, place: Place) -> Iterator[Mistake]:
    yield from _check_any(value, kind.types if isinstance(kind, inspect.UnionType) else (kind,), place)


def _check_any(value: Any, kinds: Sequence[inspect.Type], place: Place) -> Iterator[Mistake]:
    """Check what may be of several kinds; no two of these are written alike."""
    fitting = next((each for each in kinds if _is_of(value, each)), None)
    if fitting is None:
        yield Mistake(place, f"cannot be {shown(value)}; write {allowed(kinds)}{cure(value, kinds)}")
    elif problem := out_of_bounds(value, fitting):
        yield Mistake(place, problem)
    elif isinstance(fitting, inspect.StructType):
        yield from _check_part(value, fitting, place)
    elif isinstance(fitting, inspect.DictType):
        yield from _check_map(value, fitting, place)
    elif isinstance(fitting, inspect.ListType):
        for position, item in enumerate(value):
            yield from _check(item, fitting.item_type, (*place, position))


def _is_of(value: Any, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.LiteralType):
        return isinstance(value, str) and value in kind.values
    return isinstance(kind, inspect.AnyType) or isinstance(value, _types_of(kind, is_boolean=isinstance(value, bool)))


def _types_of(kind: inspect.Type, *, is_boolean: bool) -> tuple[type, ...]:
    """Return the types of what is of a kind: a boolean is no number here, though Python has it so."""
    if is_boolean:
        return (bool,) if isinstance(kind, inspect.BoolType) else ()
    return _TYPES.get(type(kind), ())


_TYPES: dict[type, tuple[type, ...]] = {
    inspect.NoneType: (type(None),),
    inspect.IntType: (int,),
    inspect.FloatType: (int, float),
    inspect.StrType: (str,),
    inspect.ListType: (list, tuple),
    inspect.DictType: (dict,),
    inspect.StructType: (dict,),
}


def _check_part(value: dict[Any, Any], kind: inspect.StructType, place: Place) -> Iterator[Mistake]:
    """Check a map with keys of its own: those it may not have, those it must have, and what stands under each."""
    known = {field.encode_name: field for field in kind.fields}
    strangers = [key for key in value if key not in known]
    if kind.cls is ValueForm and value and len(strangers) == len(value) and not _looks_meant(value, known):
        yield Mistake(place, f"cannot be {shown(value)} like this; a map of values is written {{map: {{name: value}}}}")
        return
    guessed: set[str] = set()
    for key in strangers:
        problem, guess = stranger(key, list(known), kind.cls)
        guessed.add(guess or "")
        yield Mistake((*place, key), problem + _elsewhere(key, kind.cls))
    missing = [name for name, field in known.items() if field.required and name not in value and name not in guessed]
    for name in missing:
        yield Mistake(place, _NEEDED.get(name, f"{name} is missing"))
    inner = [each for key in known if key in value for each in _check(value[key], known[key].type, (*place, key))]
    yield from inner
    if not (strangers or missing or inner):
        yield from _own_check(value, kind, place)


def _looks_meant(keys: Iterable[Any], known: Iterable[str]) -> bool:
    return any(isinstance(key, str) and nearest(key, known) for key in keys)


def _elsewhere(key: Any, part: type) -> str:
    """Say where a key belongs that stands on the wrong level."""
    if part is Rule and key in keys_of(Mapping):
        return f"; {key} is a key of the document itself, beside rules"
    if part is Mapping and key in keys_of(Rule):
        return f"; {key} is a key of a rule, under rules"
    return ""


def _own_check(value: dict[Any, Any], kind: inspect.StructType, place: Place) -> Iterator[Mistake]:
    """Check what a part demands of its keys together."""
    try:
        msgspec.convert(value, kind.cls)
    except msgspec.ValidationError as error:
        problem = _AT.sub("", str(error))
        for beginning, key in _COMPLAINTS.items():
            if problem.startswith(beginning):
                yield Mistake((*place, key), f"{problem}; here is {shown(value[key])}")
                return
        keys = f"here are {joined(list(value), 'and')}" if value else "here is none"
        yield Mistake(place, f"{problem}; {keys}")


def _check_map(value: dict[Any, Any], kind: inspect.DictType, place: Place) -> Iterator[Mistake]:
    """Check a map whose keys are names of any kind; of properties, only ``drop`` has a list."""
    kinds = kind.value_type.types if isinstance(kind.value_type, inspect.UnionType) else (kind.value_type,)
    values = tuple(each for each in kinds if not isinstance(each, inspect.ListType)) or kinds
    for key, item in value.items():
        if not isinstance(key, str):
            yield Mistake((*place, key), stranger(key, [], dict)[0])
        elif len(values) == len(kinds) or not isinstance(item, list | tuple):
            yield from _check_any(item, values, (*place, key))
        elif key == "drop":
            yield from _check_any(item, kinds, (*place, key))
    if len(values) < len(kinds):
        yield from check_lists(value, place)
