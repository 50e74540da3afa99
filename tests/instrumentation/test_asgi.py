"""ASGI applications without a framework: what the middleware adds, and what it leaves alone."""

import asyncio
import itertools
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from asgi_serving import in_process, in_thread
from opentelemetry._logs import LogRecord, get_logger, get_logger_provider
from opentelemetry._logs import _internal as logs_api
from opentelemetry.sdk._logs import LogRecordProcessor
from running import Server as RealServer
from running import environment
from serving import SOMEBODY, Arrivals, arriving, page

from otel_segment import _log
from otel_segment.errors import ConfigurationError
from otel_segment.exporters import SegmentVisitorInstrumentor
from otel_segment.inspector import LocalEndpoint
from otel_segment.instrumentation import _lifespan
from otel_segment.instrumentation._request import AsgiRequest
from otel_segment.instrumentation.asgi import AnalyticsMiddleware
from otel_segment.visitor import current_visitor

HTML = [(b"content-type", b"text/html; charset=utf-8")]
Message = dict[str, Any]
COMMANDS = {
    "uvicorn": ("uvicorn", "--port={port}"),
    "granian": ("granian", "--interface=asgi", "--port={port}"),
}


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrivals]:
    """What arrives from this process."""
    monkeypatch.setattr(_log, "_last_said", {})
    with arriving() as found:
        SegmentVisitorInstrumentor().instrument()
        yield found
        SegmentVisitorInstrumentor().uninstrument()


def emit(event: str) -> None:
    """Emit an event by hand."""
    get_logger("site").emit(LogRecord(event_name=event, attributes={"analytics.type": "track"}))


def emit_by_user(event: str) -> None:
    """Emit an event by hand that says whose it is."""
    get_logger("site").emit(LogRecord(event_name=event, attributes={"analytics.type": "track", "user.id": "ada"}))


def scope_of(path: str = "/", **more: Any) -> dict[str, Any]:
    """Return the scope of a request."""
    headers = [(b"host", b"shop.example"), (b"user-agent", b"Browser/1"), *more.pop("headers", ())]
    client = ("127.0.0.1", 50_000)
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": headers,
        "client": client,
        "scheme": "http",
    } | more


async def unasked() -> Message:
    """Receive nothing."""
    return {"type": "http.request"}


def call(app: Any, scope: dict[str, Any]) -> list[Message]:
    """Serve one request in an event loop of its own; return what was sent."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, unasked, send))
    return sent


def answering(*messages: Message, status: int = 200, headers: Any = HTML) -> Callable[..., Awaitable[None]]:
    """Make an application that always sends the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for message in messages or ({"type": "http.response.body", "body": b"<title>Hello</title>"},):
            await send(message)

    return app


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_middleware(server: str) -> None:
    """An application behind the middleware makes a page of each view; what it emits has the same visitor."""
    pytest.importorskip(server)
    with in_process(*COMMANDS[server], "plain_asgi:application") as site:
        assert site.ask("/a/b?c=d").status == 200
        site.ask("/last")
        messages = site.taken(3)
    for message in messages:
        message["context"].pop("trace", None)
    pages = [message for message in messages if message["type"] == "page"]
    by_hand = [message for message in messages if message["type"] == "track"]
    assert pages == [page("/a/b?c=d", title="/a/b"), page("/last", title="/last")]
    assert [(message["anonymousId"], message["context"]["page"]["path"]) for message in by_hand] == [(SOMEBODY, "/a/b")]


def test_socket_after_a_request() -> None:
    """A WebSocket that a server begins in the context of an earlier request has nothing of that one's visitor."""
    seen: list[object] = []

    async def app(scope: Message, receive: object, send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["type"] == "websocket":
            seen.append(current_visitor())
            return
        inside = scope_of("/ws", type="websocket", headers=[(b"baggage", b"analytics.user.id=ceo,k=v")])
        await middleware(inside, unasked, send)
        seen.append([value for name, value in inside["headers"] if name == b"baggage"])

    async def send(_: Message) -> None:
        pass

    middleware = AnalyticsMiddleware(app, get_user=lambda _: "alice")
    asyncio.run(middleware(scope_of("/upload"), unasked, send))
    visitor, baggage = seen
    assert visitor is None or not any(visitor)  # type: ignore[call-overload]
    assert baggage == [b"k=v"]


def test_many_equal_headers() -> None:
    """Headers of one name are joined, and 100,000 of them cost no more than reading them."""
    request = AsgiRequest(scope_of(headers=[(b"x-moz", b"a")] * 100_000 + [(b"cookie", b"a=1"), (b"cookie", b"b=2")]))
    assert request.header("x-moz") == ", ".join("a" * 100_000)
    assert request.cookies == {"a": "1", "b": "2"}


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_connections(kind: str) -> None:
    """WebSockets and the lifespan get the very scope and receive of the server, which nothing is added to."""
    seen: list[Any] = []

    async def app(*arguments: Any) -> None:
        seen.extend(arguments)
        assert not any(current_visitor() or ())

    async def send(message: Message) -> None:
        """Send nothing."""

    scope = {"type": kind, "path": "/"}
    asyncio.run(AnalyticsMiddleware(app)(scope, unasked, send))
    assert seen[0] is scope
    assert scope == {"type": kind, "path": "/"}
    assert seen[1] is unasked
    assert seen[2] is send or kind == "lifespan"


class Processor(LogRecordProcessor):
    """Holds what is emitted, as somebody else's batches do, until it is flushed.

    Args:
        flush: What flushing is.
    """

    def __init__(self, flush: Callable[[], object] = bool) -> None:
        self._flush = flush
        self.flushes = 0
        get_logger_provider().add_log_record_processor(self)  # type: ignore[attr-defined]

    def on_emit(self, log_record: Any) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush."""
        self.flushes += 1
        self._flush()
        return True

    def shutdown(self) -> None:
        """Do nothing."""


class Server:
    """A server that starts an application and shuts it down; what it sends, and what had arrived by then."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._orders = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        self.sent: list[tuple[Message, int]] = []

    async def receive(self) -> Message:
        """Give an order."""
        return next(self._orders)

    async def send(self, message: Message) -> None:
        """Take note of what is said."""
        self.sent.append((message, len(self._arrivals._endpoint.received.messages)))

    def serve(self, app: Any) -> None:
        """Let an application live in an event loop of its own."""
        asyncio.run(app({"type": "lifespan"}, self.receive, self.send))


STARTED: Message = {"type": "lifespan.startup.complete"}
STOPPED: Message = {"type": "lifespan.shutdown.complete"}
FAILED: Message = {"type": "lifespan.shutdown.failed", "message": "no"}


def living(last: Message | None = STOPPED) -> Callable[..., Awaitable[None]]:
    """Make an application that emits an event at its end, of which it says this at last."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        await send(STARTED)
        assert (await receive())["type"] == "lifespan.shutdown"
        emit_by_user("Ended")
        if last is not None:
            await send(last)

    return app


class TestLifespan:
    """The end of an application."""

    @pytest.mark.parametrize("last", [STOPPED, FAILED])
    def test_delivered(self, arrivals: Arrivals, last: Message) -> None:
        """What an application has emitted is there before the server is told that it has ended; messages stay."""
        server = Server(arrivals)
        server.serve(AnalyticsMiddleware(living(last)))

        assert server.sent == [(STARTED, 0), (last, 1)]
        assert server.sent[0][0] is STARTED
        assert server.sent[1][0] is last

    def test_held_pages(self, arrivals: Arrivals, tmp_path: Path) -> None:
        """Pages that wait for their browsers are there, too."""
        call(
            AnalyticsMiddleware(answering(), browser=True, browser_wait=60, salt_folder=tmp_path),
            scope_of(server=("shop.example", 80)),
        )
        server = Server(arrivals)
        server.serve(AnalyticsMiddleware(living()))

        assert [count for _, count in server.sent] == [0, 2]

    def test_without_a_word(self, arrivals: Arrivals) -> None:
        """An application whose lifespan just ends is taken to have ended."""
        server = Server(arrivals)
        server.serve(AnalyticsMiddleware(living(None)))

        assert len(arrivals._endpoint.received.messages) == 1

    def test_failing(self, arrivals: Arrivals) -> None:
        """What an application raises in its life is raised, after what it emitted was delivered."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await living(None)(scope, receive, send)
            raise LookupError

        with pytest.raises(LookupError):
            Server(arrivals).serve(AnalyticsMiddleware(app))

        assert len(arrivals._endpoint.received.messages) == 1

    def test_cancelled(self, arrivals: Arrivals) -> None:
        """A lifespan that the server cancels has ended."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            emit_by_user("Begun")
            await send(STARTED)
            await asyncio.sleep(60)

        async def serve() -> None:
            task = asyncio.ensure_future(AnalyticsMiddleware(app)({"type": "lifespan"}, server.receive, server.send))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        server = Server(arrivals)
        asyncio.run(serve())

        assert len(arrivals._endpoint.received.messages) == 1

    def test_thrown_away(self, arrivals: Arrivals) -> None:
        """A lifespan that is thrown away waits for nothing."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send(STARTED)
            await asyncio.sleep(0)

        server = Server(arrivals)
        coroutine = AnalyticsMiddleware(app)({"type": "lifespan"}, server.receive, server.send)
        coroutine.send(None)
        coroutine.close()

        assert server.sent == [(STARTED, 0)]

    def test_without_support(self, arrivals: Arrivals) -> None:
        """What refuses the lifespan does so as without us, and nothing is waited for."""
        processor = Processor()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise NotImplementedError(scope["type"])

        server = Server(arrivals)
        with pytest.raises(NotImplementedError, match="lifespan"):
            server.serve(AnalyticsMiddleware(app))

        assert (server.sent, processor.flushes) == ([], 0)

    def test_other_exporters(self, arrivals: Arrivals) -> None:
        """What waits for somebody else's exporter is flushed by the provider, while the event loop goes on."""
        turned = threading.Event()
        flushing: list[Callable[[], object]] = [lambda: turned.wait(30)]
        processor = Processor(lambda: [step() for step in reversed(flushing)])

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            flushing.append(lambda: loop.call_soon_threadsafe(turned.set))
            await middleware({"type": "lifespan"}, server.receive, server.send)

        middleware, server = AnalyticsMiddleware(living()), Server(arrivals)
        asyncio.run(serve())

        assert (processor.flushes, turned.is_set()) == (1, True)
        assert server.sent == [(STARTED, 0), (STOPPED, 1)]

    def test_layers(self, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where several layers are ours everything is delivered once, and what hangs is not waited for."""
        monkeypatch.setattr(_lifespan, "_LONGEST", 0.2)
        over = threading.Event()
        processor = Processor(lambda: over.wait(60))
        server = Server(arrivals)
        server.serve(AnalyticsMiddleware(AnalyticsMiddleware(AnalyticsMiddleware(living()))))
        over.set()

        assert processor.flushes == 1
        assert [message for message, _ in server.sent] == [STARTED, STOPPED]

    def test_provider_that_fails(self, arrivals: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
        """A provider that cannot be flushed is spoken of in the log, and the application ends as it does."""

        def fail() -> None:
            message = "s3cret"
            raise OSError(message)

        Processor(fail)
        server = Server(arrivals)
        server.serve(AnalyticsMiddleware(living()))

        assert server.sent == [(STARTED, 0), (STOPPED, 1)]
        assert "the LoggerProvider could not be flushed: OSError" in caplog.text
        assert "s3cret" not in caplog.text

    def test_other_event_loops(self, arrivals: Arrivals) -> None:
        """In an event loop that is not asyncio's everything is delivered, too."""
        server = Server(arrivals)
        with pytest.raises(StopIteration):
            AnalyticsMiddleware(living())({"type": "lifespan"}, server.receive, server.send).send(None)

        assert server.sent == [(STARTED, 0), (STOPPED, 1)]

    def test_without_a_provider(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nothing is set up there is nothing to deliver, and nothing is said of it."""
        monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
        sent: list[Message] = []
        orders = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Message:
            return next(orders)

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(AnalyticsMiddleware(living())({"type": "lifespan"}, receive, send))
        assert sent == [STARTED, STOPPED]

    @pytest.mark.parametrize("workers", [1, 2])
    def test_uvicorn(self, workers: int) -> None:
        """uvicorn, which ends by the signal that it gets, loses nothing of what its application has not seen to."""
        pytest.importorskip("uvicorn")
        launcher = Path(sys.executable).with_name("opentelemetry-instrument")
        if not launcher.exists():
            pytest.skip("needs opentelemetry-distro")
        patient = {"OTEL_LOGS_EXPORTER": "segment", "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "60"}
        others = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
        with LocalEndpoint() as endpoint:
            env = environment(endpoint.url, **patient, **others)
            # A worker that has not begun by then is killed and begun again.
            options = ["--port={port}", f"--workers={workers}", "--timeout-worker-healthcheck=120"]
            uvicorn = [sys.executable, "-m", "uvicorn", *options, "counting_asgi:application"]
            with RealServer(str(launcher), *uvicorn, env=env) as server:
                server.ask_all(1, seconds=150)
                assert not endpoint.received.messages
            assert len(endpoint.received.messages) == len(server.answers), server.output


@pytest.mark.parametrize(
    "bodies",
    [
        [{"type": "http.response.body", "body": b"<title>Hello</title>", "more_body": True}] * 1_000
        + [{"type": "http.response.body"}],
        [{"type": "http.response.pathsend", "path": "/site/index.html"}],
        [{"type": "http.response.zerocopysend", "file": 3}],
        [{"type": "http.response.body", "body": b"x"}, {"type": "http.response.trailers", "headers": []}],
    ],
    ids=["stream", "pathsend", "zerocopysend", "trailers"],
)
def test_messages_stay_as_they_are(bodies: list[Message], arrivals: Arrivals) -> None:
    """However a body is sent, its messages are the application's own objects, and it is one page."""
    scope = scope_of("/way")
    app = AnalyticsMiddleware(answering(*bodies), capture_title=True)
    sent = call(app, scope)
    assert all(ours is theirs for ours, theirs in zip(sent[1:], bodies, strict=True))
    assert sent[0]["headers"] is HTML
    assert [message["name"] for message in arrivals.take()] == ["/way"]
    assert not any(name.startswith("otel_segment") for name in scope)


def test_early_hints(arrivals: Arrivals) -> None:
    """What is sent before an answer begins makes no event."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.early_hint", "links": []})
        assert not arrivals.take()
        await answering()(scope, receive, send)

    assert len(call(AnalyticsMiddleware(app), scope_of())) == 3
    assert len(arrivals.take()) == 1


def test_headers_that_are_read_once(arrivals: Arrivals) -> None:
    """Headers that can be gone through once reach the server, with a cookie or without."""
    for settings in ({}, {"anonymous_id": "cookie"}):
        app = answering(headers=iter([*HTML, (b"x-own", b"1")]))
        (start, _) = call(AnalyticsMiddleware(app, **settings), scope_of())
        assert list(start["headers"])[:2] == [*HTML, (b"x-own", b"1")]


@pytest.mark.parametrize("headers", [[("content-type", "text/html")], [(b"x", 1)], [(b"alone",)], [None]])
def test_headers_that_are_wrong(headers: Any, arrivals: Arrivals) -> None:
    """Headers that no server would take are left for the server to refuse."""
    assert call(AnalyticsMiddleware(answering(headers=headers)), scope_of())[0]["headers"] is headers


@pytest.mark.parametrize(
    "body", [b"<title>Hello</title>", bytearray(b"<title>Hello</title>"), memoryview(b"<title>Hello</title>")]
)
def test_title(body: Any, arrivals: Arrivals) -> None:
    """The title is read from the first piece of a body whose length is said, whatever kind of bytes that is."""
    headers = [*HTML, (b"content-length", b"20")]
    app = answering({"type": "http.response.body", "body": body, "more_body": True}, headers=headers)
    call(AnalyticsMiddleware(app, capture_title=True), scope_of())
    (message,) = arrivals.take()
    assert message["context"]["page"]["title"] == "Hello"


def test_giant_title(arrivals: Arrivals) -> None:
    """Of a title of ten megabytes nothing is taken, and the page is sent."""
    body = b"<title>" + b"x" * 10_000_000 + b"</title>"
    app = answering({"type": "http.response.body", "body": body}, headers=[*HTML, (b"content-length", b"10000015")])
    call(AnalyticsMiddleware(app, capture_title=True), scope_of())
    (message,) = arrivals.take()
    assert "title" not in message["context"]["page"]


HOSTILE = [
    [(b"x-forwarded-for", b"1.2.3.4, " * 12_000)],
    [(b"forwarded", b'for="[::1]:x";' * 8_000)],
    [(b"cookie", b"session=s3cret; " + b"a=b; " * 20_000)],
    [(b"cookie", b"=;" * 50_000)],
    [(b"accept-language", b"\xff-\xfe;q=1e999," * 6_000)],
    [(b"referer", b"http://" + b"\xff" * 100_000)],
    [(b"user-agent", b"(" * 100_000)],
    [(b"host", b"evil\r\nset-cookie: a=b")],
    [(b"sec-ch-ua", b'"\\' * 50_000)],
    [(b"authorization", b"Bearer s3cret"), (b"proxy-authorization", b"s3cret"), (b"x-api-key", b"s3cret")],
    [(b"", b""), (b"\xff\xfe", b"\xff\xfe")],
]


@pytest.mark.parametrize("headers", HOSTILE, ids=lambda headers: headers[0][0].decode("latin-1"))
def test_hostile_headers(headers: Any, arrivals: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred kilobytes of anything break nothing, gain nothing, and no secret reaches an event or the log."""
    settings: dict[str, Any] = {
        "anonymous_id": "segment,cookie,pseudonym",
        "consent_cookie": "onetrust",
        "trusted_proxies": 1,
    }
    call(AnalyticsMiddleware(answering(), **settings), scope_of(headers=headers))
    start, _ = call(AnalyticsMiddleware(answering()), scope_of(headers=headers))
    assert start["headers"] is HTML
    messages = arrivals.take()
    assert "s3cret" not in str(messages) + caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert {message["type"] for message in messages} <= {"page"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/\udcff\ud800", b"\xff"),
        ("/\x00\r\nset-cookie: a=b", b"\r\n"),
        ("", b""),
        ("/" + "a/" * 50_000, b"%" * 100_000),
    ],
    ids=["surrogates", "line breaks", "empty", "long"],
)
def test_hostile_paths(path: str, query: bytes, arrivals: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the path is, the request is answered and the page, if there is one, is in JSON."""
    start, _ = call(AnalyticsMiddleware(answering(), anonymous_id="cookie"), scope_of(path, query_string=query))
    assert start["status"] == 200
    assert len(arrivals.take()) <= 1
    assert not [record for record in caplog.records if "could not be made" in record.getMessage()]


def test_scope_with_nothing_in_it(arrivals: Arrivals) -> None:
    """A scope without what the specification leaves to the server is served."""
    call(
        AnalyticsMiddleware(answering(), bots="include"), {"type": "http", "method": "GET", "path": "/", "headers": []}
    )
    assert [message["name"] for message in arrivals.take()] == ["/"]


def test_client_that_goes_away(arrivals: Arrivals) -> None:
    """A client that leaves in mid-stream has viewed one page; what the stream emits at its end has the visitor."""
    done = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})
        watching = asyncio.ensure_future(gone(receive))
        while not watching.done():
            await send({"type": "http.response.body", "body": b"on and on", "more_body": True})
            await asyncio.sleep(0.001)
        emit("Left")
        done.set()

    async def gone(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with in_thread(AnalyticsMiddleware(app), lifespan="off") as site:
        with site.connected() as connection, closing(HTTPResponse(connection)) as response:
            connection.sendall(b"GET /on HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: x\r\n\r\n")
            response.begin()
            assert response.read(5) == b"on an"
        assert done.wait(30)
        site.settle()
    found = [(message.get("event") or message["name"], message["anonymousId"]) for message in arrivals.take()]
    assert found == [("/on", SOMEBODY), ("Left", SOMEBODY)]


@pytest.mark.parametrize("error", [LookupError, asyncio.CancelledError, KeyboardInterrupt])
def test_visitor_is_gone_after_an_exception(error: type[BaseException], arrivals: Arrivals) -> None:
    """Whatever an application raises is raised, and its visitor is gone; what it emitted before has the visitor."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        emit("Tried")
        raise error

    async def around() -> None:
        with pytest.raises(error):
            await AnalyticsMiddleware(app)(scope_of(), unasked, unasked)
        assert current_visitor() is None
        emit("Nobody's")

    asyncio.run(around())
    assert [message["event"] for message in arrivals.take()] == ["Tried"]


def test_event_loops_in_threads(arrivals: Arrivals) -> None:
    """One middleware serves several event loops in several threads, each request with its own visitor."""
    numbers = itertools.count()

    async def user(scope: Any) -> str:
        await asyncio.sleep(0.001)
        return dict(scope["headers"])[b"x-user"].decode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.001 * (next(numbers) % 3))
        emit(scope["path"])
        await answering()(scope, receive, send)

    middleware = AnalyticsMiddleware(app, get_user=user)

    def loop(name: str) -> None:
        async def every() -> None:
            scopes = [scope_of(f"/{name}", headers=[(b"x-user", name.encode())]) for _ in range(50)]
            await asyncio.gather(*(middleware(scope, unasked, answer) for scope in scopes))

        async def answer(message: Message) -> None:
            await asyncio.sleep(0)

        asyncio.run(every())

    threads = [threading.Thread(target=loop, args=(name,)) for name in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = arrivals.take()
    assert len(messages) == 200
    assert {(message.get("event") or message["name"], message["userId"]) for message in messages} == {
        ("/ada", "ada"),
        ("/grace", "grace"),
    }


def test_user_is_not_asked_for_nothing(arrivals: Arrivals) -> None:
    """A callback to be awaited is not asked of excluded URLs, and of who objects once no consent can say otherwise."""
    asked: list[str] = []
    consents = iter([{"analytics": True}, None])

    async def user(scope: Any) -> str:
        asked.append(scope["path"])
        return "ada"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["consent"] = next(consents, None)
        await answering()(scope, receive, send)

    objecting = [(b"sec-gpc", b"1")]
    silent = AnalyticsMiddleware(answering(), get_user=user)
    call(silent, scope_of("/healthz"))
    call(silent, scope_of("/gpc", headers=objecting))
    assert (asked, arrivals.take()) == ([], [])

    call(silent, scope_of("/page"))
    # Whether there is a consent is known inside of the application, and too early to be asked before it.
    agreeing = AnalyticsMiddleware(app, get_user=user, get_consent=lambda scope: scope["consent"])
    call(agreeing, scope_of("/agreed", headers=objecting))
    call(agreeing, scope_of("/objected", headers=objecting))
    assert asked == ["/page", "/agreed", "/objected"]
    assert [(message["name"], message["userId"]) for message in arrivals.take()] == [
        ("/page", "ada"),
        ("/agreed", "ada"),
    ]


@pytest.mark.parametrize("get_user", ["plain", "awaited"])
def test_user_who_objects_is_not_asked_for(get_user: str, arrivals: Arrivals) -> None:
    """Who objects is not looked up for events by hand either, and these have no visitor."""

    def plain(scope: Any) -> str:
        pytest.fail("asked")

    async def awaited(scope: Any) -> str:
        pytest.fail("asked")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert current_visitor() is None or not any(current_visitor() or ())
        await answering()(scope, receive, send)

    callback = plain if get_user == "plain" else awaited
    call(AnalyticsMiddleware(app, get_user=callback), scope_of(headers=[(b"sec-gpc", b"1")]))
    assert arrivals.take() == []


def test_scope_that_is_used_again(arrivals: Arrivals) -> None:
    """A server that serves one request after another with one scope has each one counted."""
    scope = scope_of("/again")
    app = AnalyticsMiddleware(answering())
    for _ in range(2):
        call(app, scope)
    assert len(arrivals.take()) == 2


def test_wrong_settings() -> None:
    """A middleware with wrong settings says so when it is made."""
    with pytest.raises(ConfigurationError, match="page_name"):
        AnalyticsMiddleware(answering(), page_name="title")
