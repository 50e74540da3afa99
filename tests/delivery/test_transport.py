"""The HTTP side: what a request looks like, and the ways that it takes."""

import ssl
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trustme
from doors import KEY, MakeDoor, script
from proxy import ForwardProxy

from otel_segment import DropReason, __version__
from otel_segment.inspector import Action, Answer, IncomingRequest, LocalEndpoint
from otel_segment.transport._http import _may_follow

BASIC = "Basic d2stMDEyMzQ1Njc4OWFiY2RlZi1mM2ExOg=="


@pytest.fixture
def seen(endpoint: LocalEndpoint) -> list[IncomingRequest]:
    """The requests that the endpoint gets, with their secrets."""
    requests: list[IncomingRequest] = []

    def look(request: IncomingRequest) -> None:
        assert request.body
        requests.append(request)

    endpoint.behave(look)
    return requests


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """A certificate authority that nobody knows, in the file ``ca.pem``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def safe_endpoint(authority: trustme.CA) -> Iterator[LocalEndpoint]:
    """An endpoint that speaks TLS, for 127.0.0.1 and for a name that only a proxy knows."""
    with LocalEndpoint() as endpoint:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "events.invalid").configure_cert(context)
        endpoint._server.socket = context.wrap_socket(endpoint._server.socket, server_side=True)
        yield endpoint


def test_request(seen: list[IncomingRequest], make_door: MakeDoor) -> None:
    """A request is a POST of JSON to /v1/batch with the write key as the user of Basic authorization."""
    door = make_door()
    door.emit(2)
    assert door.flush()
    (request,) = seen
    assert request.path == "/v1/batch"
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == f"{KEY}:"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"otel-segment/{__version__}"
    assert not {"x-write-key", "content-encoding", "x-retry-count", "cookie"} & request.headers.keys()
    body = msgspec.json.decode(request.body)
    assert list(body) == ["batch", "sentAt"]
    assert [message["properties"]["number"] for message in body["batch"]] == [0, 1]


@pytest.mark.parametrize(
    ("auth", "header", "in_body"), [("basic", None, None), ("header", KEY, None), ("body", None, KEY)]
)
def test_places_for_the_key(
    seen: list[IncomingRequest], make_door: MakeDoor, auth: str, header: str | None, in_body: str | None
) -> None:
    """The setting auth adds the write key in another place, besides Basic authorization."""
    door = make_door(auth=auth)
    door.emit()
    assert door.flush()
    (request,) = seen
    assert request.headers["authorization"] == BASIC
    assert request.headers.get("x-write-key") == header
    assert msgspec.json.decode(request.body).get("writeKey") == in_body


def test_key_that_is_no_plain_text(seen: list[IncomingRequest], make_door: MakeDoor) -> None:
    """A write key with signs that mean something in JSON goes into the body as it is."""
    door = make_door(auth="body", write_key='wk"quoted\\key')
    door.emit()
    assert door.flush()
    assert msgspec.json.decode(seen[0].body)["writeKey"] == 'wk"quoted\\key'


def test_gzip(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Bodies are packed when that is set, at each attempt, and counted as they were before."""
    raw = []

    def behaviour(request: IncomingRequest) -> Action:
        raw.append((request.headers["content-encoding"], len(request.body), endpoint.requests[-1].size))
        return next(faults, None)

    faults = iter([Answer(500)])
    endpoint.behave(behaviour)
    door = make_door(compression="gzip")
    door.emit(100, text="abc" * 50)
    assert door.flush()
    assert [encoding for encoding, _, _ in raw] == ["gzip", "gzip"]
    assert all(size < length / 5 for _, length, size in raw)
    assert door.stats.sent_bytes == sum(length for _, length, _ in raw)
    assert len(endpoint.received) == 100


def test_headers(seen: list[IncomingRequest], make_door: MakeDoor) -> None:
    """Extra headers are sent with every request, besides ours."""
    door = make_door(headers={"X-Tenant": "a", "x-region": "north"})
    door.emit()
    assert door.flush()
    (request,) = seen
    assert (request.headers["x-tenant"], request.headers["x-region"]) == ("a", "north")
    assert (request.headers["authorization"], request.headers["content-type"]) == (BASIC, "application/json")


def test_path(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """The path of the batch call can be another one."""
    door = make_door(path="/v1/import")
    door.emit()
    assert door.flush()
    assert [request.path for request in endpoint.requests] == ["/v1/import"]


def test_cookies(endpoint: LocalEndpoint, seen: list[IncomingRequest], make_door: MakeDoor) -> None:
    """Cookies that an endpoint sets are not kept."""
    endpoint.behave(lambda request: seen.append(request) or Answer(200, {"Set-Cookie": "session=1; Path=/"}))
    door = make_door()
    for _ in range(2):
        door.emit()
        assert door.flush()
    assert ["cookie" in request.headers for request in seen] == [False, False]


def test_netrc(
    seen: list[IncomingRequest], make_door: MakeDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that the machine knows for the host does not take the write key's place."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    door = make_door()
    door.emit()
    assert door.flush()
    assert seen[0].headers["authorization"] == BASIC


def test_connections_are_kept(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Requests that come one after the other use one connection, whatever the answers."""
    endpoint.behave(script(None, Answer(400, body="no"), Answer(200, body="x" * 50_000), Answer(204)))
    door = make_door()
    for _ in range(8):
        door.emit()
        assert door.flush()
    assert len(endpoint.requests) == 8
    assert len(endpoint._server._connections) == 1


def test_connection_that_was_closed(make_door: MakeDoor, endpoint: LocalEndpoint) -> None:
    """A connection that the endpoint has closed in the meantime is replaced without a failure."""
    door = make_door()
    door.emit()
    assert door.flush()
    port = endpoint.port
    endpoint.close()
    with LocalEndpoint(port=port):
        door.emit()
        assert door.flush()
    assert door.stats.requests == {200: 2}


def test_certificate(safe_endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """The setting certificate names the authorities that the endpoint's certificate may be from."""
    door = make_door(endpoint=f"https://127.0.0.1:{safe_endpoint.port}", certificate=tmp_path / "ca.pem")
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, len(safe_endpoint.received)) == (1, 1)


def test_unknown_certificate(
    safe_endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    """Without it, nothing is sent to an endpoint that nobody vouches for, and the log says what is wrong."""
    door = make_door(endpoint=f"https://127.0.0.1:{safe_endpoint.port}", max_retry_time=0)
    door.emit()
    assert door.flush()
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 1}
    assert not safe_endpoint.requests
    assert "SSLError" in caplog.text
    assert "certificate verify failed" in caplog.text


def test_upgrade(endpoint: LocalEndpoint, safe_endpoint: LocalEndpoint, make_door: MakeDoor, tmp_path: Path) -> None:
    """A redirect from http to https on the same host is followed."""
    endpoint.behave(lambda _: Answer(308, {"Location": f"https://127.0.0.1:{safe_endpoint.port}/v1/batch"}))
    door = make_door(certificate=tmp_path / "ca.pem")
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, len(safe_endpoint.received)) == (1, 1)


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("http://a.example/v1", "http://a.example/v2", True),
        ("http://a.example/v1", "https://a.example/v1", True),
        ("https://a.example/v1", "https://A.EXAMPLE/v1/", True),
        ("https://a.example/v1", "http://a.example/v1", False),
        ("https://a.example/v1", "https://b.example/v1", False),
        ("https://a.example/v1", "https://a.example.evil/v1", False),
        ("https://a.example/v1", "https://a.example@evil/v1", False),
        ("https://a.example/v1", "file:///etc/passwd", False),
        ("https://a.example/v1", "https://[bad", False),
        ("https://a.example/v1", "", False),
    ],
)
def test_which_redirects_may_be_followed(here: str, there: str, expected: bool) -> None:
    """Only the same host may have the key, and never over a less safe scheme."""
    assert _may_follow(here, there) is expected


@pytest.mark.parametrize("user", ["", "someone:secret@"])
def test_proxy(endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    """The proxy of the environment is used for hosts that only it knows."""
    with ForwardProxy({"events.invalid": ("127.0.0.1", endpoint.port)}) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{user}127.0.0.1:{proxy.port}")
        door = make_door(endpoint="http://events.invalid")
        door.emit(3)
        assert door.flush()
        assert (door.stats.delivered, len(endpoint.received)) == (3, 3)
        ((line, headers),) = proxy.requests
    assert line.startswith("POST http://events.invalid/v1/batch ")
    assert headers.get("proxy-authorization") == ("Basic c29tZW9uZTpzZWNyZXQ=" if user else None)


def test_proxy_for_tls(
    safe_endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through a proxy, TLS is with the endpoint: the proxy sees neither key nor events."""
    with ForwardProxy({"events.invalid": ("127.0.0.1", safe_endpoint.port)}) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        door = make_door(endpoint="https://events.invalid", certificate=tmp_path / "ca.pem")
        door.emit()
        assert door.flush()
        ((line, headers),) = proxy.requests
    assert (door.stats.delivered, len(safe_endpoint.received)) == (1, 1)
    assert line.startswith("CONNECT events.invalid:443 ")
    assert "authorization" not in headers


def test_no_proxy(endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that the environment exempts from the proxy are reached without it."""
    with ForwardProxy({}) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1,example.com")
        door = make_door()
        door.emit()
        assert door.flush()
        assert not proxy.requests
    assert len(endpoint.received) == 1


def test_dead_proxy(
    endpoint: LocalEndpoint, make_door: MakeDoor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that is not there is trouble like any other, and its password is nowhere in the log."""
    with ForwardProxy({}) as proxy:
        pass
    monkeypatch.setenv("http_proxy", f"http://someone:secret@127.0.0.1:{proxy.port}")
    door = make_door(max_retry_time=0)
    door.emit()
    assert door.flush()
    assert door.stats.dropped == {DropReason.RETRIES_EXHAUSTED: 1}
    assert "ProxyError" in caplog.text
    assert "secret" not in caplog.text
    assert not endpoint.requests
