"""The server as an endpoint: paths, keys, encodings, limits, browsers, and what is kept of each request."""

import base64
import contextlib
import gzip
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from inspecting import TIMEOUT, get, listed, post, track, until

from otel_segment.inspector import Inspector
from otel_segment.inspector.live import _http, _protocol


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    """A server for all tests of this file."""
    with Inspector() as inspector:
        yield inspector


@pytest.fixture(autouse=True)
def _afresh(inspector: Inspector) -> None:
    inspector.archive.clear()


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/batch", "/v1/import"])
def test_batches(inspector: Inspector, path: str) -> None:
    """A batch is taken in on each of its paths."""
    answer = post(inspector, track(1), track(2), path=path)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert [row["name"] for row in listed(inspector)] == ["Event 2", "Event 1"]


@pytest.mark.parametrize("kind", ["track", "page", "screen", "identify", "group", "alias"])
@pytest.mark.parametrize("is_short", [False, True])
def test_single_calls(inspector: Inspector, kind: str, is_short: bool) -> None:
    """A single call has the type of its path, long or short."""
    event = {"event": "E", "groupId": "g", "previousId": "p", "userId": "u", "messageId": "m"}

    answer = post(inspector, json=event, path=f"/v1/{kind[0] if is_short else kind}")

    (row,) = listed(inspector)
    assert (answer.status_code, row["type"], row["state"]) == (200, kind, "ok")


@pytest.mark.parametrize(
    ("headers", "body", "problems"),
    [
        ({"Authorization": "Basic " + base64.b64encode(b"k:").decode()}, {}, []),
        ({"X-Write-Key": "k"}, {}, []),
        ({}, {"writeKey": "k"}, []),
        ({"Authorization": "Bearer secret-token"}, {"writeKey": "k"}, []),
        ({}, {}, ["missing_write_key"]),
    ],
)
def test_keys(inspector: Inspector, headers: dict[str, str], body: dict[str, str], problems: list[str]) -> None:
    """The key is found in each of its places, and what is secret is not shown."""
    answer = post(inspector, json={"batch": [track()], **body}, headers=headers, auth=lambda request: request)

    (row,) = listed(inspector)
    shown = get(inspector, f"/api/events/{row['number']}").json()["request"]["headers"]
    assert (answer.status_code, row["problems"]) == (200, problems)
    assert all(shown[name.lower()].endswith("***") for name in headers)
    assert "secret" not in json.dumps(shown)


def test_wrong_key() -> None:
    """With a key demanded, another one is answered 401, and what came with it is kept as refused."""
    with Inspector(write_key="right") as inspector:
        answers = [post(inspector, track(1), auth=(key, "")).status_code for key in ("wrong", "right")]

        assert answers == [401, 200]
        assert [row["state"] for row in listed(inspector)] == ["ok", "refused"]
        assert listed(inspector)[1]["problems"] == ["wrong_write_key"]
        assert get(inspector, "/api/summary").json()["write_key_needed"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "problem"),
    [
        (b"{nan", {}, 400, "invalid_json"),
        (b"[]", {}, 400, "invalid_batch"),
        (b"", {}, 400, "invalid_json"),
        (b"\xff\xfe", {}, 400, "invalid_json"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "unreadable_body"),
        (gzip.compress(b'{"batch": []}', mtime=0) * 2, {"Content-Encoding": "gzip"}, 400, "unreadable_body"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unreadable_body"),
        (gzip.compress(b" " * 17_000_000, mtime=0), {"Content-Encoding": "gzip"}, 413, "unreadable_body"),
        (b" " * 17_000_000, {}, 413, "unreadable_body"),
        (b'{"batch": [' + b" " * 500_000 + b'{"type": "track"}]}', {}, 400, "batch_too_large"),
        (json.dumps({"batch": [track(1, filler="x" * 40_000)]}).encode(), {}, 400, "event_too_large"),
    ],
)
def test_refused(inspector: Inspector, body: bytes, headers: dict[str, str], status: int, problem: str) -> None:
    """What is refused is answered as Segment does, and kept with the reason."""
    answer = post(inspector, data=body, headers=headers)

    (row,) = listed(inspector)
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert row["state"] == "refused"
    assert problem in row["problems"]
    assert get(inspector, f"/api/events/{row['number']}").json()["request"]["status"] == status


def test_large_headers(inspector: Inspector) -> None:
    """Of headers, as much is kept as people look at, whatever is sent."""
    given = {f"x-{number}": str(number) * 3_000 for number in range(1, 6)}
    post(inspector, track(), headers=given)

    (row,) = listed(inspector)
    shown = get(inspector, f"/api/events/{row['number']}").json()["request"]["headers"]
    assert shown["x-1"] == given["x-1"]
    assert sum(len(name) + len(value) for name, value in shown.items()) <= 8_192


def test_bomb(inspector: Inspector) -> None:
    """A few bytes that are very many events are refused, and the first 10,000 of them kept."""
    body = gzip.compress(b'{"batch": [' + b"{}," * 300_000 + b"{}]}")

    answer = post(inspector, data=body, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 400
    assert get(inspector, "/api/summary").json()["states"] == {"refused": 10_000}
    assert {"batch_too_large", "too_many_events"} <= set(listed(inspector, "limit=1")[0]["problems"])


def test_key_in_refused_body(inspector: Inspector) -> None:
    """A body that is no JSON is shown without the key in it."""
    post(inspector, data=b'{"writeKey": "topsecret", "batch": [}')

    (row,) = listed(inspector)
    raw = get(inspector, f"/api/events/{row['number']}").json()["raw"]
    assert raw == '{"writeKey": "***", "batch": [}'


@pytest.mark.parametrize("chunked", [False, True])
def test_packed(inspector: Inspector, chunked: bool) -> None:
    """A body may be packed, and come in pieces."""
    body = gzip.compress(json.dumps({"batch": [track(number) for number in range(900)], "sentAt": "now"}).encode())
    pieces = iter([body[:100], body[100:]])

    answer = post(inspector, data=pieces if chunked else body, headers={"Content-Encoding": "gzip"})

    rows = listed(inspector, "limit=500")
    request = get(inspector, f"/api/events/{rows[0]['number']}").json()["request"]
    assert (answer.status_code, inspector.archive.summary()["events"]) == (200, 900)
    assert (request["size"], request["events"], request["sentAt"]) == (len(body), 900, "now")


def test_browsers(inspector: Inspector) -> None:
    """A page of any origin may send: asked before, as text, packed or not, and from a private network."""
    headers = {"Origin": "https://shop.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    before = requests.options(f"{inspector.url}/v1/t", headers=headers | asked, timeout=TIMEOUT)
    answer = post(inspector, data=json.dumps(track()), path="/v1/t", headers=headers | {"Content-Type": "text/plain"})
    refused = post(inspector, data="{", path="/v1/t", headers=headers)

    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert {each.headers["Access-Control-Allow-Origin"] for each in (before, answer, refused)} == {
        "https://shop.example"
    }
    assert (answer.status_code, refused.status_code) == (200, 400)
    assert "Access-Control-Allow-Origin" not in get(inspector, "/api/events", headers=headers).headers


def test_settings_of_browsers(inspector: Inspector) -> None:
    """analytics.js is told to send here."""
    settings = get(inspector, "/v1/projects/key/settings").json()

    assert settings["integrations"]["Segment.io"]["apiHost"] == f"127.0.0.1:{inspector.port}/v1"


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v1/batch", 405, "POST"),
        ("PUT", "/v1/track", 405, "POST"),
        ("POST", "/v1/v1/batch", 404, "/v1/batch"),
        ("POST", "/v1/nothing", 404, "nothing"),
        ("GET", "/nothing", 404, ""),
    ],
)
def test_elsewhere(inspector: Inspector, method: str, path: str, status: int, text: str) -> None:
    """Another method or path is turned away, with a hint where one can be given."""
    answer = requests.request(
        method, inspector.url + path, data=b"{}" * (method != "GET"), headers={"X-Otel-Segment": "1"}, timeout=TIMEOUT
    )

    assert answer.status_code == status
    assert text in answer.text


def _exchange(inspector: Inspector, content: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", inspector.port), TIMEOUT) as connection:
        connection.sendall(content)
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)


def test_slow_headers(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes too long for the headers is hung up on, at the first request and at later ones."""
    monkeypatch.setattr(_protocol, "_HEADER_SECONDS", 0.2)

    assert _exchange(inspector, b"POST /v1/batch HT") == b""
    assert _exchange(inspector, b"") == b""
    first = b"GET /api/summary HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert _exchange(inspector, first + b"GET /").startswith(b"HTTP/1.1 200 OK\r\n")


def test_slow_body(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes too long for the body is told so, and hung up on."""
    monkeypatch.setattr(_http, "_BODY_SECONDS", 0.2)

    answer = _exchange(inspector, b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_slow_large_bodies(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that are refused in any case have bounded room together, however slowly they come; others always have."""
    monkeypatch.setattr(_http, "_LARGE_BODIES_BYTES", 1_000_000)
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", inspector.port), TIMEOUT) as connection:
        connection.sendall(head + b" " * 900_000)
        assert until(lambda: post(inspector, data=b" " * 600_000).status_code == 413)
        assert post(inspector, track()).status_code == 200

    assert until(lambda: post(inspector, data=b" " * 600_000).status_code == 400)


def test_gone_before_the_end(inspector: Inspector) -> None:
    """A client that goes before its body has ended leaves nothing behind, and harms nobody."""
    with socket.create_connection(("127.0.0.1", inspector.port), TIMEOUT) as connection:
        connection.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")

    assert post(inspector, track()).status_code == 200
    assert len(listed(inspector)) == 1


def test_unwritable_archive(inspector: Inspector) -> None:
    """When the archive cannot be written, the client is told to come again, and the server goes on."""
    connection: Any = inspector.archive._connection
    post(inspector, track())
    for change in ("INSERT", "DELETE"):
        fails = "BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
        connection.execute(f"CREATE TEMP TRIGGER no_{change} BEFORE {change} ON events {fails}")
    failed = post(inspector, track())
    refused = post(inspector, data=b"no gzip", headers={"Content-Encoding": "gzip"})
    kept = requests.delete(f"{inspector.url}/api/events", headers={"X-Otel-Segment": "1"}, timeout=TIMEOUT)
    for change in ("INSERT", "DELETE"):
        connection.execute(f"DROP TRIGGER no_{change}")

    assert (failed.status_code, refused.status_code, kept.status_code) == (503, 400, 503)
    assert all("disk is full" in answer.json()["message"] for answer in (failed, kept))
    assert post(inspector, track()).status_code == 200


def test_close_is_quick() -> None:
    """Closing ends those who look on, and those who wait."""
    with Inspector(faults="latency=1h") as inspector:
        live = get(inspector, "/api/live", stream=True)
        with socket.create_connection(("127.0.0.1", inspector.port), TIMEOUT) as waiting:
            waiting.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            assert until(lambda: len(inspector._server.server_state.connections) > 1)
            inspector.close()
            live.close()
    with pytest.raises(requests.ConnectionError):
        get(inspector, "/")


def test_close_leaves_nobody_waiting() -> None:
    """All who are let in while it is closed are sent away, too."""
    came: list[socket.socket] = []

    def come(port: int) -> None:
        with contextlib.suppress(OSError):
            while len(came) < 500:
                came.append(socket.create_connection(("127.0.0.1", port), TIMEOUT))

    with Inspector() as inspector:
        coming = threading.Thread(target=come, args=(inspector.port,))
        coming.start()
        assert until(lambda: len(came) > 20)
    coming.join()
    for connection in came:
        with connection, contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""


def test_logging_stays_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """An application that has a server of its own keeps what that one logs, and gets nothing of this one's."""
    caplog.set_level(logging.INFO)
    loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(each.level, each.propagate, [*each.handlers]) for each in loggers]
    with Inspector() as inspector:
        post(inspector, track())
    loggers[1].info("of the application")

    assert before == [(each.level, each.propagate, [*each.handlers]) for each in loggers]
    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == ["of the application"]
