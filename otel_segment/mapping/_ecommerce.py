"""What an event lacks of Segment's e-commerce specification.

Names and types are told, never a value: what is said here is logged, and a value may be personal.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from otel_segment._ecommerce_spec import EVENTS, OLD_NAMES, PRODUCT, STAND_INS, Event, Kind
from otel_segment._types import JsonObject

__all__ = ["flaws"]

_CURRENCY_LETTERS = 3
_CHOICE = {"type": Kind.TEXT, "value": Kind.TEXT}


def flaws(event: str, properties: JsonObject) -> list[str]:
    """Return what the specification wants of an event of this name and does not find, in words.

    Args:
        event: The event's name. One that is nearly that of the specification, or that of its first version, is a
            flaw itself.
        properties: The event's properties, as they are to be sent.

    Returns:
        A sentence for each flaw; none for events that the specification does not know. Of a list of products each
        kind of flaw is told once, for the first product that has it.
    """
    spec = EVENTS.get(event)
    if spec is None:
        meant = _meant(event)
        return [] if meant is None else [f"the event should be named {meant!r}"]
    found: dict[tuple[str, str], str] = {}
    for path, problem in _flaws(spec, properties):
        # Without the place in a list: a thousand products may all have the one flaw.
        found.setdefault((re.sub(r"\[\d+\]", "", path), problem), f"{path} {problem}")
    return list(found.values())


def _flaws(spec: Event, properties: JsonObject) -> Iterator[tuple[str, str]]:
    for name in spec.required:
        if _is_absent(properties.get(name)) and _is_absent(properties.get(STAND_INS.get(name, name))):
            yield name, "is missing"
    if spec.wants_all_items and _is_absent(properties.get("products")):
        yield "products", "is missing: all items of the cart or order are wanted"
    yield from _wrong_types(spec.properties, properties, "")


def _wrong_types(kinds: dict[str, Kind], values: JsonObject, place: str) -> Iterator[tuple[str, str]]:
    for name, kind in kinds.items():
        value = values.get(name)
        if not _is_absent(value):
            yield from _wrong(kind, value, place + name)


def _wrong(kind: Kind, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not _fits(kind, value):
        what = "a text of another form" if kind is Kind.CURRENCY and isinstance(value, str) else _what(value)
        yield path, f"is {what}, wanted: {kind.value}"
    elif kind is Kind.PRODUCTS:
        for index, product in enumerate(value):
            yield from _wrong_product(product, f"{path}[{index}]")
    elif kind is Kind.CHOICES:
        for index, choice in enumerate(value):
            yield from _wrong_choice(choice, f"{path}[{index}]")


def _wrong_product(product: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(product, dict):
        yield path, f"is {_what(product)}, wanted: a map"
        return
    if all(_is_absent(product.get(name)) for name in ("product_id", "sku")):
        yield path, "has neither product_id nor sku"
    yield from _wrong_types(PRODUCT, product, path + ".")


def _wrong_choice(choice: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(choice, dict):
        yield path, f"is {_what(choice)}, wanted: a map"
        return
    yield from ((f"{path}.{name}", "is missing") for name in _CHOICE if _is_absent(choice.get(name)))
    yield from _wrong_types(_CHOICE, choice, path + ".")


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is Kind.CURRENCY:
        return isinstance(value, str) and len(value) == _CURRENCY_LETTERS and value.isascii() and value.isalpha()
    if kind is Kind.QUERY:
        return isinstance(value, str | dict)
    # OpenTelemetry keeps the lists of attributes as tuples.
    return isinstance(value, str if kind is Kind.TEXT else list | tuple)


def _is_absent(value: Any) -> bool:
    return value is None or value == ""


def _what(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list | tuple):
        return "a list"
    return "a map" if isinstance(value, dict) else f"of the type {type(value).__name__}"


@lru_cache(maxsize=1024)
def _meant(event: str) -> str | None:
    """Return the event of the specification whose words these are, in whatever order, case and spelling of gaps."""
    return _NEAR_MISSES.get(_folded(event))


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _turns(name: str) -> Iterator[str]:
    words = name.split()
    for start in range(len(words)):
        yield _folded("".join(words[start:] + words[:start]))


_NEAR_MISSES = {turn: name for name in EVENTS for turn in _turns(name)} | {
    _folded(old): name for old, name in OLD_NAMES.items()
}
