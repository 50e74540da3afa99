"""Events that the endpoint refuses: the others arrive, and the refused ones are set aside."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from trials import Site, Variant, at_both_doors, run_trial, with_and_without_spool

from otel_segment.inspector import Action, Answer, Behaviour, IncomingRequest

EVENTS = 1_000
POISON = 617
MOST_BYTES = 100_000


def refuse_poison(request: IncomingRequest) -> Action:
    """Refuse a body with the one event that the endpoint cannot take."""
    return Answer(400, body='{"message": "no such thing"}') if b'"poison"' in request.body else None


def refuse_large(request: IncomingRequest) -> Action:
    """Refuse a body that is too large for a proxy on the way."""
    return Answer(413) if int(request.headers["content-length"]) > MOST_BYTES else None


def refuse_both(request: IncomingRequest) -> Action:
    """Refuse a body for either reason."""
    return refuse_large(request) or refuse_poison(request)


def requests_for_one(events: int) -> int:
    """Return how many requests one offender may cost in a request of so many events."""
    return int(2 * math.log2(events) + 2)


class Case(NamedTuple):
    """What one event in a thousand has, and what the endpoint refuses.

    Attributes:
        special: The attributes of the one event.
        behaviour: What the endpoint refuses.
        reason: The reason in the dead letter; None where there is none.
        status: The status in the dead letter.
        most_requests: How many requests there may be, where all events fit into one.
    """

    special: dict[str, str]
    behaviour: Behaviour | None
    reason: str | None
    status: int | None
    most_requests: int


CASES = {
    "one poison event": Case({"poison": "yes"}, refuse_poison, "rejected", 400, requests_for_one(EVENTS)),
    "one event of 40 KB": Case({"padding": "x" * 40_000}, None, "event_too_large", None, 1),
    # 1,000 events have some 300 KB: in halves, and each half in halves.
    "413 over 100 KB": Case({}, refuse_large, None, None, 7),
    "poison, and 413 over 100 KB": Case(
        {"poison": "yes"}, refuse_both, "rejected", 400, 7 + requests_for_one(EVENTS // 4)
    ),
}


@with_and_without_spool
@pytest.mark.parametrize("name", CASES)
def test_offender(tmp_path: Path, name: str, has_spool: bool) -> None:
    """One bad event in a thousand takes no other with it, costs few requests, and is in the dead letter."""
    case = CASES[name]

    def attempt(variant: Variant) -> None:
        letter = tmp_path / f"dead-{variant.door}.jsonl"
        # All events in one request, at both doors.
        company = {
            "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "30",
            "OTEL_BLRP_SCHEDULE_DELAY": "30000",
            "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "2000",
            "OTEL_EXPORTER_SEGMENT_DEAD_LETTER": str(letter),
            "SPECIAL": json.dumps({POISON: case.special} if case.reason else {}),
        }
        with Site(case.behaviour) as site:
            ended, outcome = run_trial(name, site, tmp_path, variant, EVENTS, 0, **company)
            numbers = site.numbers
        offenders = {POISON} if case.reason else set()
        assert numbers == set(range(EVENTS)) - offenders
        assert (outcome.lost, outcome.doubled, ended.settled, ended.stats["dropped"]) == (0, 0, True, {})
        assert (ended.stats["delivered"], ended.stats["dead_lettered"]) == (EVENTS - len(offenders), len(offenders))
        assert 1 <= outcome.requests <= case.most_requests
        check_letter(letter, case)

    at_both_doors(attempt, has_spool=has_spool)


def test_everything_refused_without_a_spool(tmp_path: Path) -> None:
    """Where an endpoint refuses everything and there is no spool, few requests show it, and each event is set aside."""

    def attempt(variant: Variant) -> None:
        letter = tmp_path / f"dead-{variant.door}.jsonl"
        with Site(lambda _: Answer(400, body="<html>please log in</html>")) as site:
            more = {"OTEL_EXPORTER_SEGMENT_DEAD_LETTER": str(letter)}
            ended, outcome = run_trial("400 to everything", site, tmp_path, variant, EVENTS, 1_000, **more)
        lines = read_letter(letter)
        assert sorted(line["message"]["properties"]["number"] for line in lines) == list(range(EVENTS))
        assert {(line["reason"], line["status"]) for line in lines} == {("rejected", 400)}
        assert (outcome.lost, ended.settled, ended.stats["dead_lettered"]) == (0, True, EVENTS)
        # Each of the bodies, some twenty at this pace, is divided so often that it is known to be in vain.
        assert outcome.requests <= 20 * requests_for_one(100)
        assert ended.errors.count("configuration error") == 1

    at_both_doors(attempt, has_spool=False)


def check_letter(path: Path, case: Case) -> None:
    """The dead letter has the offender, with what the endpoint said, and nothing else."""
    lines = read_letter(path)
    found = [(line["message"]["properties"]["number"], line["reason"], line["status"]) for line in lines]
    assert found == ([(POISON, case.reason, case.status)] if case.reason else [])
    if case.status == 400:
        assert "no such thing" in lines[0]["answer"]


def read_letter(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a dead-letter file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
