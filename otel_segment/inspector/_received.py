"""What has arrived: a bounded store that many threads write to and read from."""

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from otel_segment.inspector._intake import Event
from otel_segment.inspector._rules import Outcome, Problem

__all__ = ["Arrivals", "Received", "ReceivedStore", "RequestFacts"]

_MAX_REQUESTS = 10_000
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True)
class RequestFacts:
    """What is remembered of one request, which shows no secrets when it is printed.

    Attributes:
        number: 1 for the first request that the endpoint got.
        path: The path, without the query.
        headers: The headers, by lower-case names, without those that carry secrets.
        arrived: When the headers were read, in seconds since 1970.
        monotonic: The same moment on the monotonic clock, for measuring distances.
        size: Bytes of the body as it came over the wire.
        events: How many events the body held.
        sent_at: The body's ``sentAt``.
        key: The write key, wherever it stood.
        problems: What is wrong with the request as a whole.
        status: The status that it was answered with; ``None`` before the answer, or where there was none.
    """

    number: int
    path: str
    headers: dict[str, str]
    arrived: float = field(default_factory=time.time)
    monotonic: float = field(default_factory=time.monotonic)
    size: int = 0
    events: int = 0
    sent_at: str | None = None
    key: str | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    status: int | None = None


class Received(msgspec.Struct, gc=False):
    """One event that has arrived, in a request that was not refused.

    Attributes:
        raw: The event as it was sent, in JSON.
        type: The Segment call, ``""`` where the event does not say.
        message_id: The ``messageId``, ``""`` where there is none.
        problems: All that is wrong with it; empty when Segment would keep it as it is.
        key: The write key that it came with.
        request: The number of its request.
        arrived: When its request was taken in, in seconds since 1970.
        number: 1 for the first event that arrived; repeats are numbered as well.
    """

    raw: bytes
    type: str
    message_id: str
    problems: tuple[Problem, ...]
    key: str | None
    request: int
    arrived: float
    number: int

    @property
    def message(self) -> dict[str, Any]:
        """The event as it was sent; decoded anew each time."""
        return _decode(self.raw)

    @property
    def duplicate(self) -> bool:
        """Whether an event with the same ``messageId`` came before."""
        return Problem.DUPLICATE in self.problems

    @property
    def kept(self) -> bool:
        """Whether Segment would keep the event at all."""
        return all(problem.outcome is Outcome.ALTERED for problem in self.problems)


class Arrivals(Protocol):
    """Where what has arrived can be looked at while more comes in: the store, or an archive."""

    @property
    def events(self) -> list[Received]:
        """The events in the order of their arrival, without repeats."""
        ...

    @property
    def duplicates(self) -> int:
        """How many repeats there were."""
        ...

    @property
    def refused(self) -> int:
        """How many events came in requests that were refused."""
        ...

    def after(self, number: int, timeout: float | None = None) -> list[Received]:
        """Give what arrived after the event of that number; waits for it so many seconds."""
        ...


class ReceivedStore:
    """The events and requests that an endpoint got, the oldest forgotten when there are too many.

    Iterating gives the events without repeats, ``len()`` their number. An event counts as a repeat as long as
    the first with its ``messageId`` is in the store.
    """

    def __init__(self, keep: int = 200_000) -> None:
        """Make an empty store.

        Args:
            keep: How many events it holds at most, repeats included.
        """
        self._keep = keep
        self._changed = threading.Condition(threading.RLock())
        self._last_request = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Forget everything that has arrived; numbers go on."""
        with self._changed:
            self._arrivals: deque[Received] = deque()
            self._first: dict[str, Received] = {}
            self._requests: deque[RequestFacts] = deque(maxlen=_MAX_REQUESTS)
            self._types: Counter[str] = Counter()
            self._duplicates = 0
            self._refused = 0
            self._number = getattr(self, "_number", 0)

    def __len__(self) -> int:
        with self._changed:
            return len(self._arrivals) - self._duplicates

    def __iter__(self) -> Iterator[Received]:
        return iter(self.events)

    @property
    def events(self) -> list[Received]:
        """The events in the order of their arrival, without repeats."""
        with self._changed:
            return [event for event in self._arrivals if not event.duplicate]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was sent, in the order of its arrival, without repeats."""
        return [event.message for event in self.events]

    @property
    def requests(self) -> list[RequestFacts]:
        """The last 10,000 requests, in the order of their arrival."""
        with self._changed:
            return list(self._requests)

    @property
    def duplicates(self) -> int:
        """How many repeats there were."""
        with self._changed:
            return self._duplicates

    @property
    def refused(self) -> int:
        """How many events came in requests that were refused."""
        with self._changed:
            return self._refused

    def types(self) -> dict[str, int]:
        """Say how many events of each type there are, without repeats."""
        with self._changed:
            return {kind: count for kind, count in self._types.items() if count}

    def find(self, message_id: str) -> Received | None:
        """Give the event with this ``messageId``, the first where it came more than once."""
        with self._changed:
            return self._first.get(message_id)

    def after(self, number: int, timeout: float | None = None) -> list[Received]:
        """Give what arrived after the event of that number, repeats included.

        Args:
            number: The ``number`` of the last event already seen; 0 for none.
            timeout: Seconds to wait for at least one; ``None`` waits for ever.

        Returns:
            The events in the order of their arrival; none when the time has passed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout)
            first = self._arrivals[0].number if self._arrivals else self._number + 1
            return list(itertools.islice(self._arrivals, max(0, number + 1 - first), None))

    def wait_for(self, predicate: Callable[["ReceivedStore"], object], timeout: float) -> bool:
        """Wait until something holds.

        Args:
            predicate: Is given this store after each change, and says whether it holds.
            timeout: Seconds to wait at most.

        Returns:
            Whether it holds.
        """
        with self._changed:
            return bool(self._changed.wait_for(lambda: predicate(self), timeout))

    def begin(self, path: str, headers: dict[str, str]) -> RequestFacts:
        """Note a request whose headers have been read; for the endpoint."""
        with self._changed:
            facts = RequestFacts(next(self._last_request), path, headers)
            self._requests.append(facts)
            self._changed.notify_all()
            return facts

    def accept(self, events: Sequence[Event], facts: RequestFacts) -> None:
        """Take in the events of one request; for the endpoint."""
        with self._changed:
            now = time.time()
            for event in events:
                self._take(event, facts, now)
            while len(self._arrivals) > self._keep:
                self._forget(self._arrivals.popleft())
            self._changed.notify_all()

    def refuse(self, events: int) -> None:
        """Count the events of a request that was refused; for the endpoint."""
        with self._changed:
            self._refused += events
            self._changed.notify_all()

    def settle(self, facts: RequestFacts, status: int | None) -> None:
        """Note how a request was answered; for the endpoint."""
        with self._changed:
            facts.status = status
            self._changed.notify_all()

    def _take(self, event: Event, facts: RequestFacts, now: float) -> None:
        self._number += 1
        message_id, problems = event.message_id, event.problems
        repeat = message_id in self._first
        if repeat:
            problems = (*problems, Problem.DUPLICATE)
            self._duplicates += 1
        else:
            self._types[event.type] += 1
        received = Received(event.raw, event.type, message_id, problems, facts.key, facts.number, now, self._number)
        if message_id and not repeat:
            self._first[message_id] = received
        self._arrivals.append(received)

    def _forget(self, event: Received) -> None:
        if event.duplicate:
            self._duplicates -= 1
            return
        self._types[event.type] -= 1
        self._first.pop(event.message_id, None)
