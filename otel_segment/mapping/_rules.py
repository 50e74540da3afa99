"""The mapping document, and finding the rule for an event."""

import re
from fnmatch import translate
from typing import Annotated, Any

import msgspec

from otel_segment._types import Call
from otel_segment.errors import ConfigurationError

__all__ = ["Mapping", "Rule", "Rules", "read_mapping"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to do with the events of some names."""

    match: str | list[str]
    """Event names; ``*``, ``?`` and ``[…]`` stand for others, as in file names. Case counts."""
    ignore: bool = False
    """Drop them."""
    type: Call | None = None
    """The call to make of those that do not say it themselves."""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """The share of people, 0 to 1, whose events are kept; one person is always in or always out."""

    def names(self) -> list[str]:
        """Return the names and patterns as a list."""
        return [self.match] if isinstance(self.match, str) else self.match


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events leave, and as what."""

    require_consent: list[str] = msgspec.field(default_factory=list)
    """Consents, in the application's names, that must all be true for an event to leave."""
    strict_consent: bool = False
    """Whether the event that reports a change of consent needs that consent, too."""
    rules: list[Rule] = msgspec.field(default_factory=list)
    """The first rule that matches an event's name is the event's."""


class Rules:
    """The rules in the form that finds one quickly: by name first, by pattern where need be."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._by_name: dict[str, int] = {}
        self._patterns: list[tuple[int, re.Pattern[str]]] = []
        for position, rule in enumerate(rules):
            for name in rule.names():
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
