"""Waits that the endpoint asks for: until they are over, nothing that knows of them sends a request."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from math import floor
from pathlib import Path
from typing import Any

import pytest
from trials import (
    Outcome,
    Site,
    Variant,
    at_both_doors,
    judge,
    record,
    run_program,
    run_trial,
    with_and_without_spool,
)

from otel_segment.inspector import Action, Answer, IncomingRequest, RequestFacts

EVENTS = 1_000
RATE = 500
SECONDS = 3
UNDER_WAY = 1.0
"""Seconds in which requests may still arrive that were made before their senders could know."""

ASKED: dict[str, Callable[[float], tuple[str, float]]] = {
    "seconds": lambda now: (str(SECONDS), SECONDS),
    # A date has no fractions of a second.
    "date": lambda now: (formatdate(now + SECONDS, usegmt=True), floor(now + SECONDS) - now),
}


class Closed:
    """Asks the first request of each process, and some of the later ones, to wait.

    Args:
        way: How it asks.
        numbers: Which requests of each process it asks.
    """

    def __init__(self, way: str, numbers: set[int]) -> None:
        self._ask = ASKED[way]
        self._numbers = numbers
        self._lock = threading.Lock()
        self._seen: defaultdict[str, int] = defaultdict(int)
        self.until: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        """By process: from when to when, on the monotonic clock, it was asked to send nothing."""

    def __call__(self, request: IncomingRequest) -> Action:
        """Answer a request."""
        process = request.headers["x-process"]
        with self._lock:
            self._seen[process] += 1
            if self._seen[process] not in self._numbers:
                return None
            value, seconds = self._ask(time.time())
            now = time.monotonic()
            self.until[process].append((now, now + seconds))
        return Answer(429, {"Retry-After": value})

    def early(self, requests: list[RequestFacts], grace: float) -> list[tuple[str, float]]:
        """Return the requests that came in a forbidden time, and how long before its end."""
        return [
            (process, until - request.monotonic)
            for process, times in self.until.items()
            for since, until in times
            for request in requests
            if request.headers["x-process"] == process and since + grace < request.monotonic < until
        ]


def named(process: str) -> dict[str, str]:
    """Return the setting by which the receiver tells processes apart."""
    return {"OTEL_EXPORTER_SEGMENT_HEADERS": f"X-Process={process}"}


@with_and_without_spool
@pytest.mark.parametrize("way", ASKED)
def test_forbidden_time(tmp_path: Path, way: str, has_spool: bool) -> None:
    """A process that was asked to wait sends nothing before, on any connection, however much it has to send."""

    def attempt(variant: Variant) -> None:
        closed = Closed(way, {1})
        with Site(closed) as site:
            more = named("first") | {"FIRST": "1"}
            ended, outcome = run_trial(f"forbidden time: {way}", site, tmp_path, variant, EVENTS, RATE, **more)
            early = closed.early(site.requests, 0)
        assert (len(closed.until["first"]), early) == (1, [])
        check(ended.stats, outcome)

    at_both_doors(attempt, has_spool=has_spool)


@with_and_without_spool
def test_forbidden_times_under_load(tmp_path: Path, has_spool: bool) -> None:
    """So it is for several processes, time after time and while their requests are under way."""

    def attempt(variant: Variant) -> None:
        closed = Closed("seconds", {1, 3, 12})
        with Site(closed) as site, ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(run_program, site.url, tmp_path, variant, str(EVENTS), str(RATE), **named(process))
                for process in ("first", "second")
            ]
            ended = [run.result() for run in runs]
            early = closed.early(site.requests, UNDER_WAY)
            outcome = judge(site, EVENTS)
        record("forbidden times under load", variant, outcome)
        assert (len(closed.until), early) == (2, [])
        assert [one.stats["dropped"] for one in ended] == [{}, {}]
        assert (outcome.accepted, outcome.lost, outcome.doubled) == (2 * EVENTS, 0, 0)

    at_both_doors(attempt, has_spool=has_spool)


def check(stats: dict[str, Any], outcome: Outcome) -> None:
    """Everything has arrived, once."""
    assert (stats["delivered"], stats["dropped"]) == (EVENTS, {})
    assert (outcome.accepted, outcome.lost, outcome.doubled) == (EVENTS, 0, 0)
