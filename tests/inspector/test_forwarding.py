"""Passing on what was accepted: as it came, a few times where it fails, and with the answer noted."""

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from inspecting import get, listed, post, track, until

from otel_segment.inspector import Answer, Inspector, LocalEndpoint
from otel_segment.inspector.live import _forwarding
from otel_segment.inspector.live._forwarding import base_of


@pytest.fixture
def other() -> Iterator[LocalEndpoint]:
    """The endpoint to pass on to."""
    with LocalEndpoint(write_key="key") as endpoint:
        yield endpoint


@pytest.fixture
def inspector(other: LocalEndpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inspector]:
    """A server that passes on."""
    monkeypatch.setattr(_forwarding, "_PAUSES", (0.01, 0.02))
    with Inspector(forward=f"{other.url}/v1/") as inspector:
        yield inspector


def forwarded(inspector: Inspector) -> Any:
    """Wait for what the other endpoint answered about the newest event, and return it."""
    path = f"/api/events/{listed(inspector)[0]['number']}"
    assert until(lambda: get(inspector, path).json()["forwarded"])
    return get(inspector, path).json()["forwarded"]


def test_as_it_came(inspector: Inspector, other: LocalEndpoint) -> None:
    """Path, key, headers and packed body arrive as they were, and the answer is noted."""
    body = gzip.compress(json.dumps({"batch": [track(1), track(2)]}).encode())
    headers = {"Content-Encoding": "gzip", "X-Retry-Count": "3", "User-Agent": "mine/1", "Cookie": "secret"}

    answer = post(inspector, data=body, headers=headers, path="/v1/b")

    assert answer.status_code == 200
    assert forwarded(inspector) == {"status": 200, "body": '{"success":true}'}
    (request,) = other.requests
    assert (request.path, request.key, request.size, request.events) == ("/v1/b", "key", len(body), 2)
    assert request.headers.items() >= {"x-retry-count": "3", "user-agent": "mine/1"}.items()
    assert other.received.messages == [track(1), track(2)]
    assert get(inspector, "/api/summary").json()["forward"] == other.url


def test_only_what_was_accepted(inspector: Inspector, other: LocalEndpoint) -> None:
    """What was refused here, by Segment's rules or by a fault, is not passed on; what Segment would drop is."""
    post(inspector, data=b"{no json")
    inspector.faults.switch("status=500")
    post(inspector, track(1))
    inspector.faults.switch("")
    post(inspector, track(2, event=""))

    assert forwarded(inspector)["status"] == 200
    assert [event.message_id for event in other.received] == ["m-2"]


def test_refused_there(inspector: Inspector) -> None:
    """What the other endpoint refuses is said, and not tried again."""
    post(inspector, track(), auth=("wrong", ""))

    told = forwarded(inspector)
    assert (told["status"], "write key" in told["body"]) == (401, True)


def test_tried_again(inspector: Inspector, other: LocalEndpoint) -> None:
    """Where the other endpoint fails for a moment, the request is passed on once more."""
    other.behave(lambda request: Answer(503, {"Retry-After": "0"}) if request.number < 3 else None)

    post(inspector, track())

    assert forwarded(inspector)["status"] == 200
    assert [request.status for request in other.requests] == [503, 503, 200]


def test_given_up(inspector: Inspector, other: LocalEndpoint) -> None:
    """Where nobody answers, it is said why; the answer to the client does not depend on it."""
    other.close()

    assert post(inspector, track()).status_code == 200
    told = forwarded(inspector)
    assert told["status"] == 0
    assert told["body"]


def test_no_room(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be too much to hold is not passed on, and that is said."""
    monkeypatch.setattr(_forwarding, "_MAX_WAITING_BYTES", 10)

    post(inspector, track())

    assert forwarded(inspector) == {"status": 0, "body": "Not passed on: too much is waiting for that."}


def test_circle(inspector: Inspector) -> None:
    """What comes back from where it was passed on to is not passed on again."""
    with Inspector(forward=inspector.url) as first:
        assert first._forwarder is not None
        assert inspector._forwarder is not None
        inspector._forwarder.url = first.url
        post(first, track())

        assert until(lambda: len(first.archive) == 2)
        assert forwarded(first) == {"status": 0, "body": "Not passed on: it was, and has come back."}
        assert (len(first.archive), len(inspector.archive)) == (2, 1)


def test_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is answered, the end does not wait for each that is on its way."""
    monkeypatch.setattr(_forwarding, "_LAST_SECONDS", 0.1)
    monkeypatch.setattr(_forwarding, "_LAST_WORD_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        inspector = Inspector(forward=f"http://127.0.0.1:{silent.getsockname()[1]}")
        for number in range(8):
            post(inspector, track(number))
        assert inspector._forwarder is not None
        inspector.close()

        assert any(thread.is_alive() for thread in inspector._forwarder._threads)


def test_end_passes_on(other: LocalEndpoint) -> None:
    """At its end, the server passes on what is still waiting."""
    with Inspector(forward=other.url) as inspector:
        for number in range(20):
            post(inspector, track(number))

    assert len(other.received) == 20


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.segment.io", "https://api.segment.io"),
        ("https://api.segment.io/", "https://api.segment.io"),
        ("https://api.segment.io/v1", "https://api.segment.io"),
        ("https://api.segment.io/v1/batch", "https://api.segment.io"),
        ("http://[::1]:80/in/v1/", "http://[::1]:80/in"),
    ],
)
def test_addresses(url: str, base: str) -> None:
    """The address may be written in each of the usual ways."""
    assert base_of(url) == base


@pytest.mark.parametrize(
    "url", ["api.segment.io", "ftp://a", "http://", "http://a:99999", "https://a/?x=1", "http://[a", "http://key:@a"]
)
def test_no_addresses(url: str) -> None:
    """What is no address is refused with an example of one."""
    with pytest.raises(ValueError, match=r"write it like https://api\.segment\.io"):
        base_of(url)
