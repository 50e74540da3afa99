"""Calls that are not repeated: who was identified is remembered, but not where the call was lost."""

import threading
from pathlib import Path
from typing import Any

import pytest
from doors import Door, MakeDoor, run_program, script, wait_until
from opentelemetry._logs import LogRecord

from otel_segment import DropReason
from otel_segment.inspector import Answer, LocalEndpoint

MAPPING = {"identify": {"traits": {"plan": "plan"}}}


def calls(endpoint: LocalEndpoint) -> list[str]:
    """Return the kinds of the calls that have arrived, in their order."""
    return [event.message["type"] for event in endpoint.received.after(0, 0)]


@pytest.mark.parametrize("kind", ["processor", "batch", "simple", "span"])
def test_once(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str) -> None:
    """A person is identified before the first event, and again when the traits have changed."""
    door = make_door(kind, mapping=MAPPING)
    for plan in ("free", "free", "paid", "paid"):
        door.emit(plan=plan)
    assert door.flush()
    assert calls(endpoint) == ["identify", "track", "track", "identify", "track", "track"]


@pytest.mark.parametrize("traits", [{"plan": "plan"}, {"plan": "plan", "other": "other"}], ids=["one", "two"])
def test_empty_text(endpoint: LocalEndpoint, make_door: MakeDoor, traits: dict[str, str]) -> None:
    """A trait that becomes empty has changed, and so has one that is empty no more."""
    door = make_door(mapping={"identify": {"traits": traits}})
    for plan in ("free", "", "", "free"):
        door.emit(plan=plan, other="")
    assert door.flush()
    assert calls(endpoint) == ["identify", "track", "identify", "track", "track", "identify", "track"]


def lose_rejected(door: Door, endpoint: LocalEndpoint) -> None:
    """Have the endpoint refuse everything once."""
    endpoint.behave(script(Answer(403)))
    door.emit(plan="free")
    assert door.flush()


def lose_unreachable(door: Door, endpoint: LocalEndpoint) -> None:
    """Have the endpoint fail for longer than is tried again."""
    endpoint.behave(script(Answer(500)))
    door.emit(plan="free")
    assert door.flush()


def lose_without_room(door: Door, endpoint: LocalEndpoint) -> None:
    """Have so much waiting that nothing more is taken."""
    go_on = threading.Event()
    endpoint.behave(lambda _: go_on.wait(30) and None)
    door.emit(60, **{"user.id": "u-2"}, text="x" * 30_000)
    door.emit(plan="x" * 31_000)
    go_on.set()
    assert door.flush()


@pytest.mark.parametrize("has_dead_letter", [False, True])
@pytest.mark.parametrize(
    ("reason", "lose"),
    [
        (DropReason.REJECTED, lose_rejected),
        (DropReason.RETRIES_EXHAUSTED, lose_unreachable),
        (DropReason.QUEUE_FULL, lose_without_room),
    ],
)
def test_lost(
    endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path, reason: DropReason, lose: Any, has_dead_letter: bool
) -> None:
    """A call that was lost is made again with the next event, and then not any more."""
    lost: list[dict[str, Any]] = []
    dead_letter = {"dead_letter": str(tmp_path / "lost.jsonl")} if has_dead_letter else {}
    door = make_door(
        mapping=MAPPING,
        max_retry_time=0,
        max_queue_bytes=2**20,
        on_dropped=lambda why, messages: lost.extend(message for message in messages if why is reason),
        **dead_letter,
    )
    lose(door, endpoint)
    assert [message["type"] for message in lost if message["userId"] == "u-1"] == ["identify", "track"]
    door.emit(2, plan=lost[-1]["properties"]["plan"])
    assert door.flush()
    mine = [event.message for event in endpoint.received.after(0, 0) if event.message["userId"] == "u-1"]
    assert [message["type"] for message in mine] == ["identify", "track", "track"]


def test_lost_at_shutdown(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """What one door loses when it ends is made again by another one that shares its memory."""
    doors = [make_door(mapping=MAPPING), make_door("span", mapping=MAPPING)]
    doors[0].emit(plan="free")
    doors[0].close()
    doors[1].emit(plan="free")
    assert doors[1].flush()
    assert calls(endpoint) == ["identify", "track"]


def test_left_in_the_spool(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A call that waits in the spool is not lost, and not made again."""
    endpoint.behave(script(Answer(503)))
    door = make_door(mapping=MAPPING, spool=str(tmp_path))
    door.emit(plan="free")
    door.send()
    wait_until(lambda: door.stats.requests.get(503))
    door.emit(plan="free")
    assert door.flush()
    assert sorted(calls(endpoint)) == ["identify", "track", "track"]


def test_shared_by_logs_and_spans(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """The doors of a process do not repeat what another one has said."""
    for kind in ("processor", "span", "batch"):
        door = make_door(kind, mapping=MAPPING)
        door.emit(plan="free")
        assert door.flush()
    assert calls(endpoint) == ["identify", "track", "track", "track"]


def test_forgotten_with_the_last_door(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A door that comes when all others have been shut down begins afresh."""
    for _ in range(2):
        door = make_door(mapping=MAPPING)
        door.emit(plan="free")
        assert door.flush()
        door.close()
    assert calls(endpoint) == ["identify", "track"] * 2


def test_one_record_twice(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A record that comes twice makes the same messages twice, so that Segment can tell."""
    door = make_door("processor", mapping=MAPPING)
    attributes = {"analytics.type": "track", "user.id": "u-1", "plan": "free"}
    for moment in (1, 2, 1):
        record = LogRecord(timestamp=moment, observed_timestamp=moment, event_name="Ping", attributes=attributes.copy())
        door.provider.get_logger("tests").emit(record)
    assert door.flush()
    found = [(event.message["type"], event.message["messageId"]) for event in endpoint.received.after(0, 0)]
    assert len(found) == 5
    assert found[:2] == found[3:]


FORKING = """
import os
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from otel_segment import SegmentLogRecordProcessor

provider = LoggerProvider()
provider.add_log_record_processor(SegmentLogRecordProcessor(mapping={"identify": {"traits": {"plan": "plan"}}}))
logger = provider.get_logger("tests")

def emit(user, plan):
    attributes = {"analytics.type": "track", "user.id": user, "plan": plan}
    logger.emit(LogRecord(event_name="Ping", attributes=attributes))

emit("u-1", "free")
provider.force_flush()
if (child := os.fork()) == 0:
    emit("u-1", "free")
    emit("u-2", "free")
    provider.force_flush()
    os._exit(0)
os.waitpid(child, 0)
emit("u-1", "free")
provider.shutdown()
"""


def test_fork(endpoint: LocalEndpoint) -> None:
    """A child does not repeat what its parent has said."""
    # Since Python 3.12 a fork beside threads is warned of, whatever the threads do.
    done = run_program(FORKING, endpoint.url, PYTHONWARNINGS="ignore:This process:DeprecationWarning")
    assert (done.returncode, done.stderr) == (0, "")
    said = [(event.message["type"], event.message["userId"]) for event in endpoint.received.after(0, 0)]
    assert said.count(("identify", "u-1")) == 1
    assert said.count(("identify", "u-2")) == 1
    assert len(said) == 6
