"""A Segment-compatible endpoint for tests, with failures on demand."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from typing_extensions import Self

from otel_segment.delivery import deliveries
from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint, ReceivedStore, Reset, Wait
from otel_segment.settings import SettingsArguments
from otel_segment.testing._events import SegmentEvents
from otel_segment.testing._surroundings import Surroundings
from otel_segment.testing._wording import Seen

__all__ = ["SegmentServer", "served"]

_WRITE_KEY = "test-write-key"
_NOT_TO_STAY = ("OTEL_EXPORTER_SEGMENT_DISABLED", "OTEL_EXPORTER_SEGMENT_REGION", "OTEL_EXPORTER_SEGMENT_PATH")
_AT_THE_END = 2.0
"""Seconds that what is left may take to be delivered when a test ends."""


class SegmentServer:
    """An endpoint on this machine that takes what Segment would take, and fails when it is told to.

    It listens as soon as it exists, and is a context manager that closes itself::

        with SegmentServer() as server:
            otel_segment.configure(**server.settings)
            server.fail(times=2, status=503, retry_after=1)
            analytics.track("u-1", "Order Completed")
            otel_segment.flush()
            server.events.tracked("Order Completed")

    What it is told goes by requests, one after the other: ``fail(times=2)`` and then ``reset(times=1)`` are three
    requests that come to nothing.

    Args:
        write_key: The only write key that it takes; None for any.
    """

    def __init__(self, write_key: str | None = None) -> None:
        self._endpoint = LocalEndpoint(write_key=write_key)
        self._write_key = write_key or _WRITE_KEY
        self._lock = threading.Lock()
        self._faults: list[tuple[Action, int | None]] = []
        self._endpoint.behave(self._next)

    @property
    def url(self) -> str:
        """Its address, for the setting ``endpoint``."""
        return self._endpoint.url

    @property
    def settings(self) -> SettingsArguments:
        """Arguments of ``otel_segment.configure()``, or of an exporter, with which it gets the events."""
        return {"endpoint": self.url, "write_key": self._write_key}

    @property
    def events(self) -> SegmentEvents:
        """The events that have arrived so far, each once; it waits for none."""
        return SegmentEvents(lambda: Seen(self._endpoint.received.messages, waiting=_waiting()))

    @property
    def received(self) -> ReceivedStore:
        """What has arrived, with what Segment would hold against it, with repeats and requests."""
        return self._endpoint.received

    def wait_for(self, events: int, timeout: float = 10.0) -> bool:
        """Wait until so many events have arrived; return whether they have within the timeout, in seconds."""
        return self._endpoint.received.wait_for(lambda seen: len(seen) >= events, timeout)

    def fail(
        self, times: int | None = None, *, status: int = 503, retry_after: float | None = None, body: str = ""
    ) -> Self:
        """Refuse requests.

        Args:
            times: How many; None for all, until :meth:`recover`.
            status: The HTTP status.
            retry_after: The header ``Retry-After``, in whole seconds; None for none.
            body: The body of the answer.
        """
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:.0f}"}
        return self._add(Answer(status, headers, body), times)

    def reset(self, times: int | None = None) -> Self:
        """Reset the connections of so many requests; of all where ``times`` is None."""
        return self._add(Reset(), times)

    def delay(self, seconds: float, times: int | None = None) -> Self:
        """Answer so many requests only after some seconds; all of them where ``times`` is None."""
        return self._add(Wait(seconds), times)

    def recover(self) -> Self:
        """Have no failures any more."""
        with self._lock:
            self._faults.clear()
        return self

    def clear(self) -> Self:
        """Forget what has arrived."""
        self._endpoint.received.clear()
        return self

    def close(self) -> None:
        """Stop listening; what has arrived stays readable."""
        self._endpoint.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, action: Action, times: int | None) -> Self:
        with self._lock:
            if times is None or times > 0:
                self._faults.append((action, times))
        return self

    def _next(self, _: IncomingRequest) -> Action:
        with self._lock:
            if not self._faults:
                return None
            action, left = self._faults[0]
            if left is not None:
                self._faults[:1] = [(action, left - 1)] if left > 1 else []
            return action


def _waiting() -> int:
    found = [delivery.stats() for delivery in deliveries()]
    return sum(stats.waiting + stats.in_flight + stats.spooled for stats in found)


@contextmanager
def served(set_variable: Callable[[str, str], None], delete: Callable[[str], None]) -> Iterator[SegmentServer]:
    """Have an endpoint that the environment names; what the block has set up is ended and taken away again."""

    def hear_nothing(*_: Any) -> None:
        """Leave all to the exporters."""

    surroundings = Surroundings(hear_nothing, hear_nothing, has_stand_ins=False)
    before = set(deliveries())
    with SegmentServer() as server:
        for name in _NOT_TO_STAY:
            delete(name)
        set_variable("OTEL_EXPORTER_SEGMENT_ENDPOINT", server.url)
        set_variable("OTEL_EXPORTER_SEGMENT_WRITE_KEY", _WRITE_KEY)
        for name in ("NO_PROXY", "no_proxy"):
            set_variable(name, ",".join(filter(None, (os.environ.get(name), "127.0.0.1"))))
        surroundings.enter()
        try:
            yield server
        finally:
            server.recover()
            for delivery in set(deliveries()) - before:
                delivery.shutdown(_AT_THE_END)
            surroundings.leave()
