"""What runs inside a contender's process: one measurement, its figures printed as a line of JSON.

It imports as little as it can, because its memory is counted as the contender's.
"""

import array
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contender import Contender, build
from benchmarks.event import SHAPES

Figures = dict[str, float]

_WARM_UP = 200
_WAIT_FOR_ROOM = 0.005


def _peak_mib() -> float:
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        return float("nan")


def _percentiles(took: "array.array[int]") -> Figures:
    ordered = sorted(took)
    last = len(ordered) - 1
    return {
        "emit_p50_us": ordered[last // 2] / 1e3,
        "emit_p99_us": ordered[round(last * 0.99)] / 1e3,
        "emit_max_us": ordered[-1] / 1e3,
    }


def _emit_all(contender: Contender, events: int) -> "array.array[int]":
    emit, full, samples = contender.emit, contender.full, contender.samples
    took = array.array("q", bytes(8 * events))
    clock = time.perf_counter_ns
    for number in range(events):
        user, properties = samples[number % 64]
        while full is not None and full():
            time.sleep(_WAIT_FOR_ROOM)
        start = clock()
        emit(user, properties)
        took[number] = clock() - start
    return took


def warm_up(contender: Contender) -> None:
    """Emit and settle a few events, so that lazy imports and the first connection are not measured."""
    _emit_all(contender, _WARM_UP)
    contender.settle()


def burst(contender: Contender, events: int) -> Figures:
    """Emit as fast as the contender takes events, then wait until all are settled."""
    before = _peak_mib()
    cpu, wall = time.process_time(), time.perf_counter()
    took = _emit_all(contender, events)
    emitted = time.perf_counter() - wall
    contender.settle()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "cpu_us": cpu / events * 1e6,
        "events_per_second": events / wall,
        "emit_seconds": emitted,
        "idle_mib": before,
        "peak_mib": _peak_mib(),
        **_percentiles(took),
    }


def steady(contender: Contender, events: int, rate: float) -> Figures:
    """Emit at an even pace, one event at a time."""
    took = array.array("q", bytes(8 * events))
    clock, samples = time.perf_counter_ns, contender.samples
    gap = int(1e9 / rate)
    due = clock()
    for number in range(events):
        due += gap
        while (left := due - clock()) > 0:
            time.sleep(left / 1e9)
        user, properties = samples[number % 64]
        start = clock()
        contender.emit(user, properties)
        took[number] = clock() - start
    contender.settle()
    return _percentiles(took)


def sustained(contender: Contender, events: int, rate: float, slice_seconds: float = 0.01) -> Figures:
    """Emit at an average rate, in slices, waiting for nobody."""
    share = max(1, round(rate * slice_seconds))
    start = time.perf_counter()
    for number in range(events):
        if number % share == 0:
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
        contender.emit(*contender.samples[number % 64])
    emitted = time.perf_counter() - start
    contender.settle()
    return {"emit_seconds": emitted, "settle_seconds": time.perf_counter() - start - emitted}


def conversion(name: str, records: int, repeats: int, event: str) -> Figures:
    """Convert records that were never seen before, and return the best of the repeats."""
    import timeit

    from benchmarks.records import make_records

    convert: Callable[[object], None] = importlib.import_module(f"benchmarks.conversions.{name}").convert
    convert(make_records(512, SHAPES[event]))
    fresh = iter([make_records(records, SHAPES[event]) for _ in range(repeats)])
    best = min(timeit.repeat(lambda: convert(next(fresh)), timer=time.process_time, number=1, repeat=repeats))
    return {"conversion_us": best / records * 1e6}


def mapping(**arguments: Any) -> Figures:
    """Convert records of many people under a mapping."""
    from benchmarks.mapped import measure

    return measure(**arguments)


def profile(contender: Contender, events: int) -> dict[str, str]:
    """Run a burst under the sampling profiler."""
    from benchmarks.sampler import Sampler

    with Sampler() as sampler:
        figures = burst(contender, events)
    return {"report": sampler.report(figures["cpu_us"] * events / 1e6, events)}


_TASKS: dict[str, Callable[..., object]] = {
    "burst": burst,
    "profile": profile,
    "steady": steady,
    "sustained": sustained,
}


def _carry_out(task: str, **arguments: Any) -> object:
    if task == "conversion":
        return conversion(**arguments)
    if task == "mapping":
        return mapping(**arguments)
    contender = build(arguments.pop("contender"), arguments.pop("endpoint"))
    contender = contender._replace(samples=SHAPES[arguments.pop("event", "flat")])
    if task != "sustained":
        warm_up(contender)
    return _TASKS[task](contender, **arguments)


def main() -> None:
    """Carry out the order given as JSON."""
    try:
        answer = _carry_out(**json.loads(sys.argv[1]))
    except ImportError as error:
        answer = {"missing": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
