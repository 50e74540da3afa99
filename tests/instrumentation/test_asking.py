"""When callbacks are asked, and how long their answers hold."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgi_serving import in_thread
from serving import SOMEBODY, Arrivals, page, serving

pytest.importorskip("flask")
pytest.importorskip("starlette")

from flask import Flask, session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

from otel_segment import analytics
from otel_segment.instrumentation import SegmentFlaskInstrumentor, SegmentStarletteInstrumentor
from otel_segment.instrumentation.asgi import AnalyticsMiddleware as AsgiMiddleware
from otel_segment.instrumentation.wsgi import AnalyticsMiddleware

CALLBACKS = ("get_consent", "get_user", "get_anonymous_id", "get_session_id")
WISHES = {"Sec-GPC": "1"}


def shop() -> Flask:
    """Make a shop in which one signs in and out."""
    app = Flask("shop")
    app.secret_key = "k"

    @app.get("/in")
    def sign_in() -> str:
        analytics.track(event="Before")
        session["user"] = "u-1"
        analytics.track(event="After")
        return "<title>In</title>"

    @app.get("/out")
    def sign_out() -> str:
        analytics.track(event="Before")
        session.clear()
        analytics.track(event="After")
        return "<title>Out</title>"

    return app


def signed_in(request: Any) -> str | None:
    """Say who is signed in."""
    return session.get("user")


async def signed_in_later(request: Any) -> str | None:
    """Say who is signed in, as a coroutine."""
    await asyncio.sleep(0)
    return session.get("user")


@pytest.fixture
def instrument() -> Iterator[Callable[..., Flask]]:
    """Give what makes an instrumented shop."""
    instrumentor = SegmentFlaskInstrumentor()
    made = []

    def make(app: Flask, **settings: Any) -> Flask:
        instrumentor.instrument_app(app, **settings)
        made.append(app)
        return app

    yield make
    for app in made:
        instrumentor.uninstrument_app(app)


@pytest.mark.parametrize(
    ("callback", "coming", "leaving"),
    [
        (signed_in, [None, "u-1", "u-1"], ["u-1", None, None]),
        (signed_in_later, [None, None, None], ["u-1", "u-1", "u-1"]),
    ],
)
def test_signing_in_and_out(
    arrivals: Arrivals,
    instrument: Callable[..., Flask],
    callback: Callable[[Any], Any],
    coming: list[str | None],
    leaving: list[str | None],
) -> None:
    """A plain ``get_user`` is asked for each event and the page, an asynchronous one once for a request."""
    with serving(instrument(shop(), get_user=callback)) as site:
        cookie = site.ask("/in").cookie.partition(";")[0]
        assert [user for user, _ in arrivals.people()] == coming
        site.ask("/out", {"Cookie": cookie})
        assert [user for user, _ in arrivals.people()] == leaving


def test_each_event_asks_once(arrivals: Arrivals, instrument: Callable[..., Flask]) -> None:
    """Each event by hand, and the page, asks a plain ``get_user`` one time."""
    times = []
    with serving(instrument(shop(), get_user=lambda request: times.append(request.path))) as site:
        site.ask("/in")
    assert times == ["/in"] * 3
    assert len(arrivals.take()) == 3


def test_failure_is_no_answer(arrivals: Arrivals, instrument: Callable[..., Flask]) -> None:
    """A ``get_user`` that fails once is asked again."""
    with serving(instrument(shop(), get_user=lambda request: session["user"])) as site:
        site.ask("/in")
    assert [user for user, _ in arrivals.people()] == [None, "u-1", "u-1"]


@pytest.mark.parametrize("name", ["get_user", "get_anonymous_id", "get_session_id", "get_consent"])
@pytest.mark.parametrize("is_async", [False, True])
def test_callback_that_emits(arrivals: Arrivals, name: str, is_async: bool) -> None:
    """A callback may emit: that event goes without its answer, and nobody asks without end."""

    def plain(environ: Any) -> Any:
        analytics.track(event="Asked")
        return {"analytics": True} if name == "get_consent" else "it"

    async def later(environ: Any) -> Any:
        return plain(environ)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"x"]

    settings = {name: later if is_async else plain}
    with serving(AnalyticsMiddleware(app, **settings)) as site:
        assert site.ask().status == 200
    asked, viewed = arrivals.take()
    assert (asked["event"], asked["anonymousId"], asked.get("userId")) == ("Asked", SOMEBODY, None)
    own = {"get_user": {"userId": "it"}, "get_anonymous_id": {"anonymousId": "it"}}
    context = {
        "get_session_id": {"sessionId": "it"},
        "get_consent": {"consent": {"categoryPreferences": {"analytics": True}}},
    }
    expected = page("/", **own.get(name, {}))
    assert {field: viewed[field] for field in expected if field != "context"} == {
        field: value for field, value in expected.items() if field != "context"
    }
    assert name not in context or viewed["context"] != expected["context"]


def test_outside_of_the_application(arrivals: Arrivals, instrument: Callable[..., Flask]) -> None:
    """Where Flask has no request yet ``get_user`` is not asked; the page has its user all the same."""
    app = shop()
    inner = app.wsgi_app

    def around(environ: Any, start_response: Any) -> Any:
        analytics.track(event="Around")
        return inner(environ, start_response)

    app.wsgi_app = around  # type: ignore[method-assign]
    asked = []

    def user(request: Any) -> str:
        asked.append(type(request).__name__)
        return "u-1"

    with serving(instrument(app, get_user=user)) as site:
        site.ask("/in")
    assert [person for person, _ in arrivals.people()] == [None, "u-1", "u-1", "u-1"]
    assert asked == ["Request"] * 3


class Early:
    """A middleware of Starlette's that emits before there is a route."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Emit, and go on."""
        if scope["type"] == "http" and scope["query_string"]:
            analytics.track(event="Early")
        await self.app(scope, receive, send)


def later(value: Any) -> Callable[[Any], Any]:
    """Make an asynchronous callback."""

    async def answer(request: Any) -> Any:
        await asyncio.sleep(0.001)
        threads.add(threading.get_ident())
        return value

    return answer


threads: set[int] = set()


@pytest.mark.parametrize("kind", ["starlette", "bare"])
def test_asynchronous_callbacks_are_awaited(arrivals: Arrivals, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """By ASGI all are awaited in the server's own loop; what comes too early goes without, and waits for nobody."""
    threads.clear()
    values = {"get_consent": {"analytics": True}, "get_user": "u-1", "get_anonymous_id": "a-1", "get_session_id": "s-1"}
    settings: dict[str, Any] = {name: later(value) for name, value in values.items()}
    loops = set()

    async def view(request: Any) -> HTMLResponse:
        loops.add(threading.get_ident())
        analytics.track(event="Viewed")
        return HTMLResponse("<title>x</title>")

    app = Starlette(routes=[Route("/", view)], middleware=[Middleware(Early)])
    instrumentor = SegmentStarletteInstrumentor()
    if kind == "starlette":
        instrumentor.instrument_app(app, **settings)
    served = app if kind == "starlette" else AsgiMiddleware(app, **settings)
    try:
        with in_thread(served) as site, caplog.at_level(logging.WARNING, "otel_segment"):
            for path in ("/", "/?early", "/?early"):
                assert site.ask(path).status == 200
            # Of somebody who objects all is known that there is to know, and that he agrees all the same.
            assert site.ask("/", WISHES).status == 200
    finally:
        if kind == "starlette":
            instrumentor.uninstrument_app(app)
    messages = arrivals.take()
    early = [message for message in messages if message.get("event") == "Early"]
    others = [message for message in messages if message.get("event") != "Early"]
    assert len(others) == 8
    assert {(each["userId"], each["anonymousId"]) for each in others} == {("u-1", "a-1")}
    assert all(each["context"]["consent"] == {"categoryPreferences": {"analytics": True}} for each in others)
    if kind == "starlette":
        assert [(each.get("userId"), each["anonymousId"]) for each in early] == [(None, SOMEBODY)] * 2
    else:
        assert [(each["userId"], each["anonymousId"]) for each in early] == [("u-1", "a-1")] * 2
    said = [record.getMessage().partition(" ")[0] for record in caplog.records]
    assert sorted(said) == (sorted(CALLBACKS) if kind == "starlette" else [])
    assert threads == loops


@pytest.mark.parametrize(
    ("settings", "wishes"), [({}, WISHES), ({"anonymous_id": "cookie", "consent_cookie": "json:agreed"}, {})]
)
def test_strict(
    arrivals: Arrivals,
    instrument: Callable[..., Flask],
    settings: dict[str, Any],
    wishes: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call about a visitor who does not want to be known is no mistake of the application: nothing comes of it."""
    monkeypatch.setattr(analytics, "strict", True)
    before = analytics.refused()
    app = shop()

    @app.get("/calls")
    def calls() -> str:
        analytics.track(event="Tried")
        analytics.identify(traits={"a": 1})
        analytics.alias(previous_id="old")
        analytics.group()
        with analytics_visitor():
            analytics.track(event="Tried inside")
        return "<title>x</title>"

    @app.get("/wrong")
    def wrong() -> str:
        analytics.track(event="")
        return "x"

    with serving(instrument(app, **settings)) as site:
        assert site.ask("/calls", wishes).status == 200
        assert site.ask("/wrong", wishes).status == 500
    assert analytics.refused() == before


def analytics_visitor() -> Any:
    """Enter a visitor who is nobody else."""
    from otel_segment import use_visitor

    return use_visitor(locale="de")
