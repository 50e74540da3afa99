"""What a mapping must be beyond its types: its functions are there, its consents are known and fit Segment."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from otel_segment.mapping._document import Mapping
from otel_segment.mapping._place import Mistake, Place
from otel_segment.mapping._terms import ValueForm, When

__all__ = ["check_lists", "check_soundness"]

# The ids of Segment's consent categories (https://segment.com/docs/privacy/consent-management/).
_LONGEST_CATEGORY = 34
_CATEGORY = re.compile(r"[^\d\s].*")

_DROP = "drop"
_NO_LIST = (
    "cannot be a list; write the name of an attribute or a value such as {from: name} or {value: 3}; the first of "
    "several that is there is written {first: [a, b]}, a constant list {value: [1, 2]}"
)
_NOT_ALONE = (
    "a list of what to leave out stands alone; to say which properties there are besides, write a list: "
    '[{drop: ["a.*"]}, {name: value}]'
)


def check_soundness(mapping: Mapping, resolve: Callable[[str], object] | None) -> Iterator[Mistake]:
    """Yield what is wrong with a mapping whose types are right.

    Args:
        mapping: The mapping.
        resolve: Finds the functions that ``fn`` names; it raises ``ValueError`` where there is none. Without it they
            are not looked for.
    """
    yield from _check_categories(mapping)
    yield from _check_consents(mapping.require_consent, mapping, ("require_consent",))
    for part, place in _parts(mapping, ()):
        for name in ("properties", "traits"):
            yield from _check_properties(getattr(part, name, None), (*place, name))
        if isinstance(part, When) and part.consent is not UNSET:
            yield from _check_consents(part.consent, mapping, (*place, "consent"))
        if isinstance(part, ValueForm) and part.fn is not UNSET and resolve is not None:
            try:
                resolve(part.fn)
            except ValueError as error:
                yield Mistake((*place, "fn"), str(error))


def check_lists(properties: dict[Any, Any], place: Place) -> Iterator[Mistake]:
    """Check where properties have lists: ``drop`` has one, and then it is alone."""
    for name, value in properties.items():
        if isinstance(value, list | tuple):
            if name != _DROP:
                yield Mistake((*place, name), _NO_LIST)
            elif len(properties) > 1:
                yield Mistake((*place, name), _NOT_ALONE)


def _check_properties(properties: Any, place: Place) -> Iterator[Mistake]:
    if isinstance(properties, dict):
        yield from check_lists(properties, place)
    elif isinstance(properties, list):
        for position, each in enumerate(properties):
            yield from _check_properties(each, (*place, position))


def _parts(value: Any, place: Place) -> Iterator[tuple[msgspec.Struct, Place]]:
    """Yield all parts of a mapping with their places."""
    if isinstance(value, msgspec.Struct):
        yield value, place
        for field in msgspec.structs.fields(value):
            yield from _parts(getattr(value, field.name), (*place, field.encode_name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _parts(item, (*place, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _parts(item, (*place, position))


def _check_categories(mapping: Mapping) -> Iterator[Mistake]:
    for name, category in mapping.consent.items():
        if len(category) > _LONGEST_CATEGORY or not _CATEGORY.fullmatch(category):
            from otel_segment.mapping._wording import shown

            problem = (
                f"{shown(category)} is no id of a consent category: Segment takes 1 to {_LONGEST_CATEGORY} characters "
                "that do not begin with a digit; copy the id from Privacy > Consent management"
            )
            yield Mistake(("consent", name), problem)


def _check_consents(names: list[str], mapping: Mapping, place: Place) -> Iterator[Mistake]:
    """Check that consents are among those that the mapping knows; where it knows none they may be any."""
    known = list(mapping.consent)
    for position, name in enumerate(names):
        if known and name not in known:
            from otel_segment.mapping._cures import nearest
            from otel_segment.mapping._wording import shown

            guess = f"did you mean {near}? " if (near := nearest(name, known)) else ""
            problem = f"{shown(name)} is none of the names under consent; {guess}there are: {', '.join(known)}"
            yield Mistake((*place, position), problem)
