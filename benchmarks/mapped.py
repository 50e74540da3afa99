"""What a mapping costs: events of many people, emitted through the SDK into the processor, which sends nothing."""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.contender import Contender
from benchmarks.contenders.sdk import contender
from benchmarks.event import EVENT, SAMPLES
from benchmarks.records import make_records
from otel_segment import SegmentLogRecordProcessor

__all__ = ["measure"]

_MANY, _FEW = 4_000, 500
"""Records that are made in one go, before those are converted that count; and of those."""

_RULES = [
    *({"match": f"Checkout Step {number}", "name": f"Step {number}"} for number in range(980)),
    *({"match": f"Newsletter {letter}*", "ignore": True} for letter in "ABCDEFGHIJKLMNOPQRS"),
    {"match": EVENT, "name": "Order Finished", "integrations": {"Mixpanel": False}},
]

_MAPPINGS: dict[str, dict[str, Any]] = {
    "rules": {"rules": _RULES},
    "identify": {"identify": {"traits": {"payment": "payment"}}},
}


def measure(name: str, users: int, rounds: int) -> dict[str, float]:
    """Let everybody come once, then people at random, in turn with a mapping and without one.

    Args:
        name: A key of the mappings.
        users: People.
        rounds: How often either has its turn.
    """
    processor, unmapped = _processor(_MAPPINGS[name]), _processor(None)
    for start in range(users, users + 10 * _MANY, _MANY):
        _convert(unmapped, range(start, start + _MANY))
    before = _resident()
    for start in range(0, users, _MANY):
        _convert(processor, range(start, min(start + _MANY, users)))
    grown = _resident() - before
    emitted = _in_turn(_emit, [contender(unmapped), contender(processor)], users, rounds)
    converted = _in_turn(_convert, [unmapped, processor], users, rounds)
    return {
        "event_us": emitted[1],
        "unmapped_us": emitted[0],
        "against_unmapped": emitted[1] / emitted[0],
        "conversion_us": converted[1],
        "conversion_alone": converted[1] / converted[0],
        "bytes_per_user": grown / users,
    }


def _in_turn(take: Callable[[Any, list[int]], float], takers: list[Any], users: int, rounds: int) -> list[float]:
    """Let people come at random, by either way in turn; return the microseconds of one event for each way."""
    rng = random.Random(0)
    took: list[list[float]] = [[] for _ in takers]
    for number in range(rounds + 2):
        for place in range(len(takers)) if number % 2 else reversed(range(len(takers))):
            took[place].append(take(takers[place], [rng.randrange(users) for _ in range(_FEW)]))
    return [statistics.median(each[2:]) / _FEW * 1e6 for each in took]


def _processor(mapping: dict[str, Any] | None) -> SegmentLogRecordProcessor:
    return SegmentLogRecordProcessor(disabled=True, mapping=mapping)


def _resident() -> int:
    gc.collect()
    with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:  # noqa: PTH123
        return next(int(line.split()[1]) * 1_024 for line in rollup if line.startswith("Rss:"))


def _convert(processor: SegmentLogRecordProcessor, users: Iterable[int]) -> float:
    samples = [_sample(user) for user in users]
    fresh: Any = make_records(len(samples), samples)
    take = processor.on_emit
    start = time.process_time()
    for record in fresh:
        take(record)
    return time.process_time() - start


def _emit(by: Contender, users: Iterable[int]) -> float:
    samples = [_sample(user) for user in users]
    emit = by.emit
    start = time.process_time()
    for user, properties in samples:
        emit(user, properties)
    return time.process_time() - start


def _sample(user: int) -> tuple[str, dict[str, Any]]:
    return f"user-{user:07}", SAMPLES[user % len(SAMPLES)][1]
