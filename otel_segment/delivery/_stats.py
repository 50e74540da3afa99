"""What has become of the events: the counts, and a snapshot of them."""

from collections import Counter

import msgspec

from otel_segment.reasons import DropReason
from otel_segment.wire import Batch

__all__ = ["Counts", "Stats"]


class Stats(msgspec.Struct, frozen=True):
    """Where the events of this process are; each is in exactly one state.

    ``accepted + recovered == waiting + in_flight + spooled + delivered + withheld + dead_lettered +
    sum(dropped.values())`` holds at any moment: :attr:`unaccounted` is 0.
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
    taken_over: int = 0
    """Events among the ``recovered`` ones of one exporter that another of this process counts as ``spooled``."""

    @property
    def unaccounted(self) -> int:
        """How many events came in that are in no state, less those that are in two: 0 at any moment."""
        here = self.waiting + self.in_flight + self.spooled
        gone = self.delivered + self.withheld + self.dead_lettered + sum(self.dropped.values())
        return self.accepted + self.recovered - here - gone

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
            self.taken_over + other.taken_over,
        )

    def reconciled(self) -> "Stats":
        """Return the counts of all exporters of a process, with each event counted once.

        What one exporter has left in the spool and another has taken up was left by nobody, and comes from nowhere.
        """
        # The exporters are not asked at the same moment: who took it up may know of it before who left it.
        twice = min(self.taken_over, self.spooled, self.recovered)
        return msgspec.structs.replace(
            self, spooled=self.spooled - twice, recovered=self.recovered - twice, taken_over=0
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
        "taken_over",
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
        self.taken_over = 0

    def unshelve(self, batch: Batch) -> None:
        """Count a batch as taken from the spool, and note in it who had left its events there."""
        # Another exporter of this process may have written some of those that the process wrote.
        own = min(self.spooled, len(batch) - batch.recovered)
        batch.taken_over = len(batch) - batch.recovered - own
        batch.recovered = len(batch) - own
        self.spooled -= own
        self.recovered += batch.recovered
        self.taken_over += batch.taken_over

    def shelve(self, batch: Batch, events: int) -> None:
        """Count so many events of a batch as left in the spool, or left there again."""
        others = min(events, batch.recovered)
        self.taken_over -= min(others, batch.taken_over)
        self.recovered -= others
        self.spooled += events - others

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
            taken_over=self.taken_over,
        )
