"""The bounds of the spool, by bytes and by age: what is beyond them is counted, kept where that is asked for, said."""

import json
import sys
from pathlib import Path

import pytest
from orders import Answer, program
from trials import Site, arrived

EVENTS = 3_000
PADDING = 1_000
REQUESTS = 30
MOST_BYTES = 2**20

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the spool needs POSIX file locks")


def numbers(site: Site) -> set[int]:
    """Return the numbers of the events that have arrived."""
    return {number for _, number in arrived(site)}


def letters(path: Path, reason: str) -> set[int]:
    """Return the numbers of the events in a dead-letter file, all of which are there for one reason."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {letter["reason"] for letter in found} == {reason}
    return {letter["message"]["properties"]["number"] for letter in found}


@pytest.mark.parametrize("has_file", [False, True], ids=["dropped", "dead-lettered"])
@pytest.mark.parametrize("is_durable", [False, True], ids=["plain", "durable"])
def test_full_spool(tmp_path: Path, is_durable: bool, has_file: bool) -> None:
    """At the bound the newest are refused and counted, and what was in it is delivered when the endpoint is back."""
    file, folder = tmp_path / "dead.jsonl", tmp_path / "spool"
    variables = {
        "OTEL_EXPORTER_SEGMENT_SPOOL_MAX_BYTES": str(MOST_BYTES),
        "OTEL_EXPORTER_SEGMENT_DURABLE": str(is_durable).lower(),
    }
    if has_file:
        variables["OTEL_EXPORTER_SEGMENT_DEAD_LETTER"] = str(file)
    with Site(is_open=False) as site, program(site.url, folder, **variables) as told:
        told(f"emit {EVENTS} {PADDING} {REQUESTS}")
        full = told.wait(lambda answer: not (answer.stats["waiting"] or answer.stats["in_flight"]))
        refused = full.stats["dead_lettered"] if has_file else full.stats["dropped"]["spool_full"]
        assert refused
        assert full.stats["spooled"] == EVENTS - refused
        assert full.troubles("spool_full")
        assert full.failures
        assert (folder / "spool.db").stat().st_size <= MOST_BYTES
        site.open()
        told.wait(lambda answer: answer.stats["delivered"] == EVENTS - refused)
        here = numbers(site)
        # There is room again.
        told(f"emit 50 {PADDING}")
        end = told.wait(lambda answer: answer.stats["delivered"] == EVENTS - refused + 50)
        assert sum(end.stats["dropped"].values()) == (0 if has_file else refused)
    missing = set(range(EVENTS)) - here
    # The newest, but for a few that are a little smaller than others and find the last of the room.
    assert min(missing) > len(here) * 3 // 4
    if has_file:
        assert letters(file, "spool_full") == missing


@pytest.mark.parametrize("has_file", [False, True], ids=["dropped", "dead-lettered"])
def test_old_events(tmp_path: Path, has_file: bool) -> None:
    """What is older than the spool is to keep is given up, counted, and written to the file where there is one."""
    file = tmp_path / "dead.jsonl"
    variables = {"OTEL_EXPORTER_SEGMENT_SPOOL_MAX_AGE": "4"}
    if has_file:
        variables["OTEL_EXPORTER_SEGMENT_DEAD_LETTER"] = str(file)
    with Site(is_open=False) as site, program(site.url, tmp_path / "spool", **variables) as told:
        told("emit 1000 0 10")

        def count(answer: Answer) -> int:
            return answer.stats["dead_lettered"] if has_file else answer.stats["dropped"].get("retries_exhausted", 0)

        assert told("flush 0").stats["spooled"]
        answer = told.wait(lambda answer: count(answer) == 1000)
        assert answer.stats["spooled"] == 0
        assert answer.troubles("spool_max_age")
    with Site() as site, program(site.url, tmp_path / "spool", **variables) as told:
        told("emit 50")
        told.wait(lambda answer: answer.stats["delivered"] == 50)
        assert numbers(site) == set(range(50))
    if has_file:
        assert letters(file, "retries_exhausted") == set(range(1_000))
