"""What was told against what arrived."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from otel_segment.inspector import Received, ReceivedStore

__all__ = ["Tally", "tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """The two sides, compared.

    Attributes:
        emitted: How many events the shop told of.
        arrived: How many arrived, repeats aside.
        types: How many of each type arrived.
        people: How many different people they are about; a userId and an anonymousId seen together are one.
        refused: How many came in requests that were refused.
        dropped: Those that Segment would have dropped or altered, as text: name and problems.
        duplicates: How many arrived more than once.
        missing: The ledger's entries that did not arrive.
        strangers: The ids that arrived although nobody told of them.
        changed: The ids that arrived as another type than was told.
        delays: Seconds from each event to its arrival, sorted.
    """

    emitted: int
    arrived: int
    types: Mapping[str, int]
    people: int
    refused: int
    dropped: list[str]
    duplicates: int
    missing: list[Mapping[str, str]]
    strangers: list[str]
    changed: list[str]
    delays: list[float] = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether everything that was told arrived exactly once, valid, and nothing else did."""
        faults = (self.refused, self.dropped, self.duplicates, self.missing, self.strangers, self.changed)
        return self.emitted > 0 and not any(faults)


def tally(ledger: Iterable[Mapping[str, str]], store: ReceivedStore) -> Tally:
    """Compare what the shop told with what arrived.

    Args:
        ledger: The shop's ledger: ``uid``, ``type`` and ``event`` of each event.
        store: What the endpoint received.
    """
    told = {entry["uid"]: entry for entry in ledger}
    events = store.events
    came = {event.message_id: event for event in events}
    messages = [event.message for event in events]
    return Tally(
        emitted=len(told),
        arrived=len(events),
        types=Counter(event.type for event in events),
        people=_people(messages),
        refused=store.refused,
        dropped=[_complaint(event, message) for event, message in zip(events, messages, strict=True) if event.problems],
        duplicates=store.duplicates,
        missing=[entry for uid, entry in told.items() if uid not in came],
        strangers=[uid for uid in came if uid not in told],
        changed=[uid for uid, event in came.items() if uid in told and told[uid]["type"] != event.type],
        delays=sorted(_delays(events, messages)),
    )


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
