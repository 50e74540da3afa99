"""Bounds: of one request, and of what may wait; and counts that add up at every moment."""

import random
import threading
from typing import Any

import pytest
from doors import BlackHole, MakeDoor, has_all_states, wait_until

from otel_segment import DropReason
from otel_segment.inspector import Action, Answer, Cut, IncomingRequest, LocalEndpoint

KILOBYTE = "x" * 1_000


def smallest(message: dict[str, Any]) -> dict[str, Any]:
    """Keep of a message only what Segment cannot do without."""
    return {"type": "track", "event": "e", "userId": "u", "messageId": message["messageId"]}


@pytest.mark.parametrize("kind", ["processor", "batch"])
def test_events_of_a_request(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str) -> None:
    """No request has more than 2,500 events, however small they are."""
    door = make_door(kind, before_send=smallest)
    # The SDK's queue holds no more before its worker has taken some.
    for _ in range(3):
        door.emit(2_000)
        assert kind == "processor" or door.flush()
    assert door.flush()
    counts = [request.events for request in endpoint.requests]
    assert (sum(counts), max(counts) <= 2_500) == (6_000, True)
    assert kind == "batch" or counts == [2_500, 2_500, 1_000]
    assert len(endpoint.received) == 6_000


def test_bytes_of_a_request(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """No body has more than 500,000 bytes, nor many less while there are events for it."""
    door = make_door()
    for size in [1, 31, 5, 30, 12] * 20:
        door.emit(size=size, text=KILOBYTE * size)
    assert door.flush()
    _, *full = sorted(request.size for request in endpoint.requests)
    assert max(full) <= 500_000
    assert min(full) > 400_000
    assert not [event.problems for event in endpoint.received if event.problems]
    assert len(endpoint.received) == 100


def test_event_that_is_too_large(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    """An event over 32 KB is dropped by itself, with its name and size, and takes no other with it."""
    dropped = []
    door = make_door(on_dropped=lambda reason, messages: dropped.append((reason, messages[0]["event"])))
    door.emit(1, "Small")
    door.emit(1, "Large", text=KILOBYTE * 33)
    door.emit(1, "Small")
    assert door.flush()
    assert dropped == [(DropReason.EVENT_TOO_LARGE, "Large")]
    assert (door.stats.delivered, door.stats.dropped) == (2, {DropReason.EVENT_TOO_LARGE: 1})
    assert "'Large' (33," in caplog.text
    assert "of at most 32,768 bytes" in caplog.text
    assert "xxx" not in caplog.text


def test_full_queue(endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture) -> None:
    """When the queue is full the newest events are dropped, counted, and said once with their number."""
    go_on = threading.Event()
    endpoint.behave(lambda _: go_on.wait(30) and None)
    dropped = []
    door = make_door(
        max_queue_bytes=2**20,
        flush_interval=0.02,
        shutdown_timeout=20,
        on_dropped=lambda reason, messages: dropped.extend(
            (reason, message["properties"]["number"]) for message in messages
        ),
    )
    door.emit(50, text=KILOBYTE * 30)
    refused = door.stats.dropped[DropReason.QUEUE_FULL]
    assert 50 - refused == 2**20 // (30_300 * 5 // 4)
    assert dropped == [(DropReason.QUEUE_FULL, number) for number in range(50 - refused, 50)]
    go_on.set()
    assert door.flush()
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, door.stats.accepted) == (51 - refused, 51)
    assert sorted(message["properties"]["number"] for message in endpoint.received.messages) == [
        *range(50 - refused),
        50,
    ]
    door.provider.shutdown()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "dropped 1 event(s), queue_full: 'Ping' (emit less, or raise max_queue_bytes)",
        f"{refused} event(s) in all were dropped because the queue was full",
    ]


def test_full_queue_does_not_hold_up(make_door: MakeDoor, black_hole: BlackHole) -> None:
    """Emitting into a full queue returns at once and raises nothing."""
    door = make_door(endpoint=black_hole.url, max_queue_bytes=2**20)
    door.emit(2_000, text=KILOBYTE * 10)
    assert door.stats.dropped[DropReason.QUEUE_FULL] > 1_800
    assert has_all_states(door.stats)


def test_counts_at_every_moment(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Each event is in exactly one state at any moment, whatever happens to the requests meanwhile."""
    chance = random.Random(7)

    def behaviour(request: IncomingRequest) -> Action:
        return chance.choice(
            [None, None, None, Answer(400), Cut(accept=True), Answer(503, {"Retry-After": "0.05"}), 0.02]
        )

    endpoint.behave(behaviour)
    door = make_door(flush_interval=0.002, max_queue_bytes=2**20, max_retry_time=0.2)
    wrong: list[Any] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            stats = door.stats
            if not has_all_states(stats) or min(stats.waiting, stats.in_flight) < 0:
                wrong.append(stats)

    def emit() -> None:
        for number in range(40):
            door.emit(25, text=KILOBYTE)
            # An event that is dropped before it is a message is one of those that were accepted.
            door.emit(1, text=KILOBYTE * 40)
            if number % 10 == 0:
                door.send()

    watcher = threading.Thread(target=watch)
    emitters = [threading.Thread(target=emit) for _ in range(3)]
    watcher.start()
    for thread in emitters:
        thread.start()
    for thread in emitters:
        thread.join()
    endpoint.behave(None)
    assert door.flush()
    is_over.set()
    watcher.join()
    assert wrong == []
    stats = door.stats
    assert (stats.accepted, stats.waiting, stats.in_flight) == (3 * 40 * 26, 0, 0)
    assert stats.dropped[DropReason.EVENT_TOO_LARGE] == 3 * 40
    assert len(endpoint.received) >= stats.delivered


@pytest.mark.parametrize("kind", ["processor", "batch"])
def test_requests_at_a_time(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str) -> None:
    """There are as many requests at a time as concurrency says, and never more."""
    lock = threading.Lock()
    running, most = 0, 0
    all_there = threading.Event()

    def behaviour(request: IncomingRequest) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 3:
                all_there.set()
        all_there.wait(10)
        with lock:
            running -= 1

    endpoint.behave(behaviour)
    door = make_door(kind, concurrency=3)
    for number in range(1, 13):
        door.emit(5)
        # The SDK's processor hands over what it has now and then.
        wait_until(lambda number=number: door.stats.accepted == 5 * number)
        door.send()
    assert door.flush()
    assert most == 3
    assert len(endpoint.received) == 60


def test_disabled(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """With disabled set, everything is done but the sending, and counted as withheld."""
    seen = []
    door = make_door(disabled=True, before_send=lambda message: seen.append(message) or message)
    door.emit(3)
    door.emit(1, text=KILOBYTE * 40)
    assert door.flush()
    assert (door.stats.withheld, door.stats.dropped, door.stats.accepted) == (3, {DropReason.EVENT_TOO_LARGE: 1}, 4)
    assert (len(seen), endpoint.requests) == (4, [])
