"""Which events somebody wants to see, and how the database is asked for them."""

from dataclasses import dataclass
from typing import Final

import msgspec

from otel_segment.inspector.live._row import shortened

__all__ = ["STATES", "Filter", "folded"]

STATES: Final = ("ok", "altered", "duplicate", "dropped", "refused")
"""All that can become of an event."""

_ALL_AT_ONCE: Final = 1 << 62
_ROWS_AT_ONCE: Final = 20_000
_TEXTS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What an event has to be like; by default anything will do.

    Attributes:
        types: One of these types; none for any.
        states: One of these states; none for any.
        name: A part of its name, in capital or small letters.
        person: The whole id of its person.
        text: A part of its JSON, in capital or small letters.
        before: Only events with a smaller number; 0 for any.
        after: Only events with a greater number.
    """

    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    name: str = ""
    person: str = ""
    text: str = ""
    before: int = 0
    after: int = 0

    @property
    def stride(self) -> int:
        """How many numbers to look at in one go, so that nobody waits long for the database."""
        if self.text:
            return _TEXTS_AT_ONCE
        return _ROWS_AT_ONCE if self.name or len(self.types) > 1 or len(self.states) > 1 else _ALL_AT_ONCE

    def clause(self) -> tuple[str, list[object]]:
        """Give the condition in SQL and its values, numbers aside."""
        terms: list[tuple[str, list[object]]] = []
        # A plus keeps an index from being used that would have to be sorted.
        if self.types:
            terms.append((f"{'+' * (len(self.types) > 1)}type IN ({_marks(self.types)})", [*self.types]))
        if self.states:
            terms.append((f"{'+' * (len(self.states) > 1)}state IN ({_marks(self.states)})", [*self.states]))
            if "ok" not in self.states:
                terms.append(("state <> 'ok'", []))
        if self.person:
            terms.append(("person = ? AND person <> ''", [shortened(self.person)]))
        if self.name:
            terms.append(_contains("name", [self.name]))
        if self.text:
            condition, values = _contains("raw", _spellings(self.text))
            term = f"EXISTS (SELECT 1 FROM payloads WHERE number = events.number AND {condition})"  # noqa: S608
            terms.append((term, values))
        return " AND ".join(term for term, _ in terms) or "1", [value for _, values in terms for value in values]


def folded(text: str) -> str:
    """Make a text comparable that has more than ASCII in it."""
    if "\\u" in text:
        text = _unescaped(text)
    return text.casefold()


def _contains(column: str, spellings: list[str]) -> tuple[str, list[object]]:
    if not all(map(str.isascii, spellings[:1])):
        return f"instr(folded({column}), ?) > 0", [spellings[0].casefold()]
    patterns: list[object] = [f"%{_literal(each)}%" for each in spellings]
    return "(" + " OR ".join([f"{column} LIKE ? ESCAPE '!'"] * len(patterns)) + ")", patterns


def _literal(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, "!" + special)
    return text


def _spellings(text: str) -> list[str]:
    # What a person types is in the JSON as it is, or as a part of one of its texts.
    within = msgspec.json.encode(text)[1:-1].decode()
    return [text] if within == text else [text, within]


def _unescaped(text: str) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(text)).decode()
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))
