"""What a mapping costs: records of many people through the processor, which converts them and sends nothing."""

import gc
import random
import statistics
import time
from collections.abc import Iterable
from typing import Any

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
    rng = random.Random(0)
    took: dict[SegmentLogRecordProcessor, list[float]] = {unmapped: [], processor: []}
    for number in range(rounds + 2):
        for each in (unmapped, processor) if number % 2 else (processor, unmapped):
            took[each].append(_convert(each, [rng.randrange(users) for _ in range(_FEW)]))
    mapped_us, plain_us = (statistics.median(took[each][2:]) / _FEW * 1e6 for each in (processor, unmapped))
    return {
        "conversion_us": mapped_us,
        "unmapped_us": plain_us,
        "against_unmapped": mapped_us / plain_us,
        "bytes_per_user": grown / users,
    }


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


def _sample(user: int) -> tuple[str, dict[str, Any]]:
    return f"user-{user:07}", SAMPLES[user % len(SAMPLES)][1]
