"""What is measured, of whom, and how much of it."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contender import CONTENDERS
from benchmarks.inspector import measure_inspector
from benchmarks.inspector_page import measure as measure_page
from benchmarks.processes import Missing, Sink, import_ms, run_cold_start, run_worker
from benchmarks.web.frameworks import FRAMEWORKS
from benchmarks.web.measure import measure as measure_web

__all__ = ["FULL", "MEASUREMENTS", "QUICK", "Measurement", "Missing", "Sizes"]

Figures = dict[str, float]

WARM_UP = 200
"""Events that the worker sends before it measures."""


@dataclass(frozen=True)
class Sizes:
    """How much one round measures."""

    burst: int
    """Events of a burst."""
    burst_slow: int
    """The same for Segment's library at its defaults against answers after 100 ms, which is 1,000 a second.

    More than its queue of 10,000 holds, so that its memory is what it would be for any longer burst.
    """
    burst_otlp: int
    """The same for the OTLP exporter against answers after 100 ms, which is 5,000 a second at best."""
    steady_seconds: float
    """Seconds at 500 events a second."""
    processes: int
    """Fresh processes for each start and each import; the median counts."""
    conversions: int
    """Records converted in one go."""
    users: int
    """People who are remembered."""
    mapped: int
    """Times that 500 records are converted with a mapping, and as often without."""
    turns: int
    """Turns that each variant of a site has."""
    turn_seconds: float
    """How long a turn is."""
    loads: int
    """How often the inspector's page is loaded; the median counts."""
    page_seconds: float
    """Seconds at 200 events a second that the page shows."""
    inspected: int
    """Events in batches that the inspector takes in; and the seconds at 200 a second are those of the page."""
    event: str = "flat"
    """The shape of the event."""


FULL = Sizes(
    burst=50_000,
    burst_slow=12_000,
    burst_otlp=20_000,
    steady_seconds=5,
    processes=5,
    conversions=4_000,
    users=100_000,
    mapped=60,
    turns=3,
    turn_seconds=0.3,
    loads=9,
    page_seconds=20,
    inspected=100_000,
)
QUICK = Sizes(
    burst=5_000,
    burst_slow=1_000,
    burst_otlp=2_000,
    steady_seconds=1,
    processes=2,
    conversions=1_000,
    users=10_000,
    mapped=20,
    turns=1,
    turn_seconds=0.2,
    loads=3,
    page_seconds=3,
    inspected=20_000,
)


@dataclass(frozen=True)
class Measurement:
    """One measurement, taken of several contenders one after another in each round."""

    name: str
    contenders: tuple[str, ...]
    take: Callable[[str, Sizes], Figures]


def _with_sink(sizes: Sizes, delay: float, events: int, contender: str, **order: object) -> Figures:
    with Sink(delay) as sink:
        order |= {"contender": contender, "endpoint": sink.endpoint, "events": events, "event": sizes.event}
        figures = run_worker(**order)
        counts = sink.counts()
    if contender == "floor":
        return figures
    sent = max(1, counts["events"])
    return figures | {
        "lost": events + WARM_UP - counts["events"],
        "events_per_request": sent / max(1, counts["requests"]),
        "bytes_per_event": counts["body_bytes"] / sent,
        "sink_cpu_us": counts["cpu_seconds"] / sent * 1e6,
    }


def _burst_at_once(contender: str, sizes: Sizes) -> Figures:
    return _with_sink(sizes, 0.0, sizes.burst, contender, task="burst")


def _burst_after_100_ms(contender: str, sizes: Sizes) -> Figures:
    fewer = {"segment": sizes.burst_slow, "otlp": sizes.burst_otlp}
    return _with_sink(sizes, 0.1, fewer.get(contender, sizes.burst), contender, task="burst")


def _steady(contender: str, sizes: Sizes) -> Figures:
    rate = 500
    return _with_sink(sizes, 0.0, int(rate * sizes.steady_seconds), contender, task="steady", rate=rate)


def _start(contender: str, sizes: Sizes) -> Figures:
    starts = [run_cold_start(CONTENDERS[contender]) for _ in range(sizes.processes)]
    return {name: statistics.median(start[name] for start in starts) for name in starts[0]}


def _conversion(contender: str, sizes: Sizes) -> Figures:
    return run_worker(task="conversion", name=contender, records=sizes.conversions, repeats=5, event=sizes.event)


def _mapping(contender: str, sizes: Sizes) -> Figures:
    return run_worker(task="mapping", name=contender, users=sizes.users, rounds=sizes.mapped)


def _import(contender: str, sizes: Sizes) -> Figures:
    module = {"segment": "segment.analytics", "ours": "otel_segment.analytics"}[contender]
    return {"import_ms": statistics.median(import_ms(module) for _ in range(sizes.processes))}


def _web(contender: str, sizes: Sizes) -> Figures:
    return measure_web(contender, sizes.turns, sizes.turn_seconds)


def _inspector(_: str, sizes: Sizes) -> Figures:
    return measure_inspector(sizes.inspected, sizes.page_seconds)


def _inspector_page(_: str, sizes: Sizes) -> Figures:
    return measure_page(sizes.loads, sizes.page_seconds)


MEASUREMENTS = {
    measurement.name: measurement
    for measurement in (
        Measurement("burst", ("floor", "segment", "A", "B", "track", "otlp"), _burst_at_once),
        Measurement("burst-100ms", ("segment", "segment-tuned", "A", "B", "otlp"), _burst_after_100_ms),
        Measurement("steady", ("floor", "segment", "A", "B", "otlp"), _steady),
        Measurement("spool", ("A", "A-spool", "B", "B-spool", "B-durable"), _burst_at_once),
        Measurement("spool-100ms", ("A", "A-spool", "B", "B-spool", "B-durable"), _burst_after_100_ms),
        Measurement("steady-spool", ("B", "B-spool", "B-durable"), _steady),
        Measurement("start", ("segment", "A", "B", "otlp"), _start),
        Measurement("conversion", ("ours", "otlp"), _conversion),
        Measurement("mapping", ("rules", "identify"), _mapping),
        Measurement("import", ("segment", "ours"), _import),
        Measurement("web", tuple(FRAMEWORKS), _web),
        Measurement("inspector", ("endpoint",), _inspector),
        Measurement("inspector-page", ("chromium",), _inspector_page),
    )
}
