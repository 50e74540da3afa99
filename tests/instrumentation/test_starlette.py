"""Starlette and FastAPI: what unchanged applications say of their visitors, behind uvicorn and granian."""

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from typing import Any

import pytest
from asgi_serving import InThread, Remote, in_process, in_thread
from serving import SOMEBODY, Arrivals, arriving, page

pytest.importorskip("starlette")

from apps import starlette_site
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from otel_segment import _log
from otel_segment.exporters import SegmentVisitorInstrumentor
from otel_segment.instrumentation import SegmentStarletteInstrumentor
from otel_segment.instrumentation.asgi import AnalyticsMiddleware
from otel_segment.visitor import current_visitor

SERVERS = {
    "uvicorn": ("uvicorn", "--port={port}", "--lifespan=on"),
    "granian": ("granian", "--interface=asgi", "--port={port}"),
}
USER = {"X-User": "7"}
NO_PAGES = [
    ("HEAD", "/hello/ada", {}),
    ("OPTIONS", "/hello/ada", {}),
    ("POST", "/desk", {}),
    ("GET", "/old", {}),
    ("GET", "/nowhere", {}),
    ("GET", "/boom", {}),
    ("GET", "/made?status=304", {}),
    ("GET", "/made?status=204", {}),
    ("GET", "/made?status=500", {}),
    ("GET", "/made?kind=application/json", {}),
    ("GET", "/download", {}),
    ("GET", "/manual", {"Range": "bytes=0-9"}),
    ("GET", "/files/table.csv", {}),
    ("GET", "/hello/ada", {"Sec-Purpose": "prefetch"}),
    ("GET", "/hello/ada", {"Sec-Fetch-Dest": "empty"}),
    ("GET", "/hello/ada", {"User-Agent": "Googlebot/2.1"}),
    ("GET", "/hello/ada", {"Sec-GPC": "1"}),
]
"""Requests that are no page views."""
PAGES = [
    ("/hello/ada", "/hello/{name}", "Hello ada"),
    ("/thread", "/thread", "Thread"),
    ("/desk", "/desk", "Desk"),
    ("/after", "/after", "After"),
    ("/manual", "/manual", "Manual"),
    ("/files/", "/files/", "Manual"),
    ("/outer/acme/about", "/outer/{tenant}/about", "About"),
    ("/outer/acme/inner/users/3", "/outer/{tenant}/inner/users/{user:int}", "User"),
    ("/counted", "/counted", "1"),
    ("/made?cache=public", "/made", "Made"),
]
"""Page views: the path, the name of the page, its title."""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said in one test does not count in the next."""
    monkeypatch.setattr(_log, "_last_said", {})


# Behind both servers, under opentelemetry-instrument


@pytest.fixture(scope="module", params=["uvicorn", "granian traced"])
def site(request: pytest.FixtureRequest) -> Iterator[Remote]:
    """The unchanged site of Starlette, under ``opentelemetry-instrument``."""
    with remote(request.param, "starlette_site:app") as served:
        yield served


@pytest.fixture(scope="module", params=["uvicorn traced", "granian"])
def library(request: pytest.FixtureRequest) -> Iterator[Remote]:
    """The unchanged site of FastAPI, under ``opentelemetry-instrument``."""
    pytest.importorskip("fastapi")
    with remote(request.param, "fastapi_site:app") as served:
        yield served


def remote(kind: str, app: str) -> Any:
    """Serve an application as a fixture's parameter says."""
    server, *traced = kind.split()
    pytest.importorskip(server)
    if traced:
        pytest.importorskip("opentelemetry.instrumentation.fastapi")
        pytest.importorskip("opentelemetry.instrumentation.starlette")
    return in_process(*SERVERS[server], app, is_traced=bool(traced))


def untraced(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the traces out of messages."""
    for message in messages:
        message["context"].pop("trace", None)
    return messages


def test_page(site: Remote) -> None:
    """A page that is viewed is a page call with the user, and with all that the request says."""
    headers = {**USER, "Accept-Language": "de-CH, en;q=0.5", "Referer": "https://search.example/?q=shop"}
    path = "/hello/ada?utm_source=mail&utm_campaign=may"
    assert site.ask(path, headers).status == 200
    facts = {"title": "Hello ada", "referrer": "https://search.example/?q=shop"}
    expected = page(path, "/hello/{name}", userId="member-7", **facts)
    expected["context"] |= {"campaign": {"source": "mail", "name": "may"}, "locale": "de-CH"}
    (message,) = untraced(site.take(1))
    message["context"]["page"].pop("referring_domain")
    assert message == expected


def test_pages(site: Remote) -> None:
    """Views that are functions, threads, classes, files and mounts two deep are one page each, with title and route."""
    for path, _, _ in PAGES:
        assert site.ask(path).status == 200
    viewed, by_hand = [], []
    for message in untraced(site.take(len(PAGES) + 2)):
        (viewed if message["type"] == "page" else by_hand).append(message)
    # What the server reads and sends itself is not read here; Starlette leaves some files to it, newer ones more.
    unread = {"/manual", "/files/"} if site.sends_files else set()
    for message in viewed:
        if message["properties"]["path"] in unread:
            for place in (message["properties"], message["context"]["page"]):
                place.pop("title", None)
    expected = [page(path, name, **({} if path in unread else {"title": title})) for path, name, title in PAGES]
    assert viewed == expected
    assert [(message["event"], message["anonymousId"], message["context"]["page"]["path"]) for message in by_hand] == [
        ("Threaded", SOMEBODY, "/thread"),
        ("Cleaned Up", SOMEBODY, "/after"),
    ]


def test_other_requests(site: Remote) -> None:
    """What is no page view, or of somebody who is not to be followed, makes no event."""
    for method, path, headers in NO_PAGES:
        site.ask(path, headers, method)
    assert site.take(0) == []


def test_trace(site: Remote) -> None:
    """An event has the trace that the request has, where there is one, and the span of the server."""
    assert_traced(site)


def test_trace_of_fastapi(library: Remote) -> None:
    """An event has the trace that the request has; FastAPI itself traces, too."""
    assert_traced(library)


def assert_traced(site: Remote) -> None:
    """Compare the trace of an event with the one that the page shows."""
    trace_id, _, span_id = site.ask("/traced").body.decode().partition("-")
    (message,) = site.take(1)
    trace = message["context"].get("trace", {})
    assert trace_id == trace.get("traceId", "0" * 32)
    assert span_id in {"", trace.get("spanId", "0" * 16)}


def test_stream(site: Remote) -> None:
    """A stream of a thousand pieces is one page without a title, and its first byte waits for nothing."""
    with site.connected() as connection, closing(HTTPResponse(connection)) as response:
        connection.sendall(
            b"GET /stream/one HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: x\r\nConnection: close\r\n\r\n"
        )
        response.begin()
        # The second piece is made when somebody says so, which happens after the first one has come.
        assert response.read(5) == b"<titl"
        assert site.ask("/go-on/one").status == 204
        assert response.read().endswith(b"<p>998")
    viewed, streamed = untraced(site.take(2))
    expected = page("/stream/one", "/stream/{key}")
    expected["context"]["userAgent"] = "x"
    assert viewed == expected
    assert (streamed["event"], streamed["context"]) == ("Streamed", expected["context"])


def test_hostile_requests(site: Remote) -> None:
    """Requests that are made to break something are answered, and what they say is plain text in an event."""
    hostile = [
        ("/hello/%ff%fe", {}),
        ("/hello/a%0d%0aSet-Cookie:%20x=1", {}),
        ("/hello/ada?utm_source=%00%ff", {}),
        ("/hello/ada", {"X-Forwarded-For": "'; DROP TABLE users; --, ::1%25, " + "1.2.3.4, " * 500}),
        ("/hello/ada", {"Accept-Language": "\xff\xfe;q=x" * 100}),
        ("/hello/ada", {"Cookie": "a=\xff; session=s3cret; " + "b=" * 5_000}),
        ("/hello/ada", {"Referer": "javascript:\xff"}),
        ("/hello/ada", {"Authorization": "Bearer s3cret"}),
    ]
    for path, headers in hostile:
        assert site.ask(path, headers).status == 200
    messages = site.take(len(hostile))
    assert {message["context"]["ip"] for message in messages} == {"127.0.0.1"}
    assert "s3cret" not in str(messages)
    assert messages[0]["context"]["page"]["path"].startswith("/hello/")


def test_included_routers(library: Remote) -> None:
    """Routes of routers in routers, and of applications in applications, are one page each with the whole template."""
    expected = [
        ("/library/shelves/a", "/library/shelves/{shelf}", "Shelf a"),
        ("/library/shelves/a/books/3", "/library/shelves/{shelf}/books/{book}", "Book 3"),
        ("/archive/cellar/stacks/boxes/7", "/archive/cellar/stacks/boxes/{box}", "Box 7"),
        ("/me", "/me", "Hello nobody"),
    ]
    for path, _, _ in expected:
        assert library.ask(path).status == 200
    for path in ("/api/books/1", "/api/books/0", "/boom", "/library/shelves/a/books/x"):
        library.ask(path)
    titled = [page(path, name, title=title) for path, name, title in expected]
    assert untraced(library.take(4)) == titled


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_root_path(server: str) -> None:
    """Where the server mounts the application somewhere, that is part of the path and of the template, once."""
    pytest.importorskip(server)
    option = {"uvicorn": "--root-path=/shop", "granian": "--url-path-prefix=/shop"}[server]
    with in_process(*SERVERS[server], option, "starlette_site:app") as site:
        prefix = "" if server == "uvicorn" else "/shop"
        assert site.ask(f"{prefix}/outer/acme/inner/users/3").status == 200
        site.ask(f"{prefix}/last")
        found = [(message["name"], message["context"]["page"]["path"]) for message in site.taken(2)]
        users = ("/shop/outer/{tenant}/inner/users/{user:int}", "/shop/outer/acme/inner/users/3")
        assert found == [users, ("/shop/last", "/shop/last")]


# In this process, behind uvicorn


@pytest.fixture
def arrivals() -> Iterator[Arrivals]:
    """What arrives from this process."""
    with arriving() as found:
        SegmentVisitorInstrumentor().instrument()
        yield found
        SegmentVisitorInstrumentor().uninstrument()


@pytest.fixture
def instrument() -> Iterator[Callable[..., None]]:
    """Instrument Starlette until the end of the test."""
    yield lambda **settings: SegmentStarletteInstrumentor().instrument(**settings)
    SegmentStarletteInstrumentor().uninstrument()


@pytest.fixture(scope="module")
def local() -> Iterator[InThread]:
    """The site of Starlette, served by uvicorn in a thread of this process."""
    with in_thread(starlette_site.app) as served:
        yield served


def who(message: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Return the name, the user and the visitor of a message."""
    return message.get("event") or message["name"], message.get("userId"), message.get("anonymousId")


def test_events_by_hand(local: InThread, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """What a view, a thread, a stream, a task and work in the background emit has the visitor, and comes once."""
    instrument()
    starlette_site._go_on.clear()
    for path in ("/thread", "/after", "/spawned", "/waited?n=1"):
        assert local.ask(path, USER).status == 200
    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(local.ask, "/stream/two", USER)
        while "two" not in starlette_site._go_on:
            assert not streaming.done()
        starlette_site._go_on["two"].set()
        assert streaming.result(30).status == 200
    wait_for_task(starlette_site.app)
    expected = ["/thread", "Threaded", "/after", "Cleaned Up", "/spawned", "Done Aside", "/waited", "Waited"]
    expected += ["/stream/{key}", "Streamed"]
    found = [who(message) for message in arrivals.take()]
    assert sorted(found) == sorted((name, "member-7", SOMEBODY) for name in expected)


def wait_for_task(app: Starlette) -> None:
    """Wait for what a view has left behind."""
    done = threading.Event()
    task = app.state.task
    task.get_loop().call_soon_threadsafe(task.add_done_callback, lambda _: done.set())
    assert done.wait(30)


def test_visitors_never_mix(local: InThread, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A thousand requests of two visitors, interleaved on one event loop, keep to their own."""
    instrument()
    people = [("ada", "Browser/1"), ("grace", "Browser/2")]

    def ask(number: int) -> int:
        user, agent = people[number % 2]
        return local.ask(f"/waited?n={number}", {"X-User": user, "User-Agent": agent}).status

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(1_000))) == {200}
    messages = arrivals.take()
    numbered = [message for message in messages if message["type"] == "track"]
    expected = {number: people[number % 2] for number in range(1_000)}
    found = {message["properties"]["n"]: (message["userId"], message["context"]["userAgent"]) for message in numbered}
    assert found == expected
    assert len(messages) == 2_000
    asked = {
        (message["userId"], int(message["context"]["page"]["search"].partition("=")[2]) % 2) for message in messages
    }
    assert asked == {("ada", 0), ("grace", 1)}


def answers(site: InThread) -> list[Any]:
    """Ask for everything that there is; return what was answered, but for the moment."""
    replies = [site.ask(path, headers, method) for method, path, headers in NO_PAGES]
    replies += [site.ask(path, USER) for path, _, _ in PAGES]
    return [
        (reply.status, [pair for pair in reply.headers if pair[0] not in {"date", "set-cookie"}], reply.body)
        for reply in replies
    ]


def test_answers_stay_as_they_are(local: InThread, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """Status, headers and body are the same with us and without; no session is loaded, so nothing varies by cookie."""
    before = answers(local)
    instrument(capture_title=True)
    assert answers(local) == before
    reply = local.ask("/hello/ada", USER)
    assert not {"vary", "set-cookie"} & {name.lower() for name, _ in reply.headers}


def test_cookie(local: InThread, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A cookie that is due is all that is added, and never to an answer that shared caches keep."""
    plain = local.ask("/hello/ada")
    instrument(anonymous_id="cookie,pseudonym")
    reply = local.ask("/hello/ada")
    added = [pair for pair in reply.headers if pair not in plain.headers and pair[0] != "date"]
    assert [name.lower() for name, _ in added] == ["set-cookie"]
    public = local.ask("/made?cache=public,max-age=60")
    assert "set-cookie" not in {name.lower() for name, _ in public.headers}
    again = local.ask("/hello/ada", {"Cookie": added[0][1].partition(";")[0]})
    assert "set-cookie" not in {name.lower() for name, _ in again.headers}
    first, other, second = arrivals.take()
    assert first["anonymousId"] == second["anonymousId"] != other["anonymousId"]


def test_visitor_is_gone_after_an_exception(
    arrivals: Arrivals, instrument: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever called the application has no visitor afterwards, whether it answered or failed."""
    seen: list[Any] = []

    async def around(scope: Any, receive: Any, send: Any) -> None:
        try:
            await starlette_site.app(scope, receive, send)
        finally:
            seen.append(current_visitor())

    instrument()
    with in_thread(around, lifespan="off") as site:
        assert [site.ask(path).status for path in ("/boom", "/hello/ada")] == [500, 200]
    assert seen == [None, None]
    assert [who(message)[0] for message in arrivals.take()] == ["/hello/{name}"]


def test_nothing_twice(arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """Global, of the application, in a middleware and of a part of it: a request is one page all the same."""
    instrument()
    SegmentStarletteInstrumentor().instrument_app(starlette_site.app)
    SegmentStarletteInstrumentor().instrument_app(starlette_site.inner)
    try:
        app = AnalyticsMiddleware(AnalyticsMiddleware(starlette_site.app, page_name="path"))
        with in_thread(app) as site:
            site.ask("/outer/acme/inner/users/3", USER)
        expected = page("/outer/acme/inner/users/3", "/outer/{tenant}/inner/users/{user:int}", userId="member-7")
        assert arrivals.take() == [expected]
    finally:
        SegmentStarletteInstrumentor().uninstrument_app(starlette_site.app)
        SegmentStarletteInstrumentor().uninstrument_app(starlette_site.inner)


def test_application_that_is_asked_on_the_way(arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A view that asks another application for a part of its page stays the one whose page it is."""

    async def part(request: Request) -> HTMLResponse:
        return HTMLResponse(request.path_params["number"])

    inner = Starlette(routes=[Route("/part/{number}", part)])

    async def view(request: Request) -> HTMLResponse:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await inner({**request.scope, "path": "/part/3"}, request.receive, send)
        return HTMLResponse(sent[1]["body"])

    instrument()
    with in_thread(Starlette(routes=[Route("/page/{number}", view)])) as site:
        assert site.ask("/page/3").body == b"3"
    assert arrivals.take() == [page("/page/3", "/page/{number}")]


def test_answer_that_is_kept_on_the_way(arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A page of a mounted application that a middleware outside keeps until it is whole has its route all the same."""

    async def view(request: Request) -> HTMLResponse:
        return HTMLResponse(request.path_params["number"])

    def keeping(app: Any) -> Any:
        async def kept(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            sent: list[Any] = []

            async def keep(message: Any) -> None:
                sent.append(message)

            await app(scope, receive, keep)
            for message in sent:
                await send(message)

        return kept

    inner = Starlette(routes=[Route("/page/{number}", view)])
    instrument()
    with in_thread(Starlette(routes=[Mount("/in", inner)], middleware=[Middleware(keeping)])) as site:
        assert site.ask("/in/page/3").body == b"3"
    assert arrivals.take() == [page("/in/page/3", "/in/page/{number}")]


def test_one_application(local: InThread, arrivals: Arrivals) -> None:
    """Of one application that is instrumented, another one is not; its own settings count."""
    SegmentStarletteInstrumentor().instrument_app(starlette_site.inner, page_name="path")
    try:
        local.ask("/hello/ada")
        local.ask("/outer/acme/inner/users/3")
    finally:
        SegmentStarletteInstrumentor().uninstrument_app(starlette_site.inner)
    local.ask("/outer/acme/inner/users/3")
    assert arrivals.take() == [page("/outer/acme/inner/users/3")]


def test_uninstrument() -> None:
    """What was wrapped is the very same function again."""
    from starlette import routing

    owners = [(Starlette, "__call__"), (routing.Route, "handle"), (routing.Mount, "handle")]
    if (fastapi_routing := pytest.importorskip("fastapi.routing")) and "handle" in vars(fastapi_routing.APIRoute):
        owners.append((fastapi_routing.APIRoute, "handle"))
    before = [vars(owner)[name] for owner, name in owners]
    SegmentStarletteInstrumentor().instrument()
    assert not any(vars(owner)[name] is function for (owner, name), function in zip(owners, before, strict=True))
    SegmentStarletteInstrumentor().uninstrument()
    assert all(vars(owner)[name] is function for (owner, name), function in zip(owners, before, strict=True))


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_tracing_in_either_order(first: str, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """Beside the instrumentor of OpenTelemetry, whichever came first, a page is of the server's span, which says so."""
    theirs = pytest.importorskip("opentelemetry.instrumentation.starlette").StarletteInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import SpanKind

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    steps = [instrument, lambda: theirs().instrument(tracer_provider=provider)]
    app = Starlette(routes=[Route("/hello/{name}", starlette_site.hello)])
    with ExitStack() as stack:
        stack.callback(theirs().uninstrument)
        for step in steps if first == "ours" else reversed(steps):
            step()
        theirs.instrument_app(app, tracer_provider=provider)
        with in_thread(app) as site:
            site.ask("/hello/ada")
    (message,) = arrivals.take()
    told = [span for span in exporter.get_finished_spans() if (span.attributes or {}).get("analytics.page.sent")]
    assert [span.kind for span in told] == [SpanKind.SERVER]
    context = told[0].context
    expected = {"traceId": f"{context.trace_id:032x}", "spanId": f"{context.span_id:016x}"}
    assert message["context"].pop("trace") == expected
    assert message == page("/hello/ada", "/hello/{name}")


# Who is signed in


@pytest.mark.parametrize(("name", "user"), [("7", "member-7"), ("ada", "ada"), ("", None)])
def test_authentication_middleware(
    name: str, user: str | None, local: InThread, arrivals: Arrivals, instrument: Callable[..., None]
) -> None:
    """The user whom Starlette's own middleware has found is the user: its identity, or a simple user's name."""
    instrument()
    local.ask("/hello/ada", {"X-User": name})
    assert arrivals.take() == [page("/hello/ada", "/hello/{name}", **({"userId": user} if user else {}))]


def test_user_who_fails(arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A user object that can say nothing leaves the visitor anonymous."""

    class Broken:
        @property
        def is_authenticated(self) -> bool:
            raise NotImplementedError

    class Detached:
        is_authenticated = True

        def __getattr__(self, name: str) -> object:
            raise LookupError(name)

    app = Starlette(routes=[Route("/hello/{name}", starlette_site.hello)])
    users = itertools.cycle([Broken(), Detached(), "text", {"id": 1}])

    async def signed_in(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "user": next(users)}, receive, send)

    instrument()
    with in_thread(signed_in, lifespan="off") as site:
        for _ in range(4):
            assert site.ask("/hello/ada").status == 200
    assert arrivals.people() == [(None, SOMEBODY)] * 4


def plain_user(request: Request) -> Any:
    """Return who is in the session."""
    assert isinstance(request, Request)
    return {"id": request.headers["x-user"], "traits": {"visits": request.session.get("visits", 0)}, "group_id": "g-1"}


async def awaited_user(request: Request) -> Any:
    """Return who is in the session, after a while."""
    await asyncio.sleep(0.001)
    return plain_user(request)


async def hanging_user(request: Request) -> Any:
    """Never return, and do not give up when asked to."""
    try:
        await asyncio.sleep(3_600)
    except asyncio.CancelledError:
        await asyncio.sleep(0.2)


def failing_user(request: Request) -> Any:
    """Fail."""
    raise RuntimeError(request.headers["cookie"])


@pytest.mark.parametrize("get_user", [plain_user, awaited_user])
def test_get_user(get_user: Any, local: InThread, arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A callback, plain or to be awaited, gets Starlette's request with its session, and names the user."""
    instrument(get_user=get_user)
    cookie = local.ask("/counted", {"X-User": "1"}).headers
    session = next(value.partition(";")[0] for name, value in cookie if name.lower() == "set-cookie")
    arrivals.take()
    local.ask("/thread", {"X-User": "u-1", "Cookie": session})
    by_hand, viewed = sorted(arrivals.take(), key=lambda message: message["type"] == "page")
    for message in (by_hand, viewed):
        assert (message["userId"], message["context"]["traits"], message["context"]["groupId"]) == (
            "u-1",
            {"visits": 1},
            "g-1",
        )


@pytest.mark.parametrize(
    ("get_user", "said"),
    [(failing_user, "get_user raised RuntimeError"), (hanging_user, "get_user took longer than 0.05 s")],
)
def test_get_user_that_does_not_answer(
    get_user: Any,
    said: str,
    local: InThread,
    arrivals: Arrivals,
    instrument: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A callback that fails or hangs is said once, without what it was given; the request is answered, anonymously."""
    instrument(get_user=get_user, get_user_timeout=0.05)
    with caplog.at_level(logging.ERROR, "otel_segment"):
        for _ in range(2):
            assert local.ask("/hello/ada", {"Cookie": "session=s3cret"}).status == 200
        assert local.ask("/files/").status == 200
        assert local.ask("/nowhere").status == 404
    assert [record.getMessage().startswith(said) for record in caplog.records] == [True]
    assert "s3cret" not in caplog.text
    assert arrivals.people() == [(None, SOMEBODY)] * 3


def test_get_user_is_not_asked_for_nothing(
    local: InThread, arrivals: Arrivals, instrument: Callable[..., None]
) -> None:
    """A callback to be awaited is asked for routes and for views, not where there can be no event or no visitor."""
    asked: list[str] = []

    async def user(request: Request) -> str:
        asked.append(request.url.path)
        return "ada"

    instrument(get_user=user, excluded_urls="/thread$")
    for path, headers in [
        ("/thread", {}),
        ("/hello/ada", {"Sec-GPC": "1"}),
        ("/files/table.csv", {}),
        ("/files/", {"Sec-GPC": "1"}),
        ("/files/", {"User-Agent": "Googlebot/2.1"}),
        ("/nowhere", {}),
    ]:
        local.ask(path, headers)
        assert asked == []
    assert [(message["event"], message.get("userId")) for message in arrivals.take()] == [("Threaded", None)]

    for path in ("/hello/ada", "/files/", "/made?kind=application/json"):
        local.ask(path)
    assert asked == ["/hello/ada", "/files/", "/made"]
    assert arrivals.people() == [("ada", SOMEBODY)] * 2


def test_get_user_of_routers_alone(arrivals: Arrivals, instrument: Callable[..., None]) -> None:
    """A router without an application around it is served as one, behind the middleware."""
    from starlette.routing import Router

    router = Router([Mount("/a/{b}", routes=[Route("/hello/{name}", starlette_site.hello)])])
    instrument()
    with in_thread(AnalyticsMiddleware(router), lifespan="off") as site:
        site.ask("/a/b/hello/ada")
    assert arrivals.take() == [page("/a/b/hello/ada", "/a/{b}/hello/{name}")]
