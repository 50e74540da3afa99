"""The deliveries that live in this process, and the metrics that are read off them."""

import weakref
from collections.abc import Callable, Iterable
from typing import Protocol

from opentelemetry.metrics import CallbackOptions, Observation, get_meter

from otel_segment._version import __version__
from otel_segment.delivery._stats import Stats
from otel_segment.settings import Settings

__all__ = ["LiveDelivery", "deliveries", "register", "unregister"]


class LiveDelivery(Protocol):
    """What can be asked of a delivery from outside of its exporter."""

    @property
    def attributes(self) -> dict[str, str | int]:
        """The attributes of its metrics."""
        ...

    @property
    def settings(self) -> Settings:
        """Its settings."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it takes events, until it is shut down."""
        ...

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was handed over before is settled."""
        ...

    def send(self) -> object:
        """Send what was handed over without waiting for more."""
        ...

    def hurry(self, timeout: float) -> float:
        """Begin to end: retries wait no longer than the time that is left for shutting down."""
        ...

    def shutdown(self, timeout: float | None = None) -> bool:
        """Deliver what can be delivered in time, and end."""
        ...

    def stats(self) -> Stats:
        """Return where its events are."""
        ...

    def spool_state(self) -> tuple[int, float] | None:
        """Return how many events are in its spool, and the seconds that the oldest is there; None without one."""
        ...


_live: "weakref.WeakSet[LiveDelivery]" = weakref.WeakSet()
_observed: list[object] = []


def deliveries() -> list[LiveDelivery]:
    """Return the deliveries of all exporters of this process."""
    return list(_live)


def register(delivery: LiveDelivery) -> None:
    """Count a delivery among the living for as long as its exporter lives."""
    _live.add(delivery)
    if not _observed:
        _observed.extend(_observe())


def unregister(delivery: LiveDelivery) -> None:
    """Count a delivery no more; again is no harm."""
    _live.discard(delivery)


def _observe() -> Iterable[object]:
    """Make the instruments whose values are read when they are asked for, once for all deliveries."""
    meter = get_meter("otel_segment", __version__)
    yield meter.create_observable_counter(
        "otel_segment.events.accepted", [_reading(lambda stats: stats.accepted)], "{event}", "Events for Segment."
    )
    yield meter.create_observable_up_down_counter(
        "otel_segment.events.waiting", [_reading(lambda stats: stats.waiting)], "{event}", "Events in memory."
    )
    yield meter.create_observable_gauge("otel_segment.spool.events", [_spool_events], "{event}", "Events in the spool.")
    yield meter.create_observable_gauge("otel_segment.spool.age", [_spool_age], "s", "Age of the oldest of them.")


def _reading(value: Callable[[Stats], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _: [Observation(value(delivery.stats()), delivery.attributes) for delivery in deliveries()]


def _spool_events(_: CallbackOptions) -> Iterable[Observation]:
    states = [(delivery.spool_state(), delivery.attributes) for delivery in deliveries()]
    return [Observation(state[0], attributes) for state, attributes in states if state is not None]


def _spool_age(_: CallbackOptions) -> Iterable[Observation]:
    states = [(delivery.spool_state(), delivery.attributes) for delivery in deliveries()]
    return [Observation(state[1], attributes) for state, attributes in states if state is not None]
