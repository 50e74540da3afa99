"""Outages and faulty answers: what is emitted through them arrives, all of it, and twice only where it must.

The long outages last ``FAULT_SECONDS``, 5 by default; the long session gives them their full time.
"""

import os
import random
import threading
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from time import time
from types import MappingProxyType
from typing import NamedTuple

import pytest
from short_answers import ShortAnswers
from trials import (
    FAULT_SECONDS,
    Ended,
    Outcome,
    Site,
    Variant,
    always,
    at_both_doors,
    at_first,
    judge,
    record,
    run_program,
    run_trial,
    with_and_without_spool,
)

from otel_segment.inspector import Action, Answer, Behaviour, Cut, IncomingRequest, Reset, Wait

EVENTS = 1_000
RATE = 500


class Case(NamedTuple):
    """A fault that an endpoint has from the beginning.

    Attributes:
        make: Makes the behaviour.
        may_double: Whether answers are lost, so that events may arrive twice.
        faults: How many requests meet the fault at least.
        variables: What the program is run with.
    """

    make: Callable[[], Behaviour]
    may_double: bool = False
    faults: int = 1
    variables: Mapping[str, str] = MappingProxyType({})


def at_random(share: float, seed: int) -> Behaviour:
    """Return a behaviour that answers 500 to a share of the requests."""
    chance = random.Random(seed)
    return lambda _: Answer(500) if chance.random() < share else None


def in_a_while(_: IncomingRequest) -> Action:
    """Ask for a wait by a date."""
    return Answer(429, {"Retry-After": formatdate(int(time()) + 2, usegmt=True)})


def dated(requests: int) -> Behaviour:
    """Return a behaviour that asks the first requests to come back at a date."""
    left = iter(range(requests))
    return lambda request: None if next(left, None) is None else in_a_while(request)


def elsewhere(request: IncomingRequest) -> Action:
    """Send a request to another path of the same host."""
    return Answer(307, {"Location": "/v1/import"}) if request.path == "/v1/batch" else None


OFTEN = {"OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.01", "OTEL_BLRP_SCHEDULE_DELAY": "10"}
CASES = {
    "500 for the first 5 requests": Case(lambda: at_first([Answer(500)] * 5), faults=5),
    "503 with Retry-After": Case(lambda: at_first([Answer(503, {"Retry-After": "1"})] * 2), faults=2),
    "429 with Retry-After in seconds": Case(lambda: at_first([Answer(429, {"Retry-After": "1"})] * 2), faults=2),
    "429 with Retry-After as a date": Case(lambda: dated(2), faults=2),
    "429 without Retry-After": Case(lambda: at_first([Answer(429)] * 3), faults=3),
    "reset in mid-request": Case(lambda: at_first([Reset()] * 3), faults=3),
    "answer lost after the body was taken": Case(lambda: at_first([Cut()] * 3), may_double=True, faults=3),
    "answers after 3 s": Case(lambda: always(Wait(3))),
    "first 3 requests hang": Case(
        lambda: at_first([Wait(600)] * 3), faults=3, variables={"OTEL_EXPORTER_SEGMENT_TIMEOUT": "2"}
    ),
    "500 for 1 % of requests": Case(lambda: at_random(0.01, 1), variables=OFTEN),
    "500 for 30 % of requests": Case(lambda: at_random(0.3, 4), faults=2, variables=OFTEN),
    "307 on the same host": Case(lambda: elsewhere),
    "200 with a garbage body": Case(lambda: always(Answer(200, {}, os.urandom(2_000), accept=True))),
}


@with_and_without_spool
@pytest.mark.parametrize("name", CASES)
def test_faulty_answers(tmp_path: Path, name: str, has_spool: bool) -> None:
    """Whatever the endpoint answers for a while, everything that was emitted arrives."""
    case = CASES[name]

    def attempt(variant: Variant) -> None:
        met = []
        faults = case.make()

        def behaviour(request: IncomingRequest) -> Action:
            met.append(faults(request))
            return met[-1]

        with Site(behaviour) as site:
            ended, outcome = run_trial(name, site, tmp_path, variant, EVENTS, RATE, **case.variables)
        assert sum(action is not None for action in met) >= case.faults
        check(ended, outcome, may_double=case.may_double)

    at_both_doors(attempt, has_spool=has_spool)


def check(ended: Ended, outcome: Outcome, *, may_double: bool = False) -> None:
    """Nothing is lost, nothing repeated without need, and the program knows it."""
    assert (ended.settled, ended.stats["dropped"], ended.stats["delivered"]) == (True, {}, ended.returned), ended
    assert (outcome.accepted, outcome.lost, outcome.uncalled_for) == (ended.returned, 0, 0)
    assert may_double or not outcome.doubled


@with_and_without_spool
def test_answers_cut_short(tmp_path: Path, has_spool: bool) -> None:
    """Where the status can be read an event is delivered, however the answer goes on; else it is sent again."""
    in_the_status_line, in_the_headers, in_the_body = 7, 25, -5
    lengths = [in_the_status_line, 0, in_the_headers, in_the_body] * 3

    def attempt(variant: Variant) -> None:
        with Site() as site, ShortAnswers(site.port, lengths) as way:
            ended = run_program(way.url, tmp_path, variant, str(EVENTS), str(RATE))
            # The endpoint has answered all of them; what is lost is lost on the way.
            outcome = judge(site, ended.returned)._replace(uncalled_for=0)
        record("answers cut short", variant, outcome)
        check(ended, outcome, may_double=True)
        assert 2 <= ended.stats["requests"]["0"] <= 6

    at_both_doors(attempt, has_spool=has_spool)


@with_and_without_spool
def test_refused_at_start(tmp_path: Path, has_spool: bool) -> None:
    """What is emitted before there is an endpoint arrives when there is one."""

    def attempt(variant: Variant) -> None:
        with Site(is_open=False) as site:
            # Longer than it takes a program to begin, on a busy machine, too.
            opening = threading.Timer(min(20, 3 * FAULT_SECONDS), site.open)
            opening.start()
            ended, outcome = run_trial("refused at start", site, tmp_path, variant, EVENTS, RATE)
            opening.join()
        check(ended, outcome)
        assert ended.stats["requests"]["0"] > 0

    at_both_doors(attempt, has_spool=has_spool)


@with_and_without_spool
def test_outage_in_the_middle(tmp_path: Path, has_spool: bool) -> None:
    """What is emitted before, during and after an outage arrives."""
    count = int(RATE * (FAULT_SECONDS + 3))

    def attempt(variant: Variant) -> None:
        with Site() as site:
            outage = Outage(site, FAULT_SECONDS)
            site.behave(lambda request: outage.begin() if request.number > 5 else None)
            ended, outcome = run_trial("outage in the middle", site, tmp_path, variant, count, RATE)
            outage.join()
        # A request that was under way when the endpoint went may have been taken in.
        check(ended, outcome._replace(uncalled_for=0), may_double=True)
        assert ended.stats["requests"]["0"] > 0

    at_both_doors(attempt, has_spool=has_spool)


class Outage:
    """Closes a site when it is told to, and opens it again some time later."""

    def __init__(self, site: Site, seconds: float) -> None:
        self._site = site
        self._begun = threading.Event()
        self._reopening = threading.Timer(seconds, site.open)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def begin(self) -> None:
        """Let it begin."""
        self._begun.set()

    def join(self) -> None:
        """Wait until it is over."""
        self._thread.join()
        self._reopening.join()

    def _run(self) -> None:
        assert self._begun.wait(60)
        self._site.close()
        self._reopening.start()
