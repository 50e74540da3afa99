"""Places in a mapping document, and what is wrong there."""

import re
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Mistake", "Place", "show_place"]

Place: TypeAlias = tuple[Any, ...]
"""The way from the document to a part of it: keys, which in a valid document are texts, and positions."""

_PLAIN = re.compile(r"[\w-]+")


class Mistake(NamedTuple):
    """One thing that is wrong, or in a warning likely so."""

    place: Place
    problem: str
    """What is wrong, and what to write instead."""


def show_place(place: Place) -> str:
    """Return a place as a person writes it, such as ``rules[3].properties.total.as``."""
    text = ""
    for step in place:
        if isinstance(step, bool):
            text += f".{str(step).lower()}"
        elif isinstance(step, str) and _PLAIN.fullmatch(step):
            text += f".{step}"
        else:
            text += f'["{step}"]' if isinstance(step, str) else f"[{step}]"
    return text.removeprefix(".") or "the document"
