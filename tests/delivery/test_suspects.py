"""Events at which an endpoint fails, or which it refuses: others are not held up by them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from doors import MakeDoor, has_all_states, script, wait_until

from otel_segment import DropReason
from otel_segment.inspector import Action, Answer, Behaviour, IncomingRequest, LocalEndpoint, Wait


def failing_at(status: int, *numbers: int) -> Behaviour:
    """Answer with a status where certain events are among those of the request."""

    def behaviour(request: IncomingRequest) -> Action:
        found = {message["properties"]["number"] for message in request.messages}
        return Answer(status, body="not these") if found.intersection(numbers) else None

    return behaviour


def arrived(endpoint: LocalEndpoint) -> set[int]:
    """Return the numbers of the events that have arrived."""
    return {message["properties"]["number"] for message in endpoint.received.messages}


@pytest.mark.parametrize("has_spool", [False, True])
def test_at_the_beginning_of_both_halves(
    endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path, has_spool: bool
) -> None:
    """Bad events where the search for them begins do not take the good ones with them."""
    bad = {*range(10), *range(500, 510)}
    endpoint.behave(failing_at(400, *bad))
    door = make_door(spool=str(tmp_path / "spool")) if has_spool else make_door()
    door.emit(1_000)
    assert door.flush()
    assert arrived(endpoint) == {*range(1_000)} - bad
    assert (door.stats.delivered, door.stats.dropped) == (980, {DropReason.REJECTED: 20})


def test_oldest_in_the_spool(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A spool that begins with events that are all bad lets others through, and is rid of the bad ones in time."""
    endpoint.behave(failing_at(400, *range(4)))
    door = make_door(spool=str(tmp_path / "spool"), flush_interval=0.05)
    door.emit(4)
    assert not door.flush(1)
    assert door.stats.spooled + door.stats.in_flight == 4

    def are_through() -> bool:
        door.emit()
        return door.stats.dropped.get(DropReason.REJECTED) == 4 and len(arrived(endpoint)) > 20

    wait_until(are_through, 60)
    assert door.flush(30)
    assert door.stats.dropped == {DropReason.REJECTED: 4}
    assert arrived(endpoint) == {*range(4, door.stats.accepted)}
    assert has_all_states(door.stats)


def test_alone(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A bad event that is alone in its request is kept until another one shows that the endpoint is well."""
    endpoint.behave(failing_at(400, 0))
    door = make_door(spool=str(tmp_path / "spool"))
    door.emit()
    assert not door.flush(0.5)
    assert not door.stats.dropped
    door.emit()
    assert door.flush(60)
    assert (door.stats.delivered, door.stats.dropped) == (1, {DropReason.REJECTED: 1})


def test_one_that_makes_the_endpoint_fail(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """An event that the endpoint answers with a failure of its own holds up no others, in whatever row they are."""
    endpoint.behave(lambda _: Answer(503))
    door = make_door(spool=str(tmp_path / "spool"))
    for _ in range(20):
        door.emit(5)
        door.send()
    wait_until(lambda: door.stats.spooled == 100)
    endpoint.behave(failing_at(500, 42))

    def are_through() -> bool:
        door.emit()
        door.send()
        return {*range(100)} - {42} <= arrived(endpoint)

    wait_until(are_through, 60)
    assert 42 not in arrived(endpoint)
    assert not door.stats.dropped


def test_one_413(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A small request that is called too large once does not make every event a request of its own."""
    endpoint.behave(script(Answer(413)))
    door = make_door()
    door.emit(2)
    assert door.flush()
    before = len(endpoint.requests)
    door.emit(2_000)
    assert door.flush()
    assert len(endpoint.requests) - before < 60
    assert door.stats.delivered == 2_002


def test_limit_is_learned(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A limit of the endpoint costs some requests, and not some for each batch."""
    endpoint.behave(lambda request: Answer(413) if len(request.body) > 100_000 else None)
    door = make_door()
    for _ in range(3):
        door.emit(1_500)
        assert door.flush()
    assert door.stats.delivered == 4_500
    assert door.stats.requests[413] <= 5


def test_shutdown_in_mid_request(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A request that a shutdown does not wait for goes on, and what it has carried is in the spool no more."""
    folder = tmp_path / "spool"
    endpoint.behave(script(Wait(1.5)))
    door = make_door(spool=str(folder))
    door.emit(10)
    door.send()
    wait_until(lambda: len(endpoint.requests) == 1)
    door.ours._pipeline.delivery.shutdown(0.1)
    assert door.stats.spooled == 10

    def rows() -> int:
        with closing(sqlite3.connect(f"file:{folder / 'spool.db'}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM rows").fetchone()[0])

    assert rows() == 1
    wait_until(lambda: rows() == 0)
    assert (len(endpoint.received), endpoint.received.duplicates) == (10, 0)


def test_neighbour_that_stands_still(
    endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where another process holds the spool for long, events go from memory, and that is said once."""
    folder = tmp_path / "spool"
    door = make_door(spool=str(folder), durable=True)
    door.emit()
    assert door.flush()
    with closing(sqlite3.connect(folder / "spool.db", isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        door.emit(20)
        assert door.ours.force_flush(20_000)
        assert door.stats.delivered == 21
        assert sum("cannot be used" in record.getMessage() for record in caplog.records) == 1
        neighbour.execute("ROLLBACK")
    door.emit(5)
    assert door.flush()
    assert (door.stats.delivered, endpoint.received.duplicates) == (26, 0)


def test_corrected_in_the_same_process(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """What was left for a wrong address goes to the right one, in the same process, too."""
    wrong = make_door(endpoint="http://127.0.0.1:9", spool=str(tmp_path / "spool"))
    wrong.emit(10)
    assert not wrong.flush(0.2)
    wrong.close()
    right = make_door(spool=str(tmp_path / "spool"))
    wait_until(lambda: len(endpoint.received) == 10)
    assert right.flush()
    assert (right.stats.recovered, right.stats.delivered) == (10, 10)
    assert endpoint.received.duplicates == 0


def test_hook_that_waits(endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A hook that flushes on the thread that drains the spool does not wait for itself."""
    waits = []
    door = make_door(spool=str(tmp_path / "spool"), on_delivered=lambda _: waits.append(door.ours.force_flush(60_000)))
    endpoint.behave(script(Answer(503)))
    door.emit(10)
    door.send()
    wait_until(lambda: len(waits) == 1, 40)
    assert door.flush()
