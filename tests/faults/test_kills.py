"""Processes that are killed under load: what was emitted a while before, or was durable, arrives all the same.

``KILL_RUNS`` says how often; the full figure is 100.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from mixed_faults import REQUEST_SECONDS, mixed, outages
from running import APPS, Numbered, environment, run
from trials import Site, always, arrived, note

from otel_segment.inspector import Wait

RUNS = int(os.environ.get("KILL_RUNS", "6"))
AT_A_TIME = 2
RATE = 300
GRACE = 2.0
"""Seconds after which an event that is not durable has left the memory of its process."""
LOAD = {"plain": (2.2, 4.0), "durable": (0.2, 3.0)}
"""Seconds after its first event at which a process is killed: the least and the most."""
FLEET = (("alone",), ("another",), ("parent", "child"))
"""The processes of a run, those that are forked after the one that forks them."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Victim(NamedTuple):
    """A process that is killed in the middle of its work."""

    name: str
    notes: Path
    delay: float

    def kill(self) -> float:
        """Kill it some time after its first event; return when, on the monotonic clock."""
        pid = self._pid()
        time.sleep(self.delay)
        moment = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        return moment

    def emitted(self, before: float) -> Numbered:
        """Return the events whose ``emit()`` had returned before a moment."""
        lines = (line.split() for line in self._lines()[1:])
        return Counter((self.name, int(number)) for number, moment in lines if float(moment) < before)

    def _pid(self) -> int:
        deadline = time.monotonic() + 60
        while len(lines := self._lines()) < 2:
            assert time.monotonic() < deadline, f"{self.name} does not emit"
            time.sleep(0.01)
        return int(lines[0].split()[0])

    def _lines(self) -> list[str]:
        # The last line of a process that is just being killed may be half written.
        return self.notes.read_text(encoding="ascii").split("\n")[:-1] if self.notes.exists() else []


class Clean(NamedTuple):
    """What a process found that emitted nothing itself, and how much it left."""

    left: int
    recovered: int


class Toll(NamedTuple):
    """What became of the events of one run.

    Attributes:
        returned: Events whose ``emit()`` had returned.
        promised: Those of them that were not to be lost.
        accepted: Events that arrived.
        lost: Events that were promised and did not arrive.
        doubled: Repeats that arrived.
        left: Events that were in the spool when all was over.
        recovered: Events that the clean process delivered.
    """

    returned: int
    promised: int
    accepted: int
    lost: int
    doubled: int
    left: int
    recovered: int


def massacre(folder: Path, kind: str, seed: int) -> Toll:
    """Kill all processes of a fleet under load, and let a clean process deliver what they have left."""
    chance = random.Random(seed)
    victims = [Victim(name, folder / name, chance.uniform(*LOAD[kind])) for names in FLEET for name in names]
    behaviour = mixed(chance, chance.choice([0.0, 0.2, 0.5, 0.9]))
    with Site(behaviour) as site:
        env = environment(site.url, **variables(folder, kind))
        with outages(site, behaviour, chance, up=2, down=1):
            deaths = kill_all(FLEET, victims, env)
        site.behave(None)
        return count(victims, deaths, site, deliver_the_rest(env), GRACE if kind == "plain" else 0.0)


def variables(folder: Path, kind: str) -> dict[str, str]:
    """Return the environment variables of a run, whose folder is made."""
    folder.mkdir()
    return {
        "DOOR": "processor",
        "OTEL_EXPORTER_SEGMENT_SPOOL": str(folder / "spool"),
        "OTEL_EXPORTER_SEGMENT_DURABLE": str(kind == "durable").lower(),
        "OTEL_EXPORTER_SEGMENT_TIMEOUT": str(REQUEST_SECONDS),
    }


def kill_all(fleet: Iterable[tuple[str, ...]], victims: list[Victim], env: dict[str, str]) -> list[float]:
    """Start a fleet, and kill each process in its time; return when."""
    command = [sys.executable, str(APPS / "killed.py"), str(victims[0].notes.parent), str(RATE)]
    started = [subprocess.Popen([*command, *names], env=env) for names in fleet]
    with ThreadPoolExecutor(len(victims)) as pool:
        deaths = list(pool.map(Victim.kill, victims))
    assert {process.wait(60) for process in started} == {-signal.SIGKILL}
    return deaths


def deliver_the_rest(env: dict[str, str]) -> Clean:
    """Run a process that emits nothing, until nothing is left."""
    ended = run("until_drained.py", "60", env=env, seconds=120)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    return Clean(said["left"], said["stats"]["recovered"])


def count(victims: list[Victim], deaths: list[float], site: Site, clean: Clean, grace: float) -> Toll:
    """Count what became of the events of a fleet."""
    times = Counter(event.message_id for event, _ in site.events)
    promised = Counter[tuple[str, int]]()
    for victim, death in zip(victims, deaths, strict=True):
        promised += victim.emitted(death - grace)
    return Toll(
        returned=sum(victim.emitted(float("inf")).total() for victim in victims),
        promised=promised.total(),
        accepted=len(times),
        lost=len(set(promised) - set(arrived(site))),
        doubled=times.total() - len(times),
        left=clean.left,
        recovered=clean.recovered,
    )


@pytest.mark.parametrize("kind", ["plain", "durable"])
def test_killed_under_load(tmp_path: Path, kind: str) -> None:
    """What is in the spool of killed processes arrives: with durable, all whose emit() had returned."""
    seed = int(os.environ.get("KILL_SEED", "1"))

    def attempt(number: int) -> Toll:
        toll = massacre(tmp_path / str(number), kind, seed + number)
        note({"case": "killed under load", "kind": kind, "seed": seed + number, **toll._asdict()})
        return toll

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        tolls = list(pool.map(attempt, range(RUNS)))
    assert sum(toll.returned for toll in tolls) >= 1_000
    assert all(toll.promised for toll in tolls)
    assert [(toll.lost, toll.left) for toll in tolls] == [(0, 0)] * RUNS, tolls


def test_killed_while_requests_hang(tmp_path: Path) -> None:
    """What is emitted while every sender waits for an answer that does not come is soon in the spool, too."""
    victim = Victim("alone", tmp_path / "run" / "alone", 7.0)
    slow = {"OTEL_EXPORTER_SEGMENT_TIMEOUT": "30", "OTEL_EXPORTER_SEGMENT_CONCURRENCY": "2"}
    with Site(always(Wait(600))) as site:
        env = environment(site.url, **(variables(tmp_path / "run", "plain") | slow))
        deaths = kill_all([("alone",)], [victim], env)
        site.close()
        site.open()
        toll = count([victim], deaths, site, deliver_the_rest(env), GRACE)
    note({"case": "killed while requests hang", **toll._asdict()})
    assert toll.promised >= 1_000
    assert (toll.lost, toll.left) == (0, 0), toll
