"""Memory in an outage: bounded, without a spool too."""

import json
from pathlib import Path

import pytest
from running import environment, run
from trials import DOORS, FAULT_SECONDS, free_url, note

MOST_GROWTH = 64 * 2**20
# Ten minutes at 500 a second. Fewer fill every queue as well, that of the SDK soonest, and take less time.
EVENTS = dict.fromkeys(DOORS, 300_000) if FAULT_SECONDS >= 30 else {"processor": 120_000, "exporter": 20_000}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize("door", DOORS)
def test_memory_in_an_outage(door: str) -> None:
    """As many events as a busy service emits in ten minutes of an outage do not grow the process without bounds."""
    with free_url() as url:
        ended = run("flood.py", str(EVENTS[door]), env=environment(url, DOOR=door), seconds=300)
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    note({"case": "memory in an outage", "door": door, "spool": False, "events": EVENTS[door], "grown": said["grown"]})
    assert said["stats"]["delivered"] == 0
    assert said["grown"] <= MOST_GROWTH, said
