"""The terms of the mapping language: values, and the conditions on them."""

import re
from typing import Annotated, Any, Literal, TypeAlias, Union

import msgspec
from msgspec import UNSET, UnsetType

__all__ = ["Condition", "Part", "Properties", "Test", "Value", "ValueForm", "When"]

Value: TypeAlias = Union[str, "ValueForm"]
"""What a field is made of: the name of an attribute, or one of the forms."""

_Fields: TypeAlias = dict[str, Union[str, list[str], "ValueForm"]]

Properties: TypeAlias = bool | _Fields | list[bool | _Fields]
"""Which properties or traits: ``true`` for all, ``{drop: [glob, …]}`` for all but some, or values by name; or a list
of these, merged in order."""

_FORMS = ("source", "value", "map", "items", "loop", "first", "template", "fn")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the document: what it does not know, it refuses."""


class Condition(Part, frozen=True, rename={"one_of": "in", "negated": "not"}):
    """What a value must be. All that is said must hold; what is missing fulfils ``not`` and ``exists: false`` alone."""

    one_of: list[Any] | UnsetType = UNSET
    """One of these."""
    exists: bool | UnsetType = UNSET
    """There, or not there."""
    glob: str | UnsetType = UNSET
    """A text of this form: ``*``, ``?`` and ``[…]`` stand for others. Case counts."""
    gt: float | UnsetType = UNSET
    """A number greater than this one; likewise what follows."""
    ge: float | UnsetType = UNSET
    lt: float | UnsetType = UNSET
    le: float | UnsetType = UNSET
    negated: Union["Condition", str, int, float, bool, list[Any], UnsetType, None] = UNSET
    """Not what this condition, or this value, says."""

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            message = "a condition says at least one of in, exists, glob, gt, ge, lt, le, not"
            raise ValueError(message)


Test: TypeAlias = Condition | str | int | float | bool | list[Any] | None
"""What a value must be: a condition, or the value itself."""


class When(Part, frozen=True):
    """On what condition. All that is said must hold."""

    consent: list[str] | UnsetType = UNSET
    """Consents, in the application's names, that must all be true."""
    attributes: dict[str, Test] | UnsetType = UNSET
    """What values must be, by their names."""

    def __post_init__(self) -> None:
        if self.consent is UNSET and self.attributes is UNSET:
            message = "a condition says at least one of consent, attributes"
            raise ValueError(message)


class ValueForm(Part, frozen=True, rename={"source": "from", "items": "list", "convert": "as"}):
    """A value that is more than a name: exactly one of the forms, and what may go with any of them."""

    source: str | UnsetType = UNSET
    """The name of an attribute."""
    value: Any = UNSET
    """A constant."""
    map: dict[str, Value] | UnsetType = UNSET
    """A map of values; what is missing is left out."""
    items: list[Value] | UnsetType = UNSET
    """A list of values; what is missing is left out."""
    loop: Annotated[list[Value], msgspec.Meta(min_length=2, max_length=2)] | UnsetType = UNSET
    """A list, and the value to make of each of its items; names in there are the item's, ``.`` is the item."""
    first: list[Value] | UnsetType = UNSET
    """The first of these that is not missing."""
    template: str | UnsetType = UNSET
    """A text with ``{name}`` for values; missing where one of them is. ``{{`` and ``}}`` are braces."""
    fn: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")] | UnsetType = UNSET
    """A function, as ``package.module:name``; it gets the record, inside ``loop`` the item."""
    default: Any = UNSET
    """What to take where the value is missing."""
    convert: Literal["string", "number", "boolean", "date"] | UnsetType = UNSET
    """The type to make of it; what cannot be made into it is missing."""
    when: When | UnsetType = UNSET
    """Where this does not hold, there is no value, and no default either."""

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not UNSET for name in _FORMS) != 1:
            message = "a value is made by exactly one of from, value, map, list, loop, first, template, fn"
            raise ValueError(message)
        if self.template is not UNSET and any(found[0] in {"{", "}"} for found in _PLACEHOLDER.finditer(self.template)):
            message = "in a template, { begins a name and } ends it; double them for the characters themselves"
            raise ValueError(message)
