"""What the shop told, and what its mapping should make of that."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from otel_segment.demo._process import RESOURCE, SALT
from otel_segment.exporters import RecordedEvent, Rehearsal, read_mapping_file

__all__ = ["Told", "expect"]

_OF_PEOPLE: Final = frozenset({"identify", "group", "alias"})
"""Calls that say what is new of a person. Which of several events at about the same time carries one is chance."""


class Told(NamedTuple):
    """An event, with what is to come of it."""

    uid: str
    event: str
    calls: frozenset[str]
    """The types of the calls that have to arrive."""
    withheld: str = ""
    """Why none is to, as the reason for the drop."""
    path: str = ""
    """The path of the page that it tells of; empty where it tells of something else."""

    def may_make(self, call: str) -> bool:
        """Tell whether a call of this type may come of it, where it is not withheld."""
        return call in self.calls or call in _OF_PEOPLE


def expect(ledger: Iterable[dict[str, Any]], mapping: Path) -> list[Told]:
    """Work out what has to arrive of what the shop told.

    Args:
        ledger: The shop's ledger.
        mapping: The mapping file that its exporters have.

    Raises:
        ConfigurationError: If that is not valid.
    """
    rehearsal = Rehearsal(read_mapping_file(mapping).mapping, SALT)
    return [_expect(entry, rehearsal) for entry in ledger]


def _expect(entry: dict[str, Any], rehearsal: Rehearsal) -> Told:
    uid, event = str(entry["attributes"]["log.record.uid"]), str(entry["event_name"])
    path = str(entry["attributes"].get("url.path", "")) if entry["attributes"].get("analytics.type") == "page" else ""
    outcome = rehearsal.take(_recorded(entry))
    if not outcome.messages:
        reason = str(outcome.drops[0].reason) if outcome.drops else "not selected"
        return Told(uid, event, frozenset(), reason, path)
    *others, own = [str(message["type"]) for message in outcome.messages]
    return Told(uid, event, frozenset({own, *others} - (_OF_PEOPLE - {own})), path=path)


def _recorded(entry: dict[str, Any]) -> RecordedEvent:
    span = entry.get("span", {})
    return RecordedEvent(
        name=entry["event_name"],
        attributes=entry["attributes"],
        timestamp=entry["timestamp"],
        observed_timestamp=entry["timestamp"],
        trace_id=int(entry["trace_id"], 16),
        span_id=int(entry["span_id"], 16),
        resource=RESOURCE,
        scope_name=entry["scope"]["name"],
        scope_version=entry["scope"]["version"],
        span=span.get("attributes"),
        span_name=span.get("name"),
    )
