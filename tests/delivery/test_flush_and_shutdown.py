"""Flush and shutdown: what they wait for, that they keep their time, and what they leave."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from doors import BlackHole, MakeDoor, has_all_states, script, wait_until
from ports import free_port

from otel_segment import DropReason
from otel_segment.inspector import Answer, LocalEndpoint

TROUBLES = ("black hole", "refused", "unresolvable", "asked to wait", "asked for patience", "errors")
BOUNDED = 8.0
"""Seconds: far less than any of the times that must not be waited for, and much for a slow machine."""


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, endpoint: LocalEndpoint, black_hole: BlackHole) -> str:
    """The address of an endpoint to which nothing gets through."""
    answers = {
        "asked to wait": Answer(429, {"Retry-After": "3600"}),
        "asked for patience": Answer(503, {"X-RateLimit-Reset": "3600"}),
        "errors": Answer(500),
    }
    endpoint.behave(lambda _: answers.get(request.param))
    return {
        "black hole": black_hole.url,
        "refused": f"http://127.0.0.1:{free_port()}",
        "unresolvable": "http://events.invalid",
    }.get(request.param, endpoint.url)


@pytest.fixture
def bounded() -> Iterator[None]:
    """What the test does takes no longer than is bearable."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < BOUNDED


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("kind", ["processor", "batch", "span"])
def test_trouble(make_door: MakeDoor, trouble: str, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Flush and shutdown keep their time whatever the network does; what is left is counted, reported and said."""
    dropped = []
    door = make_door(
        kind, endpoint=trouble, on_dropped=lambda reason, messages: dropped.append((reason, len(messages)))
    )
    door.emit(3)
    wait_until(lambda: kind == "processor" or door.stats.accepted == 3)
    assert not door.ours.force_flush(100)
    assert door.stats.waiting + door.stats.in_flight == 3
    door.ours.shutdown(timeout_millis=100)
    assert door.stats.dropped == {DropReason.SHUTDOWN: 3}
    assert sum(count for reason, count in dropped if reason is DropReason.SHUTDOWN) == 3
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert line == f"shut down with 3 event(s) not delivered to {trouble}/v1/batch"


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("kind", ["processor", "batch", "span"])
def test_trouble_behind_the_provider(make_door: MakeDoor, black_hole: BlackHole, kind: str) -> None:
    """The SDK's own shutdown keeps our time as well, though it waits for its worker first."""
    door = make_door(kind, endpoint=black_hole.url, shutdown_timeout=0.5)
    door.emit(3)
    door.provider.shutdown()
    assert door.stats.dropped == {DropReason.SHUTDOWN: 3}


@pytest.mark.usefixtures("bounded")
def test_shutdown_during_a_flush(make_door: MakeDoor, black_hole: BlackHole) -> None:
    """A flush that waits for the SDK's processor does not hold up its shutdown."""
    door = make_door("batch", endpoint=black_hole.url, shutdown_timeout=0.5)
    door.emit(3)
    flushing = threading.Thread(target=door.provider.force_flush)
    flushing.start()
    wait_until(lambda: door.stats.in_flight == 3)
    door.provider.shutdown()
    flushing.join()
    assert door.stats.dropped == {DropReason.SHUTDOWN: 3}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("kind", ["processor", "batch", "span"])
def test_worker_held_by_a_closed_window(make_door: MakeDoor, black_hole: BlackHole, kind: str) -> None:
    """The SDK's worker, held while all requests are taken, is let go when the SDK shuts down."""
    door = make_door(kind, endpoint=black_hole.url, shutdown_timeout=0.5, concurrency=1)
    for number in range(1, 4):
        door.emit()
        wait_until(lambda number=number: door.stats.accepted >= min(number, 2))
    door.provider.shutdown()
    assert door.stats.dropped == {DropReason.SHUTDOWN: 3}


def test_flush_without_a_limit(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A flush without a timeout waits until the events have arrived."""
    endpoint.behave(script(Answer(503, {"Retry-After": "0.6"})))
    door = make_door()
    door.emit()
    assert door.ours._pipeline.delivery.flush()
    assert len(endpoint.received) == 1


def test_flush_waits_for_no_more_than_there_was(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A flush ends although others go on emitting."""
    door = make_door(flush_interval=0.01)
    is_over = threading.Event()

    def emit() -> None:
        while not is_over.wait(0.001):
            door.emit()

    emitter = threading.Thread(target=emit)
    emitter.start()
    try:
        assert all(door.ours.force_flush(20_000) for _ in range(10))
    finally:
        is_over.set()
        emitter.join()


def test_flush_of_nothing(make_door: MakeDoor, black_hole: BlackHole) -> None:
    """A flush with nothing to send has nothing to wait for."""
    door = make_door(endpoint=black_hole.url)
    assert door.ours.force_flush(0)
    assert door.stats.requests == {}


@pytest.mark.usefixtures("bounded")
def test_shutdown_interrupts_waits(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A shutdown does not sit through a wait that ends after its own time."""
    endpoint.behave(lambda _: Answer(429, {"Retry-After": "3600"}))
    door = make_door(shutdown_timeout=60)
    door.emit()
    wait_until(lambda: door.send() or door.stats.requests)
    door.ours.shutdown(60_000)
    assert door.stats.dropped == {DropReason.SHUTDOWN: 1}


def test_shutdown_sits_through_short_waits(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A wait that ends in time is waited for, and the events arrive."""
    endpoint.behave(script(Answer(429, {"Retry-After": "0.7"}), Answer(500)))
    door = make_door(shutdown_timeout=20)
    door.emit(3)
    door.ours.shutdown()
    assert (door.stats.delivered, len(endpoint.received)) == (3, 3)
    first, second, _ = endpoint.requests
    assert second.monotonic - first.monotonic >= 0.7


@pytest.mark.usefixtures("bounded")
def test_shutdown_shortens_retries(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Once the time for shutting down runs, attempts follow each other quickly, however many failed before."""
    endpoint.behave(lambda _: Answer(500))
    door = make_door(shutdown_timeout=30)
    door.emit()
    # After six failures the next wait is half a minute at most: it must not be slept through.
    wait_until(lambda: door.send() or len(endpoint.requests) == 3)
    endpoint.behave(script(*[Answer(500)] * 3))
    door.ours.shutdown()
    assert door.stats.delivered == 1


@pytest.mark.parametrize("kind", ["processor", "batch"])
def test_shutdown_delivers(
    endpoint: LocalEndpoint, make_door: MakeDoor, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A shutdown delivers all that is waiting, without a word."""
    door = make_door(kind, shutdown_timeout=20)
    door.emit(1_000)
    door.provider.shutdown()
    assert (door.stats.delivered, len(endpoint.received)) == (1_000, 1_000)
    assert door.stats.dropped == {}
    assert not [record for record in caplog.records if record.name.startswith("otel_segment")]


def test_shutdown_again(endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture) -> None:
    """A second shutdown has nothing to do and does no harm."""
    door = make_door()
    door.emit()
    for _ in range(3):
        door.ours.shutdown()
    door.provider.shutdown()
    assert (door.stats.delivered, door.stats.dropped, caplog.records) == (1, {}, [])


def test_emit_after_the_shutdown(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    """What is emitted after the shutdown is dropped: counted, reported, and said once."""
    dropped = []
    door = make_door(on_dropped=lambda reason, messages: dropped.append((reason, messages[0]["event"])))
    door.ours.shutdown()
    door.emit(2, "Late")
    assert door.stats.dropped == {DropReason.SHUTDOWN: 2}
    assert dropped == [(DropReason.SHUTDOWN, "Late")] * 2
    assert [record.getMessage() for record in caplog.records] == [
        "dropped 1 event(s), shutdown: 'Late' (emitted after the exporter was shut down)"
    ]
    assert door.ours.force_flush(1_000)
    assert endpoint.requests == []


def test_answer_after_the_shutdown(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """An event that was given up is not counted again when its answer comes after all."""
    go_on = threading.Event()
    endpoint.behave(lambda _: go_on.wait(30) and None)
    delivered: list[Any] = []
    door = make_door(timeout=30, on_delivered=delivered.extend)
    door.emit()
    door.send()
    wait_until(lambda: endpoint.requests)
    senders = [thread for thread in threading.enumerate() if thread.name == "otel-segment-sender"]
    door.ours.shutdown(50)
    go_on.set()
    for sender in senders:
        sender.join(20)
    assert (door.stats.delivered, door.stats.dropped) == (0, {DropReason.SHUTDOWN: 1})
    assert has_all_states(door.stats)
    assert delivered == []


def test_senders_end(make_door: MakeDoor, endpoint: LocalEndpoint) -> None:
    """No thread of ours is left after a shutdown."""
    door = make_door(concurrency=4)
    for _ in range(8):
        door.emit()
        door.send()
    door.ours.shutdown()
    wait_until(lambda: not senders())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_sender_that_was_killed(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A sender that ends in the middle of its work is replaced, and nothing waits for it for ever."""

    def kill(messages: list[dict[str, Any]]) -> None:
        raise SystemExit

    door = make_door(on_delivered=kill, concurrency=1)
    for _ in range(3):
        door.emit()
        assert door.flush()
    assert (door.stats.delivered, len(endpoint.received)) == (3, 3)
    # What pytest says of the last one must be said here, and not of the next test.
    wait_until(lambda: not senders())


def senders() -> list[threading.Thread]:
    """Return the sender threads of this process."""
    return [thread for thread in threading.enumerate() if thread.name == "otel-segment-sender"]


def test_sender_that_fails(
    endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A meter that fails ends a sender, not the events: the next sender takes them up."""
    door = make_door()
    metrics = door.ours._pipeline.delivery._metrics
    failing: Callable[..., None] = lambda *_: 1 / 0  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(metrics, "requested", failing)
        door.emit()
        assert not door.ours.force_flush(100)
    assert door.stats.waiting == 1
    wait_until(lambda: "a sender failed" in caplog.text)
    assert door.flush()
    assert door.stats.delivered == 1


@pytest.mark.parametrize("kind", ["processor", "batch"])
def test_no_more_threads(
    endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Where no thread can be started any more, whoever waits for the events sends them."""
    door = make_door(kind, shutdown_timeout=20)

    start = threading.Thread.start

    def start_others(thread: threading.Thread) -> None:
        if thread.name == "otel-segment-sender":
            message = "can't create new thread at interpreter shutdown"
            raise RuntimeError(message)
        start(thread)

    endpoint.behave(script(Answer(500)))
    monkeypatch.setattr(threading.Thread, "start", start_others)
    door.emit(3)
    assert door.flush()
    door.emit(3)
    door.provider.shutdown()
    assert (door.stats.delivered, len(endpoint.received)) == (6, 6)
