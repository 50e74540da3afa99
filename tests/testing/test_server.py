"""``SegmentServer``: what is really sent, and how an application bears failures."""

import os
import time

import pytest
import requests
from opentelemetry._logs import get_logger_provider
from opentelemetry.sdk._logs import LoggerProvider

import otel_segment
from otel_segment import analytics
from otel_segment.testing import SegmentServer


def post(server: SegmentServer, name: str = "Ping") -> int:
    """Send an event by hand; return the status of the answer, 0 where none came."""
    message = {"type": "track", "event": name, "userId": "u-1", "messageId": f"{name} {time.monotonic_ns()}"}
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.post(f"{server.url}/v1/batch", json={"batch": [message]}, auth=("key", "")).status_code
        except requests.ConnectionError:
            return 0


def test_script() -> None:
    """Failures come one after the other, as often as was asked for, and then no more."""
    with SegmentServer() as server:
        server.fail(times=2, status=429).reset(times=1).fail(times=0).delay(0.05, times=1)

        assert [post(server) for _ in range(5)] == [429, 429, 0, 200, 200]
        assert len(server.events) == 2


def test_until_it_recovers() -> None:
    """Without a number, failures last until the server recovers; what had arrived can be forgotten."""
    with SegmentServer() as server:
        server.fail(status=500, body="sorry")
        assert [post(server), post(server)] == [500, 500]
        server.recover()
        assert post(server) == 200
        assert server.clear().events.all == []
        server.reset()
        assert post(server) == 0


def test_retry_after() -> None:
    """The header is sent, and the library bears with the failures; what arrives is asked as in other tests."""
    with SegmentServer("wk-of-the-test") as server:
        server.fail(times=1, status=503, retry_after=1)
        door = otel_segment.SegmentLogRecordProcessor(**server.settings, flush_interval=0.01)
        provider = provider_with(door)
        provider.get_logger("tests").emit(
            event_name="Ping", attributes={"analytics.type": "track", "user.id": "u-1", "n": 1}
        )

        assert door.force_flush(20_000)
        server.events.tracked("Ping", user_id="u-1", n=1)
        first, second = server.received.requests
        assert second.monotonic - first.monotonic >= 1
        provider.shutdown()


def provider_with(door: otel_segment.SegmentLogRecordProcessor) -> LoggerProvider:
    """Return a provider with a door."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(door)
    return provider


@pytest.mark.parametrize("turn", [1, 2])
def test_fixture(turn: int, segment_server: SegmentServer) -> None:
    """With the fixture an application as it is, configured by the environment, sends to it, test after test."""
    assert type(get_logger_provider()).__name__ == "ProxyLoggerProvider"
    segment_server.fail(times=1, status=500)

    analytics.track("u-1", f"Order {turn}")

    assert otel_segment.flush(20)
    segment_server.events.one()
    segment_server.events.tracked(f"Order {turn}")
    assert segment_server.wait_for(1)
    assert not segment_server.wait_for(2, timeout=0.01)


def test_disabled_does_not_stay(segment_server: SegmentServer) -> None:
    """What switches sending off for the whole run does not for a test that has an endpoint of its own."""
    assert "OTEL_EXPORTER_SEGMENT_DISABLED" not in os.environ
    assert os.environ["OTEL_EXPORTER_SEGMENT_ENDPOINT"] == segment_server.url


@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_stays(turn: int, segment_server: SegmentServer) -> None:
    """What cannot be delivered in one test neither keeps it from ending nor comes up in the next."""
    segment_server.fail()
    analytics.track("u-1", f"Lost {turn}")

    assert not otel_segment.flush(0.1)
    segment_server.events.none()


def test_not_delivered_yet(segment_server: SegmentServer) -> None:
    """A test that looks before it has flushed is told what is missing."""
    segment_server.fail(status=503)
    analytics.track("u-1", "Signed Up")

    with pytest.raises(AssertionError, match=r"events waiting to be delivered: 1; call otel_segment\.flush\(\)"):
        segment_server.events.tracked("Signed Up")
