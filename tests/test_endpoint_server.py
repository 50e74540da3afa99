"""The local endpoint: Segment's rules, what it takes, what it turns away, and the faults it can have."""

import base64
import gzip
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from segment.analytics.client import Client

from otel_segment.inspector import (
    Answer,
    Cut,
    IncomingRequest,
    LocalEndpoint,
    Outcome,
    Problem,
    Received,
    ReceivedStore,
    Reset,
    Wait,
)

TIMEOUT = 10


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """An endpoint that lets in every key."""
    with LocalEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A client with a write key, and without regard to proxies."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = ("key", "")
        yield session


def track(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Give a faultless event, with other fields where they are given."""
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "messageId": f"m-{number}",
        "timestamp": "2026-01-02T03:04:05.678Z",
        **fields,
    }


def batch(*messages: Any) -> dict[str, Any]:
    """Give the body of a batch call."""
    return {"batch": list(messages), "sentAt": "2026-01-02T03:04:06.000Z"}


def without(message: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give the event without some of its fields."""
    return {name: value for name, value in message.items() if name not in names}


def exchange(endpoint: LocalEndpoint, request: bytes) -> bytes:
    """Send bytes and give all that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=TIMEOUT) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


class TestRules:
    """What is said of each event."""

    @pytest.mark.parametrize(
        ("message", "problem"),
        [
            (track(), None),
            (track(userId=None, anonymousId="a-1"), None),
            (track(userId=0), None),
            (track(userId="0"), None),
            (track(timestamp="2026-01-02"), None),
            (track(timestamp="2026-01-02T03:04:05+01:00"), None),
            (without(track(), "timestamp"), None),
            (track(type="page", properties=None), None),
            (track(type="group", groupId="g"), None),
            (track(type="alias", previousId="a-1"), None),
            (track(messageId="m" * 100), None),
            (track(userId=""), Problem.MISSING_IDENTITY),
            (track(userId=True), Problem.MISSING_IDENTITY),
            (without(track(), "userId"), Problem.MISSING_IDENTITY),
            (without(track(), "event"), Problem.MISSING_EVENT),
            (track(event=7), Problem.MISSING_EVENT),
            (track(event=""), Problem.MISSING_EVENT),
            (track(type="group"), Problem.MISSING_GROUP_ID),
            (track(type="alias"), Problem.MISSING_PREVIOUS_ID),
            (track(type="alias", previousId="a-1", userId=""), Problem.MISSING_USER_ID),
            (without(track(), "type"), Problem.UNKNOWN_TYPE),
            (track(type="pageview"), Problem.UNKNOWN_TYPE),
            (track(type=["track"]), Problem.UNKNOWN_TYPE),
            (track(messageId="m" * 101), Problem.LONG_MESSAGE_ID),
            (without(track(), "messageId"), Problem.MISSING_MESSAGE_ID),
            (track(messageId=17), Problem.MISSING_MESSAGE_ID),
            (track(timestamp="yesterday"), Problem.INVALID_TIMESTAMP),
            (track(timestamp="2026-02-30T00:00:00Z"), Problem.INVALID_TIMESTAMP),
            (track(timestamp="2026-02-03T25:00:00Z"), Problem.INVALID_TIMESTAMP),
            (track(timestamp=1767323045), Problem.INVALID_TIMESTAMP),
            (track(properties=[1]), Problem.NOT_A_MAP),
            (track(traits="x"), Problem.NOT_A_MAP),
            (track(context=1), Problem.NOT_A_MAP),
        ],
    )
    def test_one_event(
        self,
        endpoint: LocalEndpoint,
        session: requests.Session,
        message: dict[str, Any],
        problem: Problem | None,
    ) -> None:
        """An event that Segment would drop or alter is answered 200 and its one problem is named."""
        answer = session.post(f"{endpoint.url}/v1/batch", json=batch(message), timeout=TIMEOUT)

        (received,) = endpoint.received

        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert (() if problem is None else (problem,)) == received.problems
        assert message == received.message
        assert received.kept == (problem is None or problem.outcome is Outcome.ALTERED)

    def test_words(self) -> None:
        """Every problem has a name, an outcome and a sentence of its own."""
        sentences = {problem.sentence for problem in Problem}

        assert len(Problem) == len(sentences)
        assert all(sentence.endswith(".") for sentence in sentences)
        assert all(str(problem) == problem.value == problem for problem in Problem)

    def test_too_many_events(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A batch of more than 2,500 events is answered 200, and all its events are lost."""
        small = [{"type": "track", "event": "e", "userId": "u", "messageId": str(n)} for n in range(2_501)]

        answer = session.post(f"{endpoint.url}/v1/batch", json={"batch": small}, timeout=TIMEOUT)

        assert answer.status_code == 200
        assert {(Problem.TOO_MANY_EVENTS,)} == {event.problems for event in endpoint.received}
        assert len(endpoint.received) == 2_501

    def test_event_of_32_kilobytes(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """An event of exactly 32 KB in UTF-8 passes, one byte more costs the whole batch."""
        frame = len(json.dumps(track(text=""), ensure_ascii=False).encode())
        text = "é" * ((32_768 - frame) // 2) + "x" * ((32_768 - frame) % 2)

        answers = [
            session.post(
                f"{endpoint.url}/v1/batch",
                data=json.dumps(batch(track(text=text + more), track(2)), ensure_ascii=False).encode(),
                timeout=TIMEOUT,
            )
            for more in ("", "x")
        ]

        assert [answer.status_code for answer in answers] == [200, 400]
        assert {"success": False, "message": Problem.EVENT_TOO_LARGE.sentence} == answers[1].json()
        assert (len(endpoint.received), endpoint.received.refused) == (2, 2)

    def test_batch_of_500_kilobytes(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A body of more than 500 KB is refused, its unpacked size counting."""
        messages = [track(number, text="x" * 30_000) for number in range(17)]
        body = json.dumps(batch(*messages)).encode()

        plain = session.post(f"{endpoint.url}/v1/batch", data=body, timeout=TIMEOUT)
        packed = session.post(
            f"{endpoint.url}/v1/batch",
            data=gzip.compress(body),
            headers={"Content-Encoding": "gzip"},
            timeout=TIMEOUT,
        )

        assert [plain.status_code, packed.status_code] == [400, 400]
        assert endpoint.requests[0].problems == (Problem.BATCH_TOO_LARGE,)
        assert (len(endpoint.received), endpoint.received.refused) == (0, 34)

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            (b'{"batch":[{"a":NaN}]}', Problem.INVALID_JSON),
            (b'{"batch":[{"a":1},{"b":Infinity}]}', Problem.INVALID_JSON),
            (b'{"batch":[{"a":"\xff"}]}', Problem.INVALID_JSON),
            (b'{"batch":[{"a":"\\ud800"}]}', Problem.INVALID_JSON),
            (b'{"batch":[{"properties":{"a":"\\ud800y"}}]}', Problem.INVALID_JSON),
            (b'{"batch":[{}]', Problem.INVALID_JSON),
            (b"[" * 5_000, Problem.INVALID_BATCH),
            (b'{"batch":' + b"[" * 50_000, Problem.INVALID_JSON),
            (b"", Problem.INVALID_JSON),
            (b"{}", Problem.INVALID_BATCH),
            (b"[]", Problem.INVALID_BATCH),
            (b'{"batch":{}}', Problem.INVALID_BATCH),
            (b'{"batch":[1]}', Problem.INVALID_BATCH),
        ],
    )
    def test_not_a_batch(
        self, endpoint: LocalEndpoint, session: requests.Session, body: bytes, problem: Problem
    ) -> None:
        """What is not JSON, or not a batch of objects, is refused as a whole."""
        answer = session.post(f"{endpoint.url}/v1/batch", data=body, timeout=TIMEOUT)

        assert (400, problem.sentence) == (answer.status_code, answer.json()["message"])
        assert (problem,) == endpoint.requests[0].problems
        assert endpoint.received.messages == []

    def test_surrogate_pair(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A pair of surrogates in escapes is good JSON."""
        answer = session.post(f"{endpoint.url}/v1/batch", json=batch(track(event="\U0001f600")), timeout=TIMEOUT)

        assert answer.status_code == 200
        assert endpoint.received.messages[0]["event"] == "\U0001f600"


class TestPaths:
    """Where events are taken in."""

    @pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/batch", "/v1/import", "/v1/batch?from=test"])
    def test_batches(self, endpoint: LocalEndpoint, session: requests.Session, path: str) -> None:
        """All paths of the batch call take a batch."""
        answer = session.post(endpoint.url + path, json=batch(track(1), track(2)), timeout=TIMEOUT)

        assert answer.status_code == 200
        assert [track(1), track(2)] == endpoint.received.messages
        assert (endpoint.requests[0].events, endpoint.requests[0].sent_at) == (2, "2026-01-02T03:04:06.000Z")

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            (f"/v1/{name}", kind)
            for kind in ("track", "page", "screen", "identify", "group", "alias")
            for name in (kind, kind[0])
        ],
    )
    def test_single_calls(self, endpoint: LocalEndpoint, session: requests.Session, path: str, kind: str) -> None:
        """A path of a single call gives the event its type; what belongs to the request is no part of it."""
        message = without(track(groupId="g", previousId="p"), "type")
        session.auth = None

        answer = session.post(
            endpoint.url + path, json={**message, "writeKey": "body-key", "sentAt": "now"}, timeout=TIMEOUT
        )

        (received,) = endpoint.received
        assert answer.status_code == 200
        assert {**message, "type": kind} == received.message
        assert ((), "body-key", kind) == (received.problems, received.key, received.type)
        assert {kind: 1} == endpoint.received.types()

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/", 200),
            ("HEAD", "/", 200),
            ("POST", "/", 405),
            ("GET", "/v1/batch", 405),
            ("PUT", "/v1/batch", 405),
            ("DELETE", "/v1/track", 405),
            ("OPTIONS", "/v1/track", 204),
            ("OPTIONS", "/", 405),
            ("BREW", "/v1/batch", 501),
            ("POST", "/v1/v1/batch", 404),
            ("POST", "/v1/batch/", 404),
            ("GET", "/favicon.ico", 404),
        ],
    )
    def test_elsewhere(
        self, endpoint: LocalEndpoint, session: requests.Session, method: str, path: str, status: int
    ) -> None:
        """Other paths and methods are turned away, and the endpoint goes on."""
        answer = session.request(method, endpoint.url + path, data=b"x" * 100_000, timeout=TIMEOUT)
        again = session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)

        assert (status, 200) == (answer.status_code, again.status_code)
        assert (status in {204, 405}) == ("Allow" in answer.headers)

    def test_summary(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """The page at / says how many events have arrived."""
        messages = (track(1), track(1), track(2, type="page"))
        session.post(f"{endpoint.url}/v1/batch", json=batch(*messages), timeout=TIMEOUT)

        answer = session.get(endpoint.url, timeout=TIMEOUT)

        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.text.splitlines()[2:] == ["page: 1", "track: 1", "events: 2", "repeats: 1", "refused: 0"]


class TestKeys:
    """Where the write key may stand, and what becomes of a wrong one."""

    @pytest.mark.parametrize(
        ("headers", "body", "key"),
        [
            ({"Authorization": "Basic " + base64.b64encode(b"k-1:").decode()}, {}, "k-1"),
            ({"Authorization": "basic " + base64.b64encode(b"k-1").decode()}, {"writeKey": "other"}, "k-1"),
            ({"X-Write-Key": "k-1"}, {}, "k-1"),
            ({}, {"writeKey": "k-1"}, "k-1"),
            ({"Authorization": "Bearer token"}, {"writeKey": "k-1"}, "k-1"),
            ({"Authorization": "Basic !"}, {"writeKey": "k-1"}, "k-1"),
            ({"Authorization": "Bearer token"}, {}, None),
            ({"Authorization": "Basic " + base64.b64encode(b":k-1").decode()}, {}, None),
            ({}, {"writeKey": ""}, None),
            ({}, {"writeKey": 7}, None),
        ],
    )
    def test_places(
        self, session: requests.Session, headers: dict[str, str], body: dict[str, Any], key: str | None
    ) -> None:
        """The key is found in each of its places; without one the events are reported lost, or answered 401."""
        session.auth = None
        answers = []
        for expected in (None, "k-1", "k-2"):
            with LocalEndpoint(write_key=expected) as endpoint:
                url = f"{endpoint.url}/v1/batch"
                answers.append(session.post(url, json={**batch(track()), **body}, headers=headers, timeout=TIMEOUT))
                if expected is None:
                    (received,) = endpoint.received
                elif answers[-1].status_code == 401:
                    assert (len(endpoint.received), endpoint.received.refused) == (0, 1)

        assert key == received.key
        assert (() if key else (Problem.MISSING_WRITE_KEY,)) == received.problems
        assert [200, 200 if key else 401, 401] == [answer.status_code for answer in answers]

    def test_secrets(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """What is remembered of the headers holds no secret."""
        secrets = {"Cookie": "secret", "X-Write-Key": "secret", "Authorization": "Bearer secret", "X-Retry-Count": "3"}
        session.auth = None

        session.post(f"{endpoint.url}/v1/batch", json=batch(track()), headers=secrets, timeout=TIMEOUT)

        (facts,) = endpoint.requests
        assert "secret" not in str(facts.headers)
        assert facts.headers["x-retry-count"] == "3"


class TestBodies:
    """How a body may come over the wire."""

    def test_gzip(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A packed body is unpacked; its size on the wire is remembered."""
        body = gzip.compress(json.dumps(batch(track())).encode())

        answer = session.post(
            f"{endpoint.url}/v1/batch", data=body, headers={"Content-Encoding": "gzip"}, timeout=TIMEOUT
        )

        assert answer.status_code == 200
        assert [track()] == endpoint.received.messages
        assert len(body) == endpoint.requests[0].size

    def test_chunked(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A chunked body is put together, and the connection goes on."""
        body = json.dumps(batch(track())).encode()

        for _ in range(2):
            pieces = iter([body[:1], body[1:50], body[50:]])
            answer = session.post(f"{endpoint.url}/v1/batch", data=pieces, timeout=TIMEOUT)

            assert answer.status_code == 200

        assert (len(endpoint.received), endpoint.received.duplicates) == (1, 1)

    @pytest.mark.parametrize(
        ("body", "encoding", "status"),
        [
            (b"no gzip", "gzip", 400),
            (gzip.compress(b"{}" * 100, mtime=0)[:-9], "gzip", 400),
            (gzip.compress(b" " * 17_000_000), "gzip", 413),
            (b"{}", "br", 415),
            (b"x" * 16_777_217, "identity", 413),
        ],
    )
    def test_broken_encoding(
        self, endpoint: LocalEndpoint, session: requests.Session, body: bytes, encoding: str, status: int
    ) -> None:
        """A body that cannot be unpacked, or only beyond all bounds, is refused."""
        headers = {"Content-Encoding": encoding}

        answer = session.post(f"{endpoint.url}/v1/batch", data=body, headers=headers, timeout=TIMEOUT)

        assert (status, False) == (answer.status_code, answer.json()["success"])
        assert status == endpoint.requests[0].status

    @pytest.mark.parametrize(
        ("head", "status"),
        [
            (b"\r\n", b"411"),
            (b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", b"413"),
            (b"Content-Length: many\r\n\r\n", b"400"),
            (b"Content-Length: -1\r\n\r\n", b"400"),
            (b"Content-Length: 10\r\n\r\nshort", b"400"),
            (b"Transfer-Encoding: gzip\r\n\r\n", b"501"),
            (b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
            (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", b"400"),
            (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n", b"400"),
            (b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"413"),
            (b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", b"400"),
        ],
    )
    def test_broken_framing(
        self, endpoint: LocalEndpoint, session: requests.Session, head: bytes, status: bytes
    ) -> None:
        """A request that is framed wrongly or ends too early is refused, and others are not disturbed."""
        answer = exchange(endpoint, b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" + head)
        after = session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)

        assert answer.startswith(b"HTTP/1.1 " + status)
        assert after.status_code == 200

    def test_silent_client(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A client that connects and says nothing holds up nobody, not even the end."""
        with socket.create_connection(("127.0.0.1", endpoint.port)) as idle:
            idle.sendall(b"POST /v1/batch HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            answer = session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)
            endpoint.close()

            assert answer.status_code == 200
            assert idle.recv(1) == b""


class TestStore:
    """What is remembered, and how to wait for it."""

    def test_repeats(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """The first event with a messageId counts, those after it are reported as repeats."""
        first, repeat = track(1, event="first"), track(1, event="repeat")
        for messages in ([first, repeat], [repeat, track(2)]):
            session.post(f"{endpoint.url}/v1/batch", json=batch(*messages), timeout=TIMEOUT)

        arrivals = endpoint.received.after(0)

        assert [first, track(2)] == endpoint.received.messages
        assert [event.duplicate for event in arrivals] == [False, True, True, False]
        assert [event.number for event in arrivals] == [1, 2, 3, 4]
        assert [event.request for event in arrivals] == [1, 1, 2, 2]
        assert (
            len(endpoint.received),
            endpoint.received.duplicates,
            endpoint.received.types(),
        ) == (2, 2, {"track": 2})
        assert _found(endpoint.received, "m-1").message["event"] == "first"
        assert endpoint.received.find("m-9") is None

    def test_bound(self, session: requests.Session) -> None:
        """Beyond its bound the store forgets the oldest, and what it forgot is no repeat any more."""
        with LocalEndpoint(keep=3) as endpoint:
            for number in (1, 2, 2, 3, 4, 1):
                session.post(f"{endpoint.url}/v1/batch", json=batch(track(number)), timeout=TIMEOUT)

            assert [track(3), track(4), track(1)] == endpoint.received.messages
            assert [event.number for event in endpoint.received.after(0)] == [4, 5, 6]
            assert [event.number for event in endpoint.received.after(5)] == [6]
            assert (
                len(endpoint.received),
                endpoint.received.duplicates,
                endpoint.received.types(),
            ) == (3, 0, {"track": 3})

    def test_waiting(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """Waiting ends when the condition holds, or when the time has passed."""
        sender = threading.Thread(
            target=session.post,
            args=(f"{endpoint.url}/v1/batch",),
            kwargs={"json": batch(track(1), track(2)), "timeout": TIMEOUT},
        )
        assert endpoint.received.after(0, timeout=0) == []
        assert not endpoint.received.wait_for(len, timeout=0)

        sender.start()

        assert [event.number for event in endpoint.received.after(0, timeout=TIMEOUT)] == [1, 2]
        assert endpoint.received.wait_for(lambda seen: len(seen) == 2, timeout=TIMEOUT)
        assert endpoint.received.wait_for(lambda seen: seen.requests[0].status == 200, timeout=TIMEOUT)
        sender.join()

    def test_clear(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A cleared store has forgotten everything but goes on counting."""
        for _ in range(2):
            session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)
            assert len(endpoint.received) == 1
            assert endpoint.received.duplicates == 0
            (event,) = endpoint.received.after(0)
            endpoint.received.clear()

        assert (event.number, endpoint.requests, list(endpoint.received)) == (2, [], [])


class TestFaults:
    """What the endpoint can be told to do instead of its work."""

    def test_answer(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A canned answer comes with its status, headers and body, and takes in nothing unless told to."""
        canned = iter(
            [
                Answer(503, {"Retry-After": "2"}),
                Answer(200, {}, "<html>", accept=True),
                Answer(200, {}, b"garbage"),
                Answer(204, accept=True),
            ]
        )
        endpoint.behave(lambda _: next(canned))

        answers = [
            session.post(f"{endpoint.url}/v1/batch", json=batch(track(number)), timeout=TIMEOUT) for number in range(4)
        ]

        assert [answer.status_code for answer in answers] == [503, 200, 200, 204]
        assert answers[0].headers["Retry-After"] == "2"
        assert [answer.text for answer in answers] == ["", "<html>", "garbage", ""]
        assert [track(1), track(3)] == endpoint.received.messages
        assert [facts.status for facts in endpoint.requests] == [503, 200, 200, 204]

    def test_cut(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """A cut connection gives no answer, whether the events were taken in or not."""
        cuts = iter([Cut(), Cut(accept=False)])
        endpoint.behave(lambda _: next(cuts))

        for number in (1, 2):
            with pytest.raises(requests.ConnectionError):
                session.post(f"{endpoint.url}/v1/batch", json=batch(track(number)), timeout=TIMEOUT)

        assert [track(1)] == endpoint.received.messages
        assert [facts.status for facts in endpoint.requests] == [None, None]

    def test_reset(self, endpoint: LocalEndpoint) -> None:
        """A reset comes before the body has been read."""
        endpoint.behave(lambda _: Reset())

        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=TIMEOUT) as connection:
            connection.sendall(b"POST /v1/batch HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)

    @pytest.mark.parametrize("action", [0.01, Wait(0.01), Wait(0.01, Answer(200, accept=True))])
    def test_wait(self, endpoint: LocalEndpoint, session: requests.Session, action: Any) -> None:
        """After a wait the request is handled, as usual or as told."""
        endpoint.behave(lambda _: action)

        answer = session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)

        assert answer.status_code == 200
        assert len(endpoint.received) == 1

    def test_closed_while_waiting(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """Closing the endpoint cuts off who waits for an answer."""
        endpoint.behave(lambda _: 3_600)
        failures: list[Exception] = []

        def post() -> None:
            try:
                session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=3_600)
            except requests.ConnectionError as error:
                failures.append(error)

        waiting = threading.Thread(target=post)
        waiting.start()
        assert endpoint.received.wait_for(lambda seen: seen.requests, timeout=TIMEOUT)
        endpoint.close()
        waiting.join(TIMEOUT)

        assert len(failures) == 1

    def test_by_request(self, endpoint: LocalEndpoint, session: requests.Session) -> None:
        """The number, path, headers, body and events of a request say what to do about it, until faults end."""
        seen: list[IncomingRequest] = []

        def refuse_second(request: IncomingRequest) -> Answer | None:
            seen.append(request)
            poisoned = any(message["event"] == "poison" for message in request.messages)
            return Answer(400) if poisoned or request.number == 2 else None

        endpoint.behave(refuse_second)
        url = f"{endpoint.url}/v1/batch"
        messages = [track(1), track(2), track(3), track(4, event="poison")]
        answers = [session.post(url, json=batch(message), timeout=TIMEOUT) for message in messages]
        broken = session.post(url, data=b"{", timeout=TIMEOUT)
        endpoint.behave(None)
        after = session.post(url, json=batch(messages[-1]), timeout=TIMEOUT)

        assert [answer.status_code for answer in answers] == [200, 400, 200, 400]
        assert [broken.status_code, after.status_code] == [400, 200]
        assert seen[0].path == "/v1/batch"
        assert seen[0].headers["authorization"].startswith("Basic ")
        assert batch(track(1)) == json.loads(seen[0].body)

    def test_after_close(self, session: requests.Session) -> None:
        """A closed endpoint answers nobody, on old connections neither, and its port can be used again."""
        with LocalEndpoint() as endpoint:
            url = f"{endpoint.url}/v1/batch"
            session.post(url, json=batch(track()), timeout=TIMEOUT)
        endpoint.close()

        with pytest.raises(requests.ConnectionError):
            session.post(url, json=batch(track()), timeout=TIMEOUT)
        with LocalEndpoint(port=endpoint.port) as successor:
            session.post(url, json=batch(track(2)), timeout=TIMEOUT)

            assert [track(2)] == successor.received.messages
        assert [track()] == endpoint.received.messages

    def test_mistake_in_behaviour(
        self, endpoint: LocalEndpoint, session: requests.Session, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """An exception in the behaviour is printed, not swallowed, and costs that connection alone."""
        endpoint.behave(lambda _: 1 // 0)

        with pytest.raises(requests.ConnectionError):
            session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)

        assert "ZeroDivisionError" in capfd.readouterr().err


class TestClients:
    """What really sends to Segment."""

    def test_official_library(self, endpoint: LocalEndpoint) -> None:
        """All six calls of Segment's own Python library are accepted as they are."""
        client = Client("official", host=endpoint.url)
        client.identify("u-1", {"email": "ada@example.com"})
        client.track("u-1", "Order Completed", {"revenue": 19.99})
        client.page("u-1", "Docs", "Mug", {"url": "https://shop.example.com"})
        client.screen("u-1", "Docs", "Basket")
        client.group("u-1", "g-1", {"name": "Initech"})
        client.alias("a-1", "u-1")
        client.shutdown()

        assert {"identify", "track", "page", "screen", "group", "alias"} == endpoint.received.types().keys()
        assert [event.problems for event in endpoint.received] == [()] * 6
        assert {"official"} == {event.key for event in endpoint.received}

    def test_many_at_once(self, endpoint: LocalEndpoint) -> None:
        """Eight connections at once lose nothing and mix nothing up."""

        def send(sender: int) -> None:
            with requests.Session() as session:
                session.trust_env = False
                for start in range(0, 500, 50):
                    messages = [track(sender * 1_000 + start + number) for number in range(50)]
                    session.post(f"{endpoint.url}/v1/batch", json=batch(*messages), auth=("k", ""), timeout=TIMEOUT)

        senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

        assert (len(endpoint.received), endpoint.received.duplicates) == (4_000, 0)
        assert list(range(1, 4_001)) == [event.number for event in endpoint.received]
        assert list(range(1, 81)) == [facts.number for facts in endpoint.requests]

    def test_ipv6(self, session: requests.Session) -> None:
        """It listens on IPv6 too, with an address that clients understand."""
        try:
            endpoint = LocalEndpoint("::1")
        except OSError:
            pytest.skip("no IPv6 here")
        with endpoint:
            session.post(f"{endpoint.url}/v1/batch", json=batch(track()), timeout=TIMEOUT)

            assert len(endpoint.received) == 1


def _found(store: ReceivedStore, message_id: str) -> Received:
    received = store.find(message_id)
    assert received is not None
    return received
