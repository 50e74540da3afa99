"""OAuth 2.0: a token for each process, fetched when it is needed, and nowhere to be seen."""

import logging
import os
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from authorization import AuthorizationServer, Fault, bearer_required, private_key
from doors import KEY, MakeDoor, run_program, wait_until
from ports import free_port
from proxy import ForwardProxy

from otel_segment._env import resolve
from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint
from otel_segment.transport import HttpTransport, Reply
from otel_segment.wire import retry_after

SECONDS = 20


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """An authorization server."""
    with AuthorizationServer() as server:
        yield server


@pytest.fixture
def guarded(endpoint: LocalEndpoint, server: AuthorizationServer) -> LocalEndpoint:
    """The endpoint, which lets nobody in without a token of the server."""
    endpoint.behave(bearer_required(server))
    return endpoint


def transport_to(endpoint: LocalEndpoint, server: AuthorizationServer, **settings: Any) -> HttpTransport:
    """Make a transport that no retries stand before."""
    usual = {"write_key": KEY, "endpoint": endpoint.url, "oauth": server.setting}
    return HttpTransport(resolve(usual | settings, {}))


def send(transport: HttpTransport, timeout: float = SECONDS) -> Reply:
    """Send one event."""
    return transport.send(b'{"batch":[],"sentAt":"2026-01-02T03:04:05.000Z"}', 0, timeout)


def send_at_once(transport: HttpTransport, count: int) -> list[Reply]:
    """Send events from as many threads."""
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(send(transport))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def always(*fault: Any) -> Any:
    """Return a fault for every request."""
    return lambda: fault


def once(*faults: Fault | None) -> Any:
    """Return faults for the first requests, one for each."""
    left = iter(faults)
    return lambda: next(left, None)


def numbers(endpoint: LocalEndpoint) -> list[int]:
    """Return which events have arrived, repeats included."""
    return sorted(message["properties"]["number"] for message in endpoint.received.messages)


def test_delivery(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """Every event arrives once with a token that one request fetched, whatever number of requests needed it."""
    door = make_door(oauth=server.setting)
    for _ in range(20):
        door.emit(50)
        door.send()
    assert door.flush()
    assert numbers(guarded) == list(range(1_000))
    assert (len(server.asked), server.refused) == (1, [])
    assert door.stats.delivered == 1_000


def test_request(endpoint: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """The token stands where Basic authorization would, and the write key in the body."""
    seen: list[tuple[str, object]] = []

    def look(request: IncomingRequest) -> None:
        seen.append((request.headers["authorization"], msgspec.json.decode(request.body).get("writeKey")))

    endpoint.behave(look)
    door = make_door(oauth=server.setting)
    door.emit()
    assert door.flush()
    assert seen == [(f"Bearer {server.given[0]}", KEY)]


def test_nothing_is_fetched_too_early(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """Without an event there is no request for a token."""
    door = make_door(oauth=server.setting)
    assert door.flush()
    assert not server.asked


def test_one_fetch_for_all(guarded: LocalEndpoint, server: AuthorizationServer) -> None:
    """Requests that need a token at the same time wait for one fetch, and so do those of other exporters."""
    released = threading.Event()

    def wait() -> None:
        released.wait(SECONDS)

    server.fault = wait
    transports = [transport_to(guarded, server) for _ in range(2)]
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda t=t: replies.append(send(t))) for t in transports * 8]
    for thread in threads:
        thread.start()
    wait_until(lambda: server.asked)
    released.set()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in replies] == [200] * 16
    assert len(server.asked) == 1


def test_wait_is_bounded(guarded: LocalEndpoint, server: AuthorizationServer) -> None:
    """Who waits for another's fetch waits no longer than its own request may take."""
    released = threading.Event()

    def wait() -> None:
        released.wait(SECONDS)

    server.fault = wait
    transport = transport_to(guarded, server)
    patient = threading.Thread(target=send, args=(transport,))
    patient.start()
    wait_until(lambda: server.asked)
    reply = send(transport, 0.05)
    released.set()
    patient.join()
    assert (reply.status, reply.error) == (0, "TimeoutError")
    assert send(transport).status == 200
    assert len(server.asked) == 1


def test_short_lives(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """Tokens that live for moments are replaced again and again, and every event arrives once."""
    server.life = 2
    door = make_door(oauth=server.setting)
    deadline = time.monotonic() + 60
    while len(server.given) < 3 and time.monotonic() < deadline:
        door.emit()
        assert door.flush()
    assert len(server.given) >= 3
    assert numbers(guarded) == list(range(door.stats.delivered))


def test_renewal(guarded: LocalEndpoint, server: AuthorizationServer) -> None:
    """A token is renewed from half of its life on, so that no request is refused."""
    transport = transport_to(guarded, server)
    for count in (1, 2, 3):
        assert [send(transport).status for _ in range(3)] == [200] * 3
        assert len(server.given) == count
        transport._tokens._token.began -= server.life * 0.6
    assert len(guarded.requests) == 9


@pytest.mark.parametrize("fault", [(500, {}, "down"), (401, {}, "no"), (429, {"Retry-After": "60"}, "")])
def test_renewal_that_fails(
    guarded: LocalEndpoint, server: AuthorizationServer, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    """Where a renewal fails the old token is used as long as it is valid, and that is said."""
    server.life = 30
    transport = transport_to(guarded, server)
    assert send(transport).status == 200
    token = transport._tokens._token
    token.began -= 20
    server.fault = always(*fault)
    assert [send(transport).status for _ in range(3)] == [200] * 3
    assert len(server.asked) == 2
    assert caplog.text.count("the old one is used while it is valid") == 1
    token.began -= 20
    assert send(transport).status in {0, 401, 429}


def test_refused_token(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """A token that the Tracking API refuses is replaced once for all requests, and what they held is delivered."""
    door = make_door(oauth=server.setting)
    door.emit()
    assert door.flush()
    server.revoke()
    for _ in range(8):
        door.emit(100)
        door.send()
    assert door.flush()
    assert numbers(guarded) == list(range(801))
    assert len(server.given) == 2
    assert door.stats.dropped == {}


def test_all_tokens_refused(endpoint: LocalEndpoint, server: AuthorizationServer) -> None:
    """An endpoint that refuses new tokens, too, gets no stream of them."""
    endpoint.behave(lambda _: Answer(401, body="no"))
    transport = transport_to(endpoint, server)
    assert [send(transport).status for _ in range(5)] == [401] * 5
    assert len(server.given) == 2
    assert len(endpoint.requests) == 6


@pytest.mark.parametrize("ahead", [-86_400, -20, 90, 3_600])
def test_clocks_that_differ(guarded: LocalEndpoint, server: AuthorizationServer, ahead: float) -> None:
    """Where the server's clock is another, its Date header is gone by, in the same request."""
    server.ahead = ahead
    transport = transport_to(guarded, server)
    assert send(transport).status == 200
    assert len(server.refused) == 1
    server.revoke()
    assert send(transport).status == 200
    assert len(server.refused) == 1


@pytest.mark.parametrize(
    "headers", [{"Retry-After": "30"}, {"X-RateLimit-Reset": "30"}, {}], ids=["retry-after", "reset", "neither"]
)
def test_rate_limit(guarded: LocalEndpoint, server: AuthorizationServer, headers: dict[str, str]) -> None:
    """After 429 nobody asks for a token before the time is up, and delivery hears how long that is."""
    server.fault = always(429, headers, "slow down")
    transport = transport_to(guarded, server)
    replies = send_at_once(transport, 8)
    assert [reply.status for reply in replies] == [429] * 8
    assert all(1 < (retry_after(reply.headers, time.time()) or 0) <= 30 for reply in replies)
    assert len(server.asked) == 1
    assert not guarded.requests


def test_rate_limit_that_ends(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor) -> None:
    """When the time is up the token is fetched and everything is delivered."""
    server.fault = once((429, {"Retry-After": "1"}, ""))
    door = make_door(oauth=server.setting)
    door.emit(100)
    assert door.flush()
    first, second = server.asked
    assert second - first >= 0.99
    assert numbers(guarded) == list(range(100))


@pytest.mark.parametrize(
    "fault", [(503, {}, "busy"), (200, {}, "<html>"), (200, {}, '{"access_token": "a\\nb"}'), (200, {}, "{}")]
)
def test_trouble(guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor, fault: Fault) -> None:
    """An authorization server that is in trouble is asked again until it is not, and nothing is lost."""
    server.fault = once(fault, fault)
    door = make_door(oauth=server.setting)
    door.emit(100)
    assert door.flush()
    assert len(server.asked) == 3
    assert numbers(guarded) == list(range(100))


def test_server_that_is_down_at_first(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    """While nobody answers, events wait; the log says what is missing."""
    port = free_port()
    with AuthorizationServer() as other:
        setting = {**other.setting, "auth_server": f"http://127.0.0.1:{port}"}
    door = make_door(oauth=setting)
    door.emit(100)
    door.send()
    wait_until(lambda: "no access token from" in caplog.text)
    assert not endpoint.requests
    with AuthorizationServer(port=port) as server:
        server.client_id, server.key_id = setting["client_id"], setting["key_id"]
        endpoint.behave(bearer_required(server))
        assert door.flush()
        assert numbers(endpoint) == list(range(100))


@pytest.mark.parametrize("wrong", ["client_id", "key_id", "key"])
def test_refused_client(
    guarded: LocalEndpoint,
    server: AuthorizationServer,
    make_door: MakeDoor,
    caplog: pytest.LogCaptureFixture,
    wrong: str,
) -> None:
    """Credentials that the server does not know come to a 401 that says so, and nothing is sent."""
    setting = server.setting | {wrong: private_key(1) if wrong == "key" else "other"}
    reply = send(transport_to(guarded, server, oauth=setting))
    assert reply.status == 401
    assert reply.text.startswith(f"no access token from {server.url}: answered 401: invalid_client: ")
    door = make_door(oauth=setting, max_retry_time=0)
    door.emit()
    door.flush(2)
    door.ours.shutdown()
    assert "invalid_client" in caplog.text
    assert not guarded.requests


def test_secrets(
    endpoint: LocalEndpoint,
    server: AuthorizationServer,
    make_door: MakeDoor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """No log line, count, message or representation shows key, assertion or token, even where servers repeat them."""
    caplog.set_level(logging.DEBUG)
    told: list[object] = []

    def tell(request: IncomingRequest) -> Action:
        return Answer(400, body=f"bad: {dict(request.headers)}")

    def repeat() -> Fault | None:
        return (500, {}, f"cannot use {server.assertions[-1]}") if len(server.asked) == 1 else None

    endpoint.behave(tell)
    server.fault = repeat
    door = make_door(oauth=server.setting, on_dropped=lambda *what: told.append(what), shutdown_timeout=0)
    door.emit()
    assert door.flush()
    door.ours.shutdown()
    transport = transport_to(endpoint, server)
    told.append(send(transport))
    delivery = door.ours._pipeline.delivery
    assert transport._tokens is not None
    shown = [caplog.text, *capfd.readouterr(), repr(told), repr(door.stats), repr(delivery.settings), repr(door.ours)]
    shown += [repr(transport._tokens), repr(transport._tokens._token), repr(transport._tokens._failure)]
    shown += [str(vars(record)) for record in caplog.records]
    key = private_key().splitlines()[1]
    assert server.given
    secrets = (KEY, key, *server.given, *server.assertions, *(text.rpartition(".")[2] for text in server.assertions))
    assert not [text for text in shown for secret in secrets if secret in text]


def test_proxy(
    guarded: LocalEndpoint, server: AuthorizationServer, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authorization server is reached through the proxy that the environment names for it."""
    server.url = "http://auth.invalid"
    with ForwardProxy({"auth.invalid": ("127.0.0.1", server.port)}) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        door = make_door(oauth=server.setting)
        door.emit()
        assert door.flush()
        assert [line.rpartition(" ")[0] for line, _ in proxy.requests] == ["POST http://auth.invalid/token"]
    assert numbers(guarded) == [0]


def test_certificate(guarded: LocalEndpoint, server: AuthorizationServer, tmp_path: Path) -> None:
    """The setting certificate vouches for the authorization server, too; without it nothing is sent there."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.speak_tls(context)
    reply = send(transport_to(guarded, server))
    assert (reply.status, reply.error) == (0, "SSLError")
    assert send(transport_to(guarded, server, certificate=tmp_path / "ca.pem")).status == 200
    assert len(server.asked) == 1


FORKS = """
import os
import sys
import otel_segment
from otel_segment import analytics

otel_segment.configure()
analytics.track("u", "Ping", {"number": 0})
assert otel_segment.flush(30)
children = []
for number in (1, 2):
    child = os.fork()
    if not child:
        analytics.track("u", "Ping", {"number": number})
        os._exit(0 if otel_segment.flush(30) else 1)
    children.append(child)
ended = [os.waitpid(child, 0)[1] for child in children]
analytics.track("u", "Ping", {"number": 3})
assert otel_segment.flush(30)
sys.exit(any(ended))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks(guarded: LocalEndpoint, server: AuthorizationServer, tmp_path: Path) -> None:
    """Each process has a token of its own, and takes the credentials from the environment."""
    (tmp_path / "key.pem").write_text(private_key())
    prefix = "OTEL_EXPORTER_SEGMENT_OAUTH_"
    variables = {
        prefix + "CLIENT_ID": server.client_id,
        prefix + "KEY_ID": server.key_id,
        prefix + "KEY_FILE": str(tmp_path / "key.pem"),
        prefix + "AUTH_SERVER": server.url,
    }
    ended = run_program(FORKS, guarded.url, PYTHONWARNINGS="ignore:This process:DeprecationWarning", **variables)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert numbers(guarded) == [0, 1, 2, 3]
    assert len(server.given) == 3
