"""Retries: what is sent again, how often, how soon, and when it is given up."""

import itertools
import logging
import time
from datetime import datetime
from typing import Any

import pytest
from doors import MakeDoor, script, wait_until
from ports import free_port

from otel_segment import DropReason
from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint, Wait
from otel_segment.wire import backoff


def test_each_attempt(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """An attempt says the how manyth it is and when it is made; the events are the same, their ids too."""
    seen = []

    def behaviour(request: IncomingRequest) -> Action:
        seen.append((request.headers.get("x-retry-count"), request.messages))
        return next(faults, None)

    faults = iter([Wait(0.05, Answer(500)), Wait(0.05, Answer(503))])
    endpoint.behave(behaviour)
    door = make_door()
    door.emit(2)
    assert door.flush()
    assert [count for count, _ in seen] == [None, "1", "2"]
    assert seen[0][1] == seen[1][1] == seen[2][1]
    assert [message["properties"]["number"] for message in seen[0][1]] == [0, 1]
    sent_at = [datetime.fromisoformat(request.sent_at.replace("Z", "+00:00")) for request in endpoint.requests]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(sent_at)]
    assert all(gap >= 0.049 for gap in gaps), gaps
    assert (door.stats.retries, door.stats.requests) == (2, {500: 1, 503: 1, 200: 1})


@pytest.mark.parametrize("kind", ["processor", "batch", "span"])
def test_given_up(endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    """Events are retried for max_retry_time, and then dropped: counted, reported and said with an error."""
    dropped = []
    endpoint.behave(lambda _: Answer(500))
    door = make_door(
        kind, max_retry_time=0.3, on_dropped=lambda reason, messages: dropped.append((reason, len(messages)))
    )
    door.emit(1, "Order Completed")
    assert door.flush()
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 1}
    assert dropped == [(DropReason.RETRIES_EXHAUSTED, 1)]
    assert door.stats.requests == {500: len(endpoint.requests)}
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line.getMessage() == "dropped 1 event(s), retries_exhausted: 'Order Completed' (answered 500)"


def test_all_the_time_is_used(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """The last attempt is when max_retry_time is over, and not before, however long the wait would have been."""
    endpoint.behave(lambda _: Answer(500))
    door = make_door(max_retry_time=3)
    begin = time.monotonic()
    door.emit()
    assert door.flush()
    assert time.monotonic() - begin >= 3
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 1}


def test_no_retries(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """With no time for retries there is one attempt, even where the endpoint asks for another."""
    endpoint.behave(lambda _: Answer(429, {"Retry-After": "0.5"}))
    door = make_door(max_retry_time=0)
    door.emit()
    assert door.flush()
    assert (door.stats.dropped, door.stats.requests) == ({DropReason.RETRIES_EXHAUSTED: 1}, {429: 1})


def test_others_go_on(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """While one request is retried, others are sent."""
    endpoint.behave(lambda request: Answer(500) if request.messages[0]["event"] == "Bad" else None)
    door = make_door()
    door.emit(1, "Bad")
    door.send()
    door.emit(1, "Good")
    door.send()
    wait_until(lambda: door.stats.delivered == 1)
    assert [message["event"] for message in endpoint.received.messages] == ["Good"]
    assert door.stats.waiting + door.stats.in_flight == 1


def test_few_lines(make_door: MakeDoor, caplog: pytest.LogCaptureFixture) -> None:
    """Trouble with the network is said in a handful of lines, however long it lasts, and without tracebacks."""
    caplog.set_level(logging.INFO, "otel_segment")
    door = make_door(endpoint=f"http://127.0.0.1:{free_port()}", max_retry_time=0)
    for _ in range(100):
        door.emit()
        assert door.flush()
    assert door.stats.requests == {0: 100}
    assert len(caplog.records) < 5
    assert not [record for record in caplog.records if record.exc_info]


def test_backoff() -> None:
    """The wait doubles from half a second to a minute, with full jitter, and stays there after any number."""
    assert [backoff(failures, 1.0) for failures in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff(failures, 0.5) for failures in (1, 3, 1_000_000)] == [0.25, 1, 30]
    assert backoff(5, 0.0) == 0


def test_other_faults_of_the_machine(
    endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in making a request, the events are kept and tried again."""
    door = make_door()
    adapter = door.ours._pipeline.delivery._process().transport._client._adapter
    send = adapter.send
    errors = iter([OSError(24, "Too many open files"), MemoryError(), RuntimeError("broken library")])

    def failing(*args: Any, **kwargs: Any) -> Any:
        for error in errors:
            raise error
        return send(*args, **kwargs)

    monkeypatch.setattr(adapter, "send", failing)
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (1, {0: 3, 200: 1})


def test_script_is_over(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """After the last fault, delivery goes on as if nothing had been."""
    endpoint.behave(script(Answer(502)))
    door = make_door()
    for _ in range(3):
        door.emit()
        assert door.flush()
    assert door.stats.requests == {502: 1, 200: 3}
