"""What was told against what arrived."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeGuard

from otel_segment.demo._told import Told
from otel_segment.inspector import Arrivals, Received

__all__ = ["Tally", "tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """The two sides, compared.

    Attributes:
        emitted: How many events the shop told of.
        withheld: How many of them are not to arrive, by the reason.
        arrived: How many calls arrived, repeats aside.
        types: How many of each type arrived.
        people: How many different people they are about; a userId and an anonymousId seen together are one.
        refused: How many came in requests that were refused.
        dropped: Those that Segment would have dropped or altered, as text: name and problems.
        duplicates: How many arrived more than once.
        missing: The events of which not all arrived that had to.
        strangers: The ids that arrived although nobody told of them, or although they were to be withheld.
        changed: The ids that arrived as another type than they were to.
        viewed: How many pages the visitors viewed; None where it was not counted.
        pages: How many pages were told of.
        miscounted: Where the two differ, as text: path and numbers.
        delays: Seconds from each event to its arrival, sorted.
    """

    emitted: int
    withheld: Mapping[str, int]
    arrived: int
    types: Mapping[str, int]
    people: int
    refused: int
    dropped: list[str]
    duplicates: int
    missing: list[Told]
    strangers: list[str]
    changed: list[str]
    viewed: int | None
    pages: int
    miscounted: list[str]
    delays: list[float] = field(repr=False)

    @property
    def due(self) -> int:
        """How many events were to arrive."""
        return self.emitted - sum(self.withheld.values())

    @property
    def complete(self) -> bool:
        """Whether everything that was to arrive did, exactly once and valid, and nothing else.

        Where page views were counted at the browsers, this has each of them told of exactly once.
        """
        faults = (self.refused, self.dropped, self.duplicates, self.missing, self.strangers, self.changed)
        return self.emitted > 0 and not any(faults) and not self.miscounted


def tally(told: Iterable[Told], store: Arrivals, viewed: Mapping[str, int] | None = None) -> Tally:
    """Compare what the shop told with what arrived.

    Args:
        told: The events of the shop's ledger, with what is to come of each.
        store: What the endpoint received.
        viewed: How often each page was viewed, by its path, as the browsers saw it; None where nobody counted.
    """
    by_uid = {each.uid: each for each in told}
    events = store.events
    came = [(event, by_uid.get(_uid(event))) for event in events]
    due = {(uid, call) for uid, each in by_uid.items() for call in each.calls}
    not_there = {uid for uid, _ in due - {(_uid(event), event.type) for event in events}}
    messages = [event.message for event in events]
    pages = Counter(each.path for each in by_uid.values() if each.path)
    return Tally(
        emitted=len(by_uid),
        withheld=Counter(each.withheld for each in by_uid.values() if each.withheld),
        arrived=len(events),
        types=Counter(event.type for event in events),
        people=_people(messages),
        refused=store.refused,
        dropped=[_complaint(event, message) for event, message in zip(events, messages, strict=True) if event.problems],
        duplicates=store.duplicates,
        missing=[each for uid, each in by_uid.items() if uid in not_there],
        strangers=[event.message_id for event, each in came if not _is_due(each)],
        changed=[event.message_id for event, each in came if _is_due(each) and not each.may_make(event.type)],
        viewed=None if viewed is None else sum(viewed.values()),
        pages=pages.total(),
        miscounted=[] if viewed is None else list(_differences(pages, viewed)),
        delays=sorted(_delays(events, messages)),
    )


def _differences(told: Mapping[str, int], viewed: Mapping[str, int]) -> Iterator[str]:
    for path in sorted(told.keys() | viewed.keys()):
        if told.get(path, 0) != viewed.get(path, 0):
            yield f"{path}: viewed {viewed.get(path, 0)} times, told of {told.get(path, 0)} times"


def _is_due(told: Told | None) -> TypeGuard[Told]:
    return told is not None and not told.withheld


def _uid(event: Received) -> str:
    # Where one event makes several calls, all but the first have their type behind its id.
    return event.message_id.removesuffix(f"-{event.type}")


def _people(messages: Sequence[Mapping[str, Any]]) -> int:
    # Whoever was ever seen with both ids is one person under either.
    users = {message["anonymousId"]: message["userId"] for message in messages if _has_both(message)}
    ids = (message.get("userId") or message.get("anonymousId") for message in messages)
    return len({users.get(each, each) for each in ids})


def _has_both(message: Mapping[str, Any]) -> bool:
    return bool(message.get("userId") and message.get("anonymousId"))


def _complaint(event: Received, message: Mapping[str, Any]) -> str:
    return f"{message.get('event') or event.type}: {', '.join(map(str, event.problems))}"


def _delays(events: Iterable[Received], messages: Iterable[Mapping[str, Any]]) -> Iterable[float]:
    for event, message in zip(events, messages, strict=True):
        try:
            moment = datetime.fromisoformat(str(message.get("timestamp")).replace("Z", "+00:00"))
        except ValueError:
            continue
        yield event.arrived - moment.timestamp()
