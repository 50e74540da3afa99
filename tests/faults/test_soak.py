"""A long bad day: all faults mixed, and a process that neither loses anything nor grows.

It lasts ``SOAK_SECONDS``; the full length, of ten minutes, is that of the nox session ``soak``.
"""

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from mixed_faults import REQUEST_SECONDS, mixed, outages
from running import APPS, environment
from trials import Site, Variant, judge, record

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
RATE = 500
PARTS = 10
SETTLE_SECONDS = 120
MOST_GROWTH = 8 * 2**20
CONCURRENCY = 8


class Held(NamedTuple):
    """What a process held, at most, in a part of the time."""

    resident: int
    threads: int
    files: int

    @classmethod
    def in_part(cls, part: int, samples: list[dict[str, int]]) -> "Held":
        """Return what it held in one of the tenths of the time, of which a busy machine may leave out some."""
        size = max(1, len(samples) // PARTS)
        some = samples[part * size : (part + 1) * size] or samples[-1:]
        return cls(*(max(sample[name] for sample in some) for name in cls._fields))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_soak(tmp_path: Path) -> None:
    """Through all faults and outages nothing is lost, and memory, threads and open files stay as they are."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda has_spool: soak(tmp_path, Variant("processor", has_spool)), [False, True]))


def soak(folder: Path, variant: Variant) -> None:
    """Run a process for as long as it takes, and look at what it held and what arrived."""
    chance = random.Random(int(variant.has_spool))
    behaviour = mixed(chance, 0.15)
    more = {
        "OTEL_EXPORTER_SEGMENT_TIMEOUT": str(REQUEST_SECONDS),
        "OTEL_EXPORTER_SEGMENT_CONCURRENCY": str(CONCURRENCY),
        "SETTLE": str(SETTLE_SECONDS),
    }
    command = [sys.executable, str(APPS / "soaking.py"), str(RATE), str(SECONDS)]
    with Site(behaviour) as site:
        env = environment(site.url, **(variant.variables(folder) | more))
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with outages(site, behaviour, chance, up=10, down=3):
            time.sleep(SECONDS)
        site.behave(None)
        out, errors = process.communicate(timeout=SETTLE_SECONDS + 60)
        assert process.returncode == 0, errors
        said = json.loads(out)
        outcome = judge(site, said["returned"])
    early, late = Held.in_part(1, said["held"]), Held.in_part(PARTS - 1, said["held"])
    record("soak", variant, outcome, early=early._asdict(), late=late._asdict(), seconds=SECONDS)
    assert (said["settled"], outcome.lost, said["stats"]["dropped"]) == (True, 0, {}), errors
    assert late.resident - early.resident <= MOST_GROWTH, said["held"]
    # The main program, the senders and one that stores, the drainer; a connection for each, and what a moment takes.
    assert late.threads <= 1 + CONCURRENCY + 1 + 1, said["held"]
    assert late.files <= said["held"][0]["files"] + CONCURRENCY + 3, said["held"]
