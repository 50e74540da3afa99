"""The cures of typical mistakes in a mapping, and the keys that were meant."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from msgspec import inspect

from otel_segment.mapping._document import Match, Rule
from otel_segment.mapping._terms import Condition, ValueForm
from otel_segment.mapping._wording import is_part, shown

__all__ = ["cure", "nearest", "stranger"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?%?")

_EQUALITY = frozenset({"eq", "equal", "equals", "is"})
_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off"})

# What people write who know another tool, and how it is written here.
_SYNONYMS: dict[type, dict[str, str]] = {
    ValueForm: {
        **dict.fromkeys(("attribute", "attr", "source", "name", "key", "field", "path"), "from"),
        **dict.fromkeys(("const", "constant", "literal", "static"), "value"),
        **dict.fromkeys(("type", "convert", "cast"), "as"),
        **dict.fromkeys(("format", "text"), "template"),
        **dict.fromkeys(("function", "func", "call"), "fn"),
        **dict.fromkeys(("if", "condition", "where"), "when"),
        **dict.fromkeys(("each", "foreach", "for"), "loop"),
        **dict.fromkeys(("coalesce", "any"), "first"),
        **dict.fromkeys(("fallback", "else"), "default"),
    },
    Condition: {
        **dict.fromkeys(("min", "gte"), "ge"),
        **dict.fromkeys(("max", "lte"), "le"),
        **dict.fromkeys(("any_of", "one_of", "any"), "in"),
        **dict.fromkeys(("like", "matches", "pattern"), "glob"),
        **dict.fromkeys(("present", "exist"), "exists"),
        **dict.fromkeys(("ne", "not_equal"), "not"),
    },
    Match: {**dict.fromkeys(("name", "events", "event_name"), "event"), "level": "severity"},
    Rule: {
        **dict.fromkeys(("event", "events", "event_name", "on", "matches"), "match"),
        **dict.fromkeys(("if", "condition", "where"), "when"),
        **dict.fromkeys(("drop", "discard"), "ignore"),
        **dict.fromkeys(("rename", "rename_to"), "name"),
        **dict.fromkeys(("props", "data", "params"), "properties"),
        "rate": "sample",
    },
}


def stranger(key: Any, known: list[str], part: type) -> tuple[str, str | None]:
    """Return what is said of a key that is not known, and the key that was meant, where that can be guessed."""
    if isinstance(key, bool):
        words = "yes, on and true as true" if key else "no, off and false as false"
        return f"this key is no text: YAML reads {words}; put it in quotes", None
    if not isinstance(key, str):
        return "this key is no text; put it in quotes", None
    guess = _SYNONYMS.get(part, {}).get(key.lower()) or nearest(key, known)
    hint = f"did you mean {guess}? " if guess else ""
    if part is Condition and key.lower() in _EQUALITY:
        hint = "what must be equal stands in place of the condition; "
    return f"no such key; {hint}allowed here: {', '.join(known)}", guess


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word that was meant, if one is near enough."""
    # Only who made a mistake pays for the module that helps with it.
    import difflib

    near = difflib.get_close_matches(word.lower(), list(known), 1)
    return near[0] if near else None


def cure(value: Any, kinds: Sequence[inspect.Type]) -> str:
    """Return how a typical mistake is mended; nothing where it is none of those."""
    found = (
        _cure_of_value(value)
        if any(is_part(each, ValueForm) for each in kinds)
        else _cure_of_text(value)
        if any(isinstance(each, inspect.StrType) for each in kinds)
        else _cure_of_other(value, kinds)
    )
    return f"; {found}" if found else ""


def _cure_of_value(value: Any) -> str:
    if value is None:
        return "leave the key out where there is to be no value; the constant null is {value: null}"
    if isinstance(value, list | tuple):
        return "the first of several that is there is written {first: [a, b]}, a constant list {value: [1, 2]}"
    return f"a constant is written {{value: {shown(value).removeprefix('the date ')}}}"


def _cure_of_text(value: Any) -> str:
    if isinstance(value, bool):
        words = "yes, on and true as true" if value else "no, off and false as false"
        return f"YAML reads {words}: a text stands in quotes"
    if isinstance(value, dict) and list(value.values()) == [None]:
        return "a text that begins with { stands in quotes"
    if isinstance(value, int | float | date):
        return f'a text of digits stands in quotes: "{value}"'
    return "a text that begins with # or is ~ stands in quotes" if value is None else ""


def _cure_of_other(value: Any, kinds: Sequence[inspect.Type]) -> str:
    if value is None:
        return "leave the key out where there is nothing to say"
    if isinstance(value, str):
        return _cure_of_quotes(value, kinds)
    first = kinds[0]
    if isinstance(first, inspect.ListType) and isinstance(value, dict):
        return 'each item of a list begins with "- "'
    if isinstance(first, inspect.StructType) and isinstance(value, list | tuple):
        return 'without "- " or [ ]'
    return ""


def _cure_of_quotes(value: str, kinds: Sequence[inspect.Type]) -> str:
    for kind in kinds:
        if isinstance(kind, inspect.BoolType) and value.lower() in _BOOLEANS:
            return "without quotes"
        if isinstance(kind, inspect.IntType | inspect.FloatType) and _NUMBER.fullmatch(value):
            return f"{value} is {float(value[:-1]) / 100:g}" if value.endswith("%") else "without quotes"
        if isinstance(kind, inspect.DictType) and value.isidentifier():
            return f"a property of that name is written {{{value}: {value}}}"
        if isinstance(kind, inspect.ListType) and not kind.min_length:
            return f"a list of one is written [{shown(value)}]"
    words = [str(each) for kind in kinds if isinstance(kind, inspect.LiteralType) for each in kind.values]
    near = nearest(value, words)
    return f'did you mean "{near}"?' if near else ""
