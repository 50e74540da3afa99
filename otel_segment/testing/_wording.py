"""What is said of events where a test fails."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import ndiff
from pprint import pformat
from typing import Any, NamedTuple, TypeAlias

from otel_segment._types import Drop
from otel_segment.testing._expectation import ABSENT, Difference, Expectation

__all__ = ["Event", "Seen", "described", "failure", "listed"]

_MOST_EVENTS = 20
_LONG = 60
"""Characters beyond which two values are shown one below the other."""

Event: TypeAlias = dict[str, Any]
"""An event under Segment's field names, such as ``userId`` and ``properties``."""


class Seen(NamedTuple):
    """What has become of events."""

    events: Sequence[Event] = ()
    """Those that would have been sent, or have arrived."""
    dropped: Sequence[Drop] = ()
    refused: Mapping[str, int] = {}
    """Calls that made no event, by reason."""
    waiting: int = 0
    """Those that are yet to be delivered."""


def described(event: Mapping[str, Any]) -> str:
    """Return an event in a line: what it is, and of whom."""
    kind = str(event.get("type"))
    name = event.get("event") or event.get("name") or event.get("category")
    name = event.get("groupId") if kind == "group" else event.get("previousId") if kind == "alias" else name
    what = f"{kind} {name!r}" if name else kind
    who = [f"{field}={event[field]!r}" for field in ("userId", "anonymousId") if event.get(field)]
    return " ".join([what, *who])


def listed(seen: Seen) -> str:
    """Return all events, a line each, and what was dropped."""
    events, dropped, refused, waiting = seen
    lines = [f"events sent: {len(events) or 'none'}", *_numbered(described(event) for event in events)]
    if dropped:
        lines += [f"events dropped: {len(dropped)}", *_numbered(_dropped(drop) for drop in dropped)]
    lines += [f"calls refused: {count}, {reason}; the log says more" for reason, count in refused.items()]
    if waiting:
        lines.append(f"events waiting to be delivered: {waiting}; call otel_segment.flush() before you look")
    return "\n".join(lines)


def failure(expectation: Expectation, seen: Seen) -> str:
    """Return why no event is as expected: the nearest one, how it differs, and what else there was."""
    parts = [f"no event was sent that is {expectation}"]
    if nearest := _nearest(expectation, seen.events):
        event, differences = nearest
        parts.append("\n".join([f"the nearest is {described(event)}", *map(_shown, differences)]))
    return "\n\n".join([*parts, listed(seen)])


def _nearest(expectation: Expectation, events: Sequence[Event]) -> tuple[Event, list[Difference]] | None:
    """Return the event of the call's type with the fewest differences, one of the same name before all others."""
    found = [(event, expectation.differences(event)) for event in events if event.get("type") == expectation.type]
    return min(found, key=_distance, default=None)


def _distance(found: tuple[object, list[Difference]]) -> tuple[int, int]:
    names = {"event", "name", "groupId", "previousId"}
    return sum(difference.field in names for difference in found[1]), len(found[1])


def _shown(difference: Difference) -> str:
    field, expected, found = difference
    if found is ABSENT:
        return f"  {field}: expected {expected!r}, but it is not there"
    texts = (pformat(expected, width=_LONG), pformat(found, width=_LONG))
    if expected is ABSENT or max(map(len, texts)) <= _LONG:
        return f"  {field}: expected {expected!r}, found {found!r}"
    lines = (line.rstrip("\n") for line in ndiff(texts[0].splitlines(), texts[1].splitlines()))
    return "\n".join([f"  {field}: - expected, + found", *(f"    {line}" for line in lines)])


def _dropped(drop: Drop) -> str:
    detail = f" ({drop.detail})" if drop.detail else ""
    return f"{described(drop.message) if drop.message.get('type') else 'an event'}: {drop.reason}{detail}"


def _numbered(lines: Iterable[str]) -> list[str]:
    numbered = [f"  {number}. {line}" for number, line in enumerate(lines, 1)]
    more = len(numbered) - _MOST_EVENTS
    return numbered if more <= 0 else [*numbered[:_MOST_EVENTS], f"  and {more} more"]
