"""What a mapping must be beyond its types: its functions are there, its consents are known and fit Segment."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from otel_segment.mapping._cures import nearest
from otel_segment.mapping._document import Mapping
from otel_segment.mapping._mistakes import Mistake, Place
from otel_segment.mapping._terms import ValueForm, When
from otel_segment.mapping._wording import shown

__all__ = ["check_soundness"]

# The ids of Segment's consent categories (https://segment.com/docs/privacy/consent-management/).
_LONGEST_CATEGORY = 34
_CATEGORY = re.compile(r"[^\d\s].*")


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
        if isinstance(part, When) and part.consent is not UNSET:
            yield from _check_consents(part.consent, mapping, (*place, "consent"))
        if isinstance(part, ValueForm) and part.fn is not UNSET and resolve is not None:
            try:
                resolve(part.fn)
            except ValueError as error:
                yield Mistake((*place, "fn"), str(error))


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
            guess = f"did you mean {near}? " if (near := nearest(name, known)) else ""
            problem = f"{shown(name)} is none of the names under consent; {guess}there are: {', '.join(known)}"
            yield Mistake((*place, position), problem)
