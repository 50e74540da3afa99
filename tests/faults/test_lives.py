"""The ends of processes: what was emitted arrives, now or by way of the spool, or is counted and said."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from running import APPS, Numbered, environment
from trials import (
    Site,
    Variant,
    arrived,
    at_both_doors,
    deliver_the_rest,
    judge,
    not_delivered,
    record,
    with_and_without_spool,
)

GRACE = 2.0
"""Seconds after which an event has left the memory of a process that nobody asks to end."""
BRIEF = {"OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "2"}


class Line(NamedTuple):
    """What ``until_ended.py`` says of one event."""

    place: str
    number: int
    moment: float


class Ending:
    """A run of ``until_ended.py`` that is ended in the middle."""

    def __init__(self, how: str, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(APPS / "until_ended.py"), how],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[Line] = []
        self.errors = ""
        self.ended = 0.0

    def read(self, count: int) -> None:
        """Wait until so many events have been emitted."""
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._add(text)
            if len(self.lines) == count:
                return

    def end(self, *, by_signal: bool) -> int:
        """End it, by SIGTERM or by the end of its input, and return its exit code."""
        self.ended = time.monotonic()
        if by_signal:
            self._process.terminate()
        out, self.errors = self._process.communicate(timeout=60)
        for text in out.splitlines():
            self._add(text)
        return self._process.returncode

    def emitted(self, before: float = float("inf")) -> Numbered:
        """Return the events whose ``emit()`` had returned before a moment."""
        return Counter((line.place, line.number) for line in self.lines if line.moment < before)

    def _add(self, text: str) -> None:
        place, number, moment = text.rsplit(" ", 2)
        if place == "ending":
            self.ended = float(moment)
        else:
            self.lines.append(Line(place, int(number), float(moment)))


@with_and_without_spool
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_sigterm_with_a_handler(tmp_path: Path, is_up: bool, has_spool: bool) -> None:
    """A script whose handler of SIGTERM exits loses nothing, or says how much."""

    def attempt(variant: Variant) -> None:
        with Site(is_open=is_up) as site:
            ending = Ending("handled", environment(site.url, **(variant.variables(tmp_path) | BRIEF)))
            ending.read(1_500)
            code = ending.end(by_signal=True)
            if not is_up:
                site.open()
            deliver_the_rest(site, tmp_path, variant, len(ending.lines))
            outcome = judge(site, len(ending.lines))
            missing = ending.emitted() - arrived(site)
        said = not_delivered(ending.errors)
        record(f"SIGTERM with a handler, endpoint {'up' if is_up else 'down'}", variant, outcome, said=said)
        assert (code, outcome.doubled) == (0, 0), ending.errors
        if is_up or has_spool:
            assert not missing
        else:
            # The signal may have come inside the last emit().
            assert said - len(ending.lines) in {0, 1}, ending.errors

    at_both_doors(attempt, has_spool=has_spool)


@with_and_without_spool
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_sigterm_without_a_handler(tmp_path: Path, is_up: bool, has_spool: bool) -> None:
    """A script that SIGTERM just ends loses nothing of what it emitted more than two seconds before."""
    if not (is_up or has_spool):
        pytest.skip("what is in memory alone ends with the process")

    def attempt(variant: Variant) -> None:
        with Site(is_open=is_up) as site:
            ending = Ending("unhandled", environment(site.url, **variant.variables(tmp_path)))
            ending.read(2_500)
            code = ending.end(by_signal=True)
            if not is_up:
                site.open()
            old = ending.emitted(ending.ended - GRACE)
            deliver_the_rest(site, tmp_path, variant, len(old))
            outcome = judge(site, len(old))
            missing = old - arrived(site)
        record(f"SIGTERM without a handler, endpoint {'up' if is_up else 'down'}", variant, outcome)
        assert code == -signal.SIGTERM
        assert old
        assert not missing
        # A request that had no answer when the process ended may be repeated by the next.
        assert has_spool or not outcome.doubled

    at_both_doors(attempt, has_spool=has_spool)


def test_sigterm_with_durable_events(tmp_path: Path) -> None:
    """With durable, a script that SIGTERM just ends loses nothing whose emit() had returned."""
    variant = Variant("processor", has_spool=True)
    with Site(is_open=False) as site:
        env = environment(site.url, **variant.variables(tmp_path), OTEL_EXPORTER_SEGMENT_DURABLE="true")
        ending = Ending("unhandled", env)
        ending.read(1_500)
        ending.end(by_signal=True)
        site.open()
        deliver_the_rest(site, tmp_path, variant, len(ending.lines))
        missing = ending.emitted() - arrived(site)
        record("SIGTERM without a handler, durable", variant, judge(site, len(ending.lines)))
    assert not missing


@with_and_without_spool
def test_daemon_threads_at_the_end(tmp_path: Path, has_spool: bool) -> None:
    """What daemon threads have emitted when the interpreter begins to end arrives, though they go on emitting."""

    def attempt(variant: Variant) -> None:
        with Site() as site:
            ending = Ending("threads", environment(site.url, **variant.variables(tmp_path)))
            ending.read(3_000)
            code = ending.end(by_signal=False)
            expected = ending.emitted(ending.ended)
            deliver_the_rest(site, tmp_path, variant, len(expected))
            here = arrived(site)
            outcome = judge(site, 0)._replace(lost=len(expected - here))
        record("daemon threads at the end", variant, outcome)
        assert code == 0, ending.errors
        assert "Fatal" not in ending.errors
        assert not expected - here
        assert set(here.values()) == {1}

    at_both_doors(attempt, has_spool=has_spool)
