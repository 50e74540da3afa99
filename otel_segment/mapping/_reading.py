"""A mapping from a document, which is checked as a whole."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from otel_segment.errors import ConfigurationError
from otel_segment.mapping._document import Mapping
from otel_segment.mapping._place import Mistake, Place, show_place
from otel_segment.mapping._soundness import check_soundness

__all__ = ["LineOf", "describe_mistake", "read_mapping"]

_MOST_SAID = 10
_ASIDES = ("x-", "$schema")

LineOf: TypeAlias = Callable[[Place], int | None]
"""Gives the line of a place in a file, where it is known."""


def _unknown_line(_: Place) -> int | None:
    return None


def read_mapping(
    document: Any,
    origin: str,
    *,
    resolve: Callable[[str], object] | None = None,
    line_of: LineOf = _unknown_line,
) -> Mapping:
    """Check a mapping document.

    Args:
        document: The document as plain lists and maps, or a mapping made in Python, which nothing has checked yet.
        origin: Where it came from, for the message.
        resolve: Finds the functions that ``fn`` names, and raises ``ValueError`` where there is none. Without it they
            are not looked for.
        line_of: Gives the line of a place in the file that the document came from, for the message.

    Raises:
        ConfigurationError: If it is not a valid mapping; the message names the places in it.
    """
    plain: Any = {}
    try:
        plain = {} if document is None else _without_asides(_plain(document))
        mapping = msgspec.convert(plain, Mapping)
        if not (mistakes := _some(check_soundness(mapping, resolve))):
            return mapping
    except RecursionError:
        mistakes = [Mistake((), "is nested too deeply, or within itself")]
    except msgspec.ValidationError as error:
        # Only who made a mistake pays for the module that finds all of them.
        from otel_segment.mapping._mistakes import find_mistakes

        mistakes = _some(find_mistakes(plain)) or [Mistake((), str(error))]
    raise ConfigurationError(_report(mistakes, origin, line_of))


def describe_mistake(mistake: Mistake, line_of: LineOf) -> str:
    """Put a mistake into a line: where it is, and what it is."""
    line = line_of(mistake.place)
    where = show_place(mistake.place)
    return f"{f'line {line}, ' if line else ''}{where}: {mistake.problem}"


def _some(mistakes: Iterator[Mistake]) -> list[Mistake]:
    """Return the first mistakes, and one more where there are more."""
    return list(islice(mistakes, _MOST_SAID + 1))


def _report(mistakes: list[Mistake], origin: str, line_of: LineOf) -> str:
    lines = [describe_mistake(mistake, line_of) for mistake in mistakes[:_MOST_SAID]]
    if len(lines) == 1:
        return f'setting "mapping" ({origin}): {lines[0]}'
    more = ["and more"] if len(mistakes) > _MOST_SAID else []
    return "\n- ".join((f'setting "mapping" ({origin}):', *lines, *more))


def _without_asides(document: Any) -> Any:
    """Leave out what is for others: keys that begin with ``x-``, such as for YAML's anchors, and an editor's schema."""
    if not isinstance(document, dict):
        return document
    return {key: value for key, value in document.items() if not (isinstance(key, str) and key.startswith(_ASIDES))}


def _plain(value: Any) -> Any:
    """Return a mapping made in Python as the document that says the same; parts of it may stand in plain maps."""
    if isinstance(value, msgspec.Struct):
        found = ((field.encode_name, getattr(value, field.name)) for field in msgspec.structs.fields(value))
        return {name: _plain(item) for name, item in found if item is not UNSET}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
