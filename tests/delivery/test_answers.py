"""Answers: what each kind of answer, or of silence, means for the events."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from doors import MakeDoor, flush_all, script, wait_until
from ports import free_port

from otel_segment import DropReason
from otel_segment.inspector import Action, Answer, Cut, LocalEndpoint, Reset, Wait

RETRIED = (408, 410, 429, 460, 500, 502, 503, 504, 507, 511, 529, 599)
FINAL = (400, 401, 402, 403, 404, 405, 409, 411, 413, 415, 418, 422, 431, 451, 499, 501, 505)


@contextmanager
def raw_server(*answers: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection after the other, each by a function; give the address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            for answer in answers:
                with suppress(OSError):
                    connection, _ = listener.accept()
                    with closing(connection):
                        while b'"sentAt"' not in connection.recv(65_536):
                            pass
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(10)


def drip(start: bytes) -> Callable[[socket.socket], None]:
    """Answer with a beginning, and then for ever with a byte now and then."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:  # until the client has had enough
            connection.sendall(b"x")
            threading.Event().wait(0.02)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, body="{"),
        Answer(200, body=b"\xff\x00\xfe"),
        Answer(200, body='{"success": false}'),
        Answer(200, {"Content-Type": "text/html"}, "<html>" * 50_000),
        Answer(201),
        Answer(202, body="accepted"),
        Answer(204),
        Answer(299),
    ],
    ids=["no JSON", "no text", "not a success", "much", "201", "202", "204", "299"],
)
def test_accepted(endpoint: LocalEndpoint, make_door: MakeDoor, answer: Any) -> None:
    """Every 2xx means that the events have arrived, whatever the body holds."""
    endpoint.behave(lambda _: answer)
    door = make_door()
    door.emit()
    assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (1, {answer.status: 1})


@pytest.mark.parametrize(
    "answer",
    [
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        lambda connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"
        ),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    ],
    ids=["cut off", "broken chunks", "not gzip", "trickling in"],
)
def test_accepted_with_a_broken_body(make_door: MakeDoor, answer: Any) -> None:
    """The status counts, even if the body breaks off, is broken or never ends."""
    with raw_server(answer) as url:
        door = make_door(endpoint=url, timeout=0.5)
        door.emit()
        assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (1, {200: 1})


def test_retried(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """After an answer that may be another one later, the same events are sent again."""
    endpoint.behave(
        lambda request: (
            None if "x-retry-count" in request.headers else Answer(request.messages[0]["properties"]["status"])
        )
    )
    doors = {status: make_door() for status in RETRIED}
    for status, door in doors.items():
        door.emit(status=status)
        door.send()
    assert flush_all(doors.values())
    assert {status: door.stats.requests for status, door in doors.items()} == {
        status: {status: 1, 200: 1} for status in RETRIED
    }
    assert {status: door.stats.retries for status, door in doors.items()} == dict.fromkeys(RETRIED, 1)
    assert len(endpoint.received) == len(RETRIED)


@pytest.mark.parametrize("status", FINAL)
def test_final(endpoint: LocalEndpoint, make_door: MakeDoor, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """An answer that will always be the same is not asked for twice; the loss is counted, named and said.

    A refusal that may be about one of the events is asked for each of them, too.
    """
    requests = 3 if status in (400, 413) else 1
    dropped = []
    endpoint.behave(lambda _: Answer(status, body="because of that"))
    door = make_door(on_dropped=lambda reason, messages: dropped.append((reason, messages)))
    door.emit(2)
    assert door.flush()
    assert (door.stats.dropped, door.stats.requests) == ({DropReason.REJECTED: 2}, {status: requests})
    ((reason, messages),) = dropped
    assert (reason, [message["event"] for message in messages]) == (DropReason.REJECTED, ["Ping", "Ping"])
    assert f"answered {status}: because of that" in caplog.text
    assert "dropped 2 event(s), rejected: 'Ping'" in caplog.text


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("is_absolute", [False, True])
def test_redirect_on_the_same_host(
    endpoint: LocalEndpoint, make_door: MakeDoor, status: int, is_absolute: bool
) -> None:
    """A redirect that keeps the method is followed on the same host, with the body and the key."""
    with LocalEndpoint(write_key="wk-0123456789abcdef-f3a1") as other:
        target = other if is_absolute else endpoint
        location = f"{other.url}/v1/import" if is_absolute else "/v1/import"
        endpoint.behave(lambda request: Answer(status, {"Location": location}) if request.path == "/v1/batch" else None)
        door = make_door()
        door.emit()
        assert door.flush()
        assert (door.stats.delivered, door.stats.requests) == (1, {200: 1})
        assert [request.path for request in target.requests][-1] == "/v1/import"
        assert len(target.received) == 1


def test_redirect_without_end(endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture) -> None:
    """Redirects are not followed for ever."""
    endpoint.behave(lambda _: Answer(307, {"Location": "/v1/batch"}))
    door = make_door()
    door.emit()
    assert door.flush()
    assert door.stats.dropped == {DropReason.REJECTED: 1}
    assert len(endpoint.requests) == 4
    assert "configuration error" in caplog.text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(300, {"Location": "/v1/import"}), "{url}/v1/import"),
        (Answer(301, {"Location": "/v1/import"}), "{url}/v1/import"),
        (Answer(302, {"Location": "https://login.example.com/?next=x"}), "https://login.example.com/"),
        (Answer(303, {"Location": "/v1/import"}), "{url}/v1/import"),
        (Answer(304), "nowhere"),
        (Answer(307, {"Location": "http://localhost:{port}/v1/batch"}), "http://localhost:{port}/v1/batch"),
        (Answer(308, {"Location": "//localhost:{port}/v1/batch"}), "http://localhost:{port}/v1/batch"),
        (Answer(307, {"Location": "ftp://127.0.0.1/"}), "ftp://127.0.0.1/"),
        (Answer(307, {"Location": "http://[bad"}), "http://[bad"),
        (Answer(307), "nowhere"),
        (Answer(302), "nowhere"),
    ],
    ids=str,
)
def test_other_redirects(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture, answer: Any, said: str
) -> None:
    """Any other redirect is a configuration error: said once, with the address, and not followed."""
    with LocalEndpoint() as other:
        where = {"url": endpoint.url, "port": str(other.port)}
        headers = {name: value.format(**where) for name, value in answer.headers.items()}
        endpoint.behave(lambda _: Answer(answer.status, headers))
        door = make_door()
        for _ in range(3):
            door.emit()
            assert door.flush()
        assert (door.stats.dropped, door.stats.requests) == ({DropReason.REJECTED: 3}, {answer.status: 3})
        assert not other.requests
    (line,) = [record.getMessage() for record in caplog.records if "configuration error" in record.getMessage()]
    assert f"{endpoint.url}/v1/batch answers {answer.status} and points to {said.format(**where)};" in line


def test_nobody_there(make_door: MakeDoor) -> None:
    """Events wait for an endpoint that is not there yet."""
    port = free_port()
    door = make_door(endpoint=f"http://127.0.0.1:{port}", flush_interval=0.02)
    door.emit()
    wait_until(lambda: door.stats.requests.get(0))
    with LocalEndpoint(port=port) as late:
        assert door.flush()
        assert len(late.received) == 1
    assert door.stats.delivered == 1


@pytest.mark.parametrize("fault", [Reset(), Cut(accept=False), Wait(60)], ids=["reset", "cut", "no answer"])
def test_no_answer(endpoint: LocalEndpoint, make_door: MakeDoor, fault: Action) -> None:
    """A connection that breaks or stays silent is no answer: the events are sent again."""
    endpoint.behave(script(fault))
    door = make_door(timeout=0.4)
    door.emit(3)
    assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (3, {0: 1, 200: 1})
    assert (len(endpoint.received), endpoint.received.duplicates) == (3, 0)


def test_repeat_after_a_cut(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """Events that had arrived before the connection broke are repeated under the same messageId."""
    endpoint.behave(script(Cut(accept=True)))
    door = make_door()
    door.emit(3)
    assert door.flush()
    arrivals = endpoint.received.after(0, 0)
    assert [event.message_id for event in arrivals[:3]] == [event.message_id for event in arrivals[3:]]
    assert (len(endpoint.received), endpoint.received.duplicates) == (3, 3)
    assert door.stats.delivered == 3


def test_headers_that_trickle_in(make_door: MakeDoor) -> None:
    """The timeout is for the whole answer: one that never gets to its point is no answer."""
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with raw_server(drip(b"HTTP/1.1 200 OK\r\nX-Long: "), lambda connection: connection.sendall(good)) as url:
        door = make_door(endpoint=url, timeout=0.4)
        door.emit()
        assert door.flush()
    assert (door.stats.delivered, door.stats.requests) == (1, {0: 1, 200: 1})


@pytest.mark.parametrize(
    "nonsense", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 what\r\n\r\n", b""]
)
def test_something_else_than_http(make_door: MakeDoor, nonsense: bytes) -> None:
    """What does not speak HTTP has given no answer."""
    with raw_server(lambda connection: connection.sendall(nonsense)) as url:
        door = make_door(endpoint=url, max_retry_time=0)
        door.emit()
        assert door.flush()
    assert (door.stats.dropped, door.stats.requests) == ({DropReason.RETRIES_EXHAUSTED: 1}, {0: 1})
