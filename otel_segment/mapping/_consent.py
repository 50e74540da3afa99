"""Consent: whether an event may leave, and what Segment is told of it."""

from collections.abc import Callable
from enum import Enum, auto
from typing import TypeAlias

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._document import Mapping
from otel_segment.mapping._forms import has_consent
from otel_segment.mapping._record import Record

__all__ = ["Consent", "State"]

Rename: TypeAlias = Callable[[Record, str | None], str | None]

# Reporting that consent was taken back must not need that consent (Segment's consent specification).
_CONSENT_EVENT = "Segment Consent Preference Updated"


class State(Enum):
    """What consent an event has."""

    GIVEN = auto()
    """All that is required."""
    EXCUSED = auto()
    """Not all, but it is the event that says so, which may leave without what it would tell of the person besides."""
    LACKING = auto()


class Consent:
    """What a mapping says of consent.

    Args:
        mapping: The mapping.

    Attributes:
        is_required: Whether any event needs any.
        translates: Whether Segment has names of its own for it.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._required = mapping.require_consent
        self._is_strict = mapping.strict_consent
        self._categories = mapping.consent
        self.is_required = bool(mapping.require_consent)
        self.translates = bool(mapping.consent)

    def state(self, record: Record, event: str | None, kind: object, rename: Rename | None) -> State:
        """Tell what consent an event has.

        Args:
            record: The record.
            event: Its name.
            kind: The type of its call.
            rename: Gives it the name that Segment has for it, where that is another.
        """
        if has_consent(record, self._required):
            return State.GIVEN
        if self._is_strict or kind != "track":
            return State.LACKING
        names = {event, event if rename is None else rename(record, event)}
        return State.EXCUSED if _CONSENT_EVENT in names else State.LACKING

    def translate(self, record: Record, context: JsonObject) -> None:
        """Put Segment's categories in place of the application's names.

        Each category is said, as Segment takes one that is not for a no on the profile, and no consent at all for
        consent to everything. One that several consents lead to needs all of them.
        """
        given = record.merged(semconv.ANALYTICS_CONSENT)
        categories: JsonObject = {}
        for name, category in self._categories.items():
            categories[category] = categories.get(category, True) and given.get(name) is True
        context["consent"] = {"categoryPreferences": categories}
