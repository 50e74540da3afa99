"""Finding the rule for an event."""

import re
from fnmatch import translate
from typing import Any

import msgspec

from otel_segment.errors import ConfigurationError
from otel_segment.mapping._document import Mapping, Match, Rule

__all__ = ["Rules", "read_mapping"]


class Rules:
    """The rules in the form that finds one quickly: by name first, by pattern where need be."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._by_name: dict[str, int] = {}
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        for position, rule in enumerate(rules):
            for name in _names(rule):
                if any(character in name for character in "*?["):
                    self._patterns.append((position, re.compile(translate(name))))
                else:
                    self._by_name.setdefault(name, position)

    def find(self, name: str | None) -> Rule | None:
        """Return the first rule that matches an event name; an event without one matches none."""
        if not name:
            return None
        found = self._by_name.get(name)
        for position, pattern in self._patterns:
            if found is not None and found < position:
                break
            if pattern.match(name):
                return self._rules[position]
        return None if found is None else self._rules[found]


def _names(rule: Rule) -> list[str]:
    match = rule.match
    names = match.event if isinstance(match, Match) else match
    return [names] if isinstance(names, str) else names or []


def read_mapping(document: Any, origin: str) -> Mapping:
    """Check a mapping document.

    Args:
        document: The document as plain lists and maps.
        origin: Where it came from, for the message.

    Raises:
        ConfigurationError: If it is not a valid mapping; the message names the place in it.
    """
    try:
        return msgspec.convert({} if document is None else document, Mapping)
    except msgspec.ValidationError as error:
        allowed = {"mapping": Mapping.__struct_fields__, "rule": Rule.__struct_fields__}
        known = "; ".join(f"a {part} has {', '.join(fields)}" for part, fields in allowed.items())
        message = f'setting "mapping" ({origin}): {error} ($ is the document itself). In this version {known}.'
        raise ConfigurationError(message) from None
