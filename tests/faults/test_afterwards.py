"""What one process could not deliver, another one delivers: it need not emit anything, only use the same spool."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from trials import DOORS, Site, Variant, always, at_both_doors, judge, record, run_program, wait_until

from otel_segment.inspector import Answer

EVENTS = 1_000
RATE = 1_000
REFUSALS = {
    "refused": None,
    "401 to everything": Answer(401),
    "403 to everything": Answer(403),
    "302 to everything": Answer(302, {"Location": "https://login.example/"}),
    "400 to everything": Answer(400, body="<html>please log in</html>"),
}


@pytest.mark.parametrize("place", ["same", "corrected"])
@pytest.mark.parametrize("name", REFUSALS)
def test_refused_for_a_whole_process(tmp_path: Path, name: str, place: str) -> None:
    """However all requests of a process fail, a later process delivers what is left, at a corrected address too."""
    fault = REFUSALS[name]

    def attempt(variant: Variant) -> None:
        with Site(is_open=False) as site, Site() as other:
            if fault is not None:
                site.open(always(fault))
            brief = {"SETTLE": "1.5", "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1"}
            first = run_program(site.url, tmp_path, variant, str(EVENTS), str(RATE), **brief)
            assert judge(site, EVENTS).accepted == 0
            assert (first.stats["dropped"], first.stats["delivered"], first.stats["dead_lettered"]) == ({}, 0, 0)
            refused = len(site.requests)
            site.close()
            healthy = site if place == "same" else other
            if healthy is site:
                site.open()
            # Few requests show that it is no use, and one line says what to do.
            assert refused <= 150
            assert first.errors.count("configuration error") <= 1
            second = run_program(healthy.url, tmp_path, variant, "0", "0", EXPECT=str(EVENTS))
            outcome = judge(healthy, EVENTS)
        record(f"{name}, then a new process at the {place} address", variant, outcome, refused=refused)
        assert (second.settled, second.stats["dropped"]) == (True, {})
        assert (outcome.accepted, outcome.lost, outcome.doubled) == (EVENTS, 0, 0)
        assert (second.stats["recovered"], second.stats["delivered"]) == (EVENTS, EVENTS)

    at_both_doors(attempt, has_spool=True)


@pytest.mark.parametrize("door", DOORS)
def test_other_source(tmp_path: Path, door: str) -> None:
    """A process with another write key leaves alone what is not its own."""
    variant = Variant(door, has_spool=True)
    with Site(is_open=False) as site:
        brief = {"SETTLE": "0.5", "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1"}
        run_program(site.url, tmp_path, variant, str(EVENTS), "0", **brief)
        site.open()
        run_program(site.url, tmp_path, variant, "0", "0", SETTLE="1", SEGMENT_WRITE_KEY="wk-of-somebody-else-0123")
        assert judge(site, EVENTS).accepted == 0
        run_program(site.url, tmp_path, variant, "0", "0", EXPECT=str(EVENTS))
        outcome = judge(site, EVENTS)
    record("another write key between", variant, outcome)
    assert (outcome.lost, outcome.doubled) == (0, 0)


@pytest.mark.parametrize("door", DOORS)
def test_taken_up_by_the_living(tmp_path: Path, door: str) -> None:
    """A process that emits nothing takes up what others leave, though it began before they did."""
    variant = Variant(door, has_spool=True)
    with Site() as site, Site(is_open=False) as down, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_program, site.url, tmp_path, variant, "0", "0", EXPECT=str(EVENTS))
        wait_until(lambda: list(tmp_path.glob("*/spool.db")))
        brief = {"SETTLE": "0.5", "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1"}
        run_program(down.url, tmp_path, variant, str(EVENTS), "0", **brief)
        ended = waiting.result()
        outcome = judge(site, EVENTS)
    record("taken up by a process that was there before", variant, outcome)
    assert (ended.settled, ended.stats["recovered"]) == (True, EVENTS)
    assert (outcome.accepted, outcome.lost, outcome.doubled) == (EVENTS, 0, 0)
