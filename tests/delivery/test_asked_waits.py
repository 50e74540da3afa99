"""Waits that the endpoint asks for: honoured to the letter, by everybody in the process."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from email.utils import formatdate

import pytest
from doors import MakeDoor, flush_all, script, wait_until

from otel_segment import DropReason
from otel_segment.delivery._gate import gate_for
from otel_segment.inspector import Action, Answer, Behaviour, IncomingRequest, LocalEndpoint
from otel_segment.wire import retry_after

# What is asked, and until when on the clock that counts from 1970: given the moment of the answer.
ASKED: dict[str, Callable[[float], tuple[dict[str, str], float]]] = {
    "seconds": lambda now: ({"Retry-After": "1"}, now + 1),
    "fractions": lambda now: ({"Retry-After": "0.75"}, now + 0.75),
    "date": lambda now: ({"Retry-After": formatdate(int(now) + 2, usegmt=True)}, int(now) + 2),
    "reset": lambda now: ({"X-RateLimit-Reset": "1"}, now + 1),
    "reset since 1970": lambda now: ({"X-RateLimit-Reset": str(int(now) + 2)}, int(now) + 2),
    "reset in milliseconds": lambda now: ({"X-RateLimit-Reset": str(int(now * 1e3) + 900)}, now + 0.899),
    "both": lambda now: ({"Retry-After": "0.8", "X-RateLimit-Reset": "30"}, now + 0.8),
}


def test_every_way_to_ask(make_door: MakeDoor) -> None:
    """However an endpoint asks for a wait, on any answer that is retried, it is not asked again before."""
    cases = [(way, status) for way in ASKED for status in (429, 503, 500)]
    until: dict[tuple[str, int], float] = {}

    def behave(way: str, status: int) -> Behaviour:
        def behaviour(_: IncomingRequest) -> Action:
            if (way, status) in until:
                return None
            headers, until[way, status] = ASKED[way](time.time())
            return Answer(status, headers)

        return behaviour

    with ExitStack() as stack:
        endpoints = {case: stack.enter_context(LocalEndpoint()) for case in cases}
        doors = {case: make_door(endpoint=endpoints[case].url) for case in cases}
        for case, door in doors.items():
            endpoints[case].behave(behave(*case))
            door.emit()
            door.send()
        assert flush_all(doors.values())
    early = {case: until[case] - endpoints[case].requests[1].arrived for case in cases}
    assert {case: lead for case, lead in early.items() if lead > 0} == {}
    assert {case: door.stats.requests for case, door in doors.items()} == {case: {case[1]: 1, 200: 1} for case in cases}


def test_everybody_waits(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """What one request is told holds for all senders and all exporters that go to the same endpoint."""
    endpoint.behave(script(Answer(429, {"Retry-After": "1"})))
    doors = [make_door(kind) for kind in ("processor", "processor", "batch", "span")]
    doors[0].emit()
    doors[0].send()
    wait_until(lambda: gate_for(f"{endpoint.url}/v1/batch").wait())
    for _ in range(4):
        for door in doors:
            door.emit()
            door.send()
    assert flush_all(doors)
    first, *others = endpoint.requests
    assert first.status == 429
    assert min(request.monotonic for request in others) >= first.monotonic + 1
    assert len(endpoint.received) == 17


def test_asked_waits_do_not_count(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A wait that the endpoint asks for does not use up the time for retries."""
    endpoint.behave(script(*[Answer(429, {"Retry-After": "0.6"})] * 3))
    door = make_door(max_retry_time=0.5)
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (1, {429: 3, 200: 1})


@pytest.mark.parametrize("asked", ["0", "0.001", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_asked_for_nothing(endpoint: LocalEndpoint, make_door: MakeDoor, asked: str) -> None:
    """An endpoint that asks for no wait at all, time after time, is not stormed, and not asked for ever."""
    endpoint.behave(lambda _: Answer(503, {"Retry-After": asked}))
    door = make_door(max_retry_time=0.5)
    door.emit()
    assert door.flush()
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 1}
    assert len(endpoint.requests) < 20


def test_garbage(make_door: MakeDoor) -> None:
    """What cannot be understood is as good as not said."""
    with ExitStack() as stack:
        doors = []
        for garbage in ("soon", "-5", "nan", "inf", "1e999", "", "Yesterday, 99 Foo 2026", "3,600"):
            endpoint = stack.enter_context(LocalEndpoint())
            endpoint.behave(script(Answer(429, {"Retry-After": garbage, "X-RateLimit-Reset": garbage})))
            doors.append(make_door(endpoint=endpoint.url))
            doors[-1].emit()
            doors[-1].send()
        assert flush_all(doors)
        assert [door.stats.delivered for door in doors] == [1] * 8


NOW = 1_767_312_000.25  # 2026-01-02 00:00:00.250 UTC


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs time.tzset")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Fri, 02 Jan 2026 00:01:00 GMT"}, 59.75),
        ({"retry-after": "Friday, 02-Jan-26 00:01:00 GMT"}, 59.75),
        ({"retry-after": "Fri Jan  2 00:01:00 2026"}, 59.75),
        ({"retry-after": "Thu, 01 Jan 2026 23:59:00 GMT"}, 0),
        ({"retry-after": "later"}, None),
        ({"retry-after": "later", "x-ratelimit-reset": "7"}, 7),
        ({"retry-after": "3", "x-ratelimit-reset": "7"}, 3),
        ({"x-ratelimit-reset": "1767312010"}, 9.75),
        ({"x-ratelimit-reset": "1767312010500"}, 10.25),
        ({"x-ratelimit-reset": "1767311000"}, 0),
        ({"x-ratelimit-reset": "tomorrow"}, None),
    ],
)
def test_reading(monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates in all forms of HTTP are understood, wherever the machine stands."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after(headers, NOW) == (seconds if seconds is None else pytest.approx(seconds))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
