"""What has become of the events: the counts, and a snapshot of them."""

from collections import Counter

import msgspec

from otel_segment.reasons import DropReason

__all__ = ["Counts", "Stats"]


class Stats(msgspec.Struct, frozen=True):
    """Where the events of this process are; each is in exactly one state.

    ``accepted + recovered == waiting + in_flight + spooled + delivered + withheld + dead_lettered +
    sum(dropped.values())`` holds at any moment.
    """

    accepted: int = 0
    """Events that were selected for Segment."""
    waiting: int = 0
    """Events in memory that no request carries yet, or none at the moment."""
    in_flight: int = 0
    """Events in requests that have no final answer yet."""
    delivered: int = 0
    """Events that the endpoint has accepted."""
    withheld: int = 0
    """Events that were converted and checked while ``disabled`` was set."""
    dropped: dict[DropReason, int] = {}
    """Events that were dropped, by reason."""
    requests: dict[int, int] = {}
    """Requests by HTTP status; 0 where no answer came."""
    retries: int = 0
    """Requests that were made again."""
    sent_bytes: int = 0
    """Bytes of the bodies of all requests, before compression."""
    spooled: int = 0
    """Events that this process has left in the spool, where this or another process takes them up, or already has."""
    recovered: int = 0
    """Events of other processes, or of earlier ones, that this one has taken from the spool."""
    dead_lettered: int = 0
    """Events that can never be delivered, and are in the dead-letter file."""

    @property
    def settled(self) -> bool:
        """Whether nothing is waiting or in flight."""
        return not (self.waiting or self.in_flight)

    def __add__(self, other: "Stats") -> "Stats":
        return Stats(
            self.accepted + other.accepted,
            self.waiting + other.waiting,
            self.in_flight + other.in_flight,
            self.delivered + other.delivered,
            self.withheld + other.withheld,
            dict(Counter(self.dropped) + Counter(other.dropped)),
            dict(Counter(self.requests) + Counter(other.requests)),
            self.retries + other.retries,
            self.sent_bytes + other.sent_bytes,
            self.spooled + other.spooled,
            self.recovered + other.recovered,
            self.dead_lettered + other.dead_lettered,
        )


class Counts:
    """The counts as they are kept, each changed under the lock of the outbox that they belong to."""

    __slots__ = (
        "accepted",
        "dead_lettered",
        "delivered",
        "dropped",
        "recovered",
        "spooled",
        "withheld",
    )

    def __init__(self) -> None:
        self.accepted = 0
        self.delivered = 0
        self.withheld = 0
        self.dropped: Counter[DropReason] = Counter()
        self.spooled = 0
        self.recovered = 0
        self.dead_lettered = 0

    def snapshot(self, waiting: int, in_flight: int) -> Stats:
        """Return the counts as they are now."""
        return Stats(
            self.accepted,
            waiting,
            in_flight,
            self.delivered,
            self.withheld,
            {reason: count for reason, count in self.dropped.items() if count},
            spooled=self.spooled,
            recovered=self.recovered,
            dead_lettered=self.dead_lettered,
        )
