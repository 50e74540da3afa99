"""What stands in a mapping and what may stand there, in the words of YAML."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from msgspec import inspect
from msgspec.structs import fields

from otel_segment.mapping._document import Mapping
from otel_segment.mapping._terms import Condition, ValueForm

__all__ = ["allowed", "is_part", "joined", "keys_of", "out_of_bounds", "shown"]

_LONGEST_SHOWN = 40
_ALL_OF_IT = 100


def keys_of(part: type) -> list[str]:
    """Return the keys that a part of the document may have, as they are written."""
    return [field.encode_name for field in fields(part)]


def joined(words: Iterable[str], last: str) -> str:
    """Return words with commas between them, and another word before the last."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def shown(value: Any) -> str:
    """Return what stands somewhere, in the words of YAML and short: a part of what is long."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN // 2] + "…"
        return json.dumps(text, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a map"
    text = f"the date {value}" if isinstance(value, date) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN // 2] + "…"


def allowed(kinds: Sequence[inspect.Type]) -> str:
    """Return what may stand somewhere, such as ``true or false, or a list``."""
    is_value = any(is_part(each, ValueForm) for each in kinds)
    text = "the name of an attribute" if is_value else "a text"
    # A null says what leaving the key out says, better.
    told = [each for each in kinds if not isinstance(each, inspect.NoneType)]
    words = (text if isinstance(each, inspect.StrType) else _word(each) for each in told)
    return joined(dict.fromkeys(words), "or")


def is_part(kind: inspect.Type, part: type) -> bool:
    """Tell whether a type is that of a part of the document."""
    return isinstance(kind, inspect.StructType) and kind.cls is part


def _word(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return f"one of: {', '.join(map(str, kind.values))}"
    if isinstance(kind, inspect.StructType):
        return _word_of_part(kind)
    if isinstance(kind, inspect.ListType):
        if kind.min_length:
            return "a list of two: a list, and the value to make of each of its items"
        return "a list of texts" if isinstance(kind.item_type, inspect.StrType) else "a list"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return _word_of_number(kind)
    return _WORDS.get(type(kind), "a value")


_WORDS: dict[type, str] = {
    inspect.BoolType: "true or false",
    inspect.DictType: "a map",
}


def _word_of_part(kind: inspect.StructType) -> str:
    if kind.cls is ValueForm:
        return "a value such as {from: name} or {value: 3}"
    if kind.cls is Mapping:
        return "a map with keys such as rules"
    if kind.cls is Condition:
        return "a condition such as {gt: 1}"
    return f"a map of {', '.join(keys_of(kind.cls))}"


def _word_of_number(kind: "inspect.IntType | inspect.FloatType") -> str:
    word = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    if kind.ge is not None and kind.le is not None:
        return f"{word} from {kind.ge:g} to {kind.le:g}"
    if kind.ge is not None:
        return f"{word}, {kind.ge:g} or more"
    return word if kind.gt is None else f"{word} above {kind.gt:g}"


def out_of_bounds(value: Any, kind: inspect.Type) -> str:
    """Return what is wrong with a value of the right type; nothing where nothing is."""
    if isinstance(kind, inspect.IntType | inspect.FloatType) and not _is_within(value, kind):
        percent = f"; {value:g} % is {value / 100:g}" if kind.le == 1 and 1 < value <= _ALL_OF_IT else ""
        return f"cannot be {shown(value)}; write {_word_of_number(kind)}{percent}"
    if isinstance(kind, inspect.StrType) and kind.pattern and not re.search(kind.pattern, value):
        return f"cannot be {shown(value)}; a function is written package.module:name"
    if isinstance(kind, inspect.ListType) and kind.min_length and len(value) != kind.min_length:
        return f"has {len(value)} of {kind.min_length} items; write {_word(kind)}"
    return ""


def _is_within(value: float, kind: "inspect.IntType | inspect.FloatType") -> bool:
    # Put so that what compares with nothing, NaN, is outside.
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
    )
