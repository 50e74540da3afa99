"""Flask: pages, visitors and who is signed in, with no change in the application."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest
from serving import BROWSER, HOST, SOMEBODY, Arrivals, Reply, Site, page, request, serving

pytest.importorskip("flask")
pytest.importorskip("flask_login")
pytest.importorskip("asgiref")

import flask.app
import flask.globals
from apps.flask_site import create_app
from flask import Flask, Response, g, stream_with_context
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from otel_segment import analytics
from otel_segment.instrumentation import SegmentFlaskInstrumentor
from otel_segment.instrumentation.wsgi import AnalyticsMiddleware
from otel_segment.visitor import current_visitor

Served = Callable[..., Site]


@pytest.fixture
def instrumentor() -> Iterator[SegmentFlaskInstrumentor]:
    """The instrumentor, which has undone everything at the end."""
    instrumentor = SegmentFlaskInstrumentor()
    yield instrumentor
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()
    # What is no more than garbage is taken back with the next one.
    for app in [*instrumentor._apps, Flask("last")]:
        instrumentor.uninstrument_app(app)
    assert type(vars(flask.app.Flask)["wsgi_app"]).__name__ == "function"


@pytest.fixture(scope="class")
def site(endpoint: Arrivals) -> Iterator[Site]:
    """The unchanged shop, instrumented."""
    app = create_app()
    instrumentor = SegmentFlaskInstrumentor()
    instrumentor.instrument_app(app, capture_title=True)
    with serving(app) as site:
        yield site
    instrumentor.uninstrument_app(app)


@pytest.fixture(scope="class")
def bare_site() -> Iterator[Site]:
    """The unchanged shop as it is."""
    with serving(create_app()) as site:
        yield site


class TestAnswers:
    """The unchanged shop, asked for all that it has."""

    @pytest.mark.parametrize(
        ("path", "headers", "expected"),
        [
            ("/", {}, page("/", title="The shop")),
            ("/goods/7", {}, page("/goods/7", "/goods/<int:number>", title="Article 7")),
            ("/office/orders/3", {}, page("/office/orders/3", "/office/orders/<number>", title="Order 3")),
            ("/about", {}, page("/about", title="About")),
            ("/news", {}, page("/news", title="News")),
            ("/wait?for=you", {}, page("/wait?for=you", "/wait")),
            (
                "/about?utm_source=mail&utm_campaign=may",
                {"Accept-Language": "de-AT,de;q=0.9", "Referer": "https://search.example/?q=shop"},
                page(
                    "/about?utm_source=mail&utm_campaign=may",
                    "/about",
                    title="About",
                    referrer="https://search.example/?q=shop",
                    context={
                        "campaign": {"source": "mail", "name": "may"},
                        "locale": "de-AT",
                        "page": {
                            "path": "/about",
                            "url": f"http://{HOST}/about?utm_source=mail&utm_campaign=may",
                            "search": "?utm_source=mail&utm_campaign=may",
                            "title": "About",
                            "referrer": "https://search.example/?q=shop",
                            "referring_domain": "search.example",
                            "host": HOST,
                        },
                    },
                ),
            ),
            ("/enter/1", {}, page("/enter/1", "/enter/<number>", title="Hello", userId="1")),
            ("/account", {"X-Token": "2"}, page("/account", title="Account", userId="2")),
        ],
    )
    def test_page(
        self, site: Site, arrivals: Arrivals, path: str, headers: dict[str, str], expected: dict[str, Any]
    ) -> None:
        """A page is one event, whether a blueprint, a mounted application, a class or a coroutine made it."""
        assert site.ask(path, headers).status == 200
        assert arrivals.take() == [expected]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("HEAD", "/", 200),
            ("OPTIONS", "/", 200),
            ("POST", "/about", 200),
            ("GET", "/moved", 302),
            ("GET", "/nothing", 204),
            ("GET", "/same", 304),
            ("GET", "/data", 200),
            ("GET", "/catalogue", 200),
            ("GET", "/broken", 500),
            ("GET", "/lost", 404),
            ("GET", "/account", 401),
            ("GET", "/office/lost", 404),
        ],
    )
    def test_no_page(self, site: Site, arrivals: Arrivals, method: str, path: str, status: int) -> None:
        """What is no page that somebody views is no event."""
        assert site.ask(path, method=method).status == status
        assert arrivals.take() == []

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/goods/7",
            "/office/orders/3",
            "/about",
            "/news",
            "/wait",
            "/data",
            "/moved",
            "/nothing",
            "/same",
            "/lost",
            "/broken",
            "/catalogue",
            "/account",
        ],
    )
    def test_answers_stay_as_they_are(self, site: Site, bare_site: Site, endpoint: Arrivals, path: str) -> None:
        """Status, headers and body are those of the application without us."""
        assert without_date(bare_site.ask(path)) == without_date(site.ask(path))
        endpoint.take()


def without_date(reply: Reply) -> Reply:
    """Leave out when it was answered."""
    return reply._replace(headers=[(name, value) for name, value in reply.headers if name != "Date"])


class TestSession:
    """The session of the application."""

    def test_is_not_read(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """A session that the application does not touch is not touched, so no Vary is added."""
        touched = []

        class Sessions(SecureCookieSessionInterface):
            def save_session(self, app: Any, session: Any, response: Any) -> None:
                touched.append(session.accessed)
                super().save_session(app, session, response)

        app = Flask("plain")
        app.secret_key = "x"
        app.session_interface = Sessions()
        app.get("/")(lambda: "hello")
        instrumentor.instrument_app(app)
        with serving(app) as site:
            assert [value for name, value in site.ask().headers if name == "Vary"] == []
        assert touched == [False]
        assert arrivals.take() == [page("/")]


class Person(UserMixin):
    """Somebody who has an account."""

    def __init__(self, number: str) -> None:
        self.id = number


class Nameless(Person):
    """Somebody whose id cannot be had."""

    def get_id(self) -> str:
        """Fail."""
        raise LookupError


class Asked(Person):
    """Somebody who takes note of being asked for the id."""

    def __init__(self, number: str, told: list[str]) -> None:
        super().__init__(number)
        self._told = told

    def get_id(self) -> str:
        """Return the id."""
        self._told.append("asked")
        return super().get_id()


class TestLogin:
    """The user of Flask-Login."""

    @pytest.fixture
    def loads(self) -> list[str]:
        """The ids that users were loaded for."""
        return []

    @pytest.fixture
    def site(self, instrumentor: SegmentFlaskInstrumentor, loads: list[str]) -> Iterator[Site]:
        """An application that looks at the user on some of its pages."""
        app = Flask("people")
        app.secret_key = "x"

        @LoginManager(app).user_loader
        def load(number: str) -> Person:
            loads.append(number)
            return Person(number)

        @app.get("/enter")
        def enter() -> str:
            analytics.track(event="Before")
            login_user(Person("u-1"))
            analytics.track(event="After")
            return "in"

        @app.get("/leave")
        def leave() -> str:
            analytics.track(event="Before")
            logout_user()
            analytics.track(event="After")
            return "out"

        @app.get("/looks")
        def looks() -> str:
            return current_user.get_id() or "nobody"

        @app.get("/streams")
        def streams() -> Response:
            current_user.get_id()

            def lines() -> Iterator[str]:
                analytics.track(event="Streamed")
                yield "x"

            return Response(lines(), content_type="text/plain")

        @app.get("/nameless")
        def nameless() -> str:
            g._login_user = Nameless("n")
            return "?"

        @app.get("/asked")
        def asked() -> str:
            g._login_user = Asked("u-1", loads)
            analytics.track(event="One")
            analytics.track(event="Two")
            return "x"

        app.get("/does-not")(lambda: "x")
        instrumentor.instrument_app(app)
        with serving(app) as site:
            yield site

    def test_is_never_loaded(self, site: Site, arrivals: Arrivals, loads: list[str]) -> None:
        """The user is known where the application has loaded it, and it is loaded by nobody else."""
        entered = {"Cookie": site.ask("/enter").cookie.partition(";")[0]}
        assert arrivals.people() == [(None, SOMEBODY), ("u-1", SOMEBODY), ("u-1", SOMEBODY)]
        assert loads == []
        site.ask("/does-not", entered)
        assert (arrivals.people(), loads) == ([(None, SOMEBODY)], [])
        site.ask("/looks", entered)
        assert (arrivals.people(), loads) == ([("u-1", SOMEBODY)], ["u-1"])

    def test_leaves(self, site: Site, arrivals: Arrivals) -> None:
        """Who signs out is anonymous from then on."""
        entered = {"Cookie": site.ask("/enter").cookie.partition(";")[0]}
        arrivals.take()
        site.ask("/leave", entered)
        assert arrivals.people()[1:] == [(None, SOMEBODY), (None, SOMEBODY)]

    def test_in_a_body_that_is_made_afterwards(self, site: Site, arrivals: Arrivals) -> None:
        """A generator knows the user, although Flask has left the request when it runs."""
        entered = {"Cookie": site.ask("/enter").cookie.partition(";")[0]}
        arrivals.take()
        site.ask("/streams", entered)
        assert arrivals.people() == [("u-1", SOMEBODY)]

    def test_is_asked_once(self, site: Site, arrivals: Arrivals, loads: list[str]) -> None:
        """A user is asked for the id once in a request, however much is emitted in it."""
        site.ask("/asked")
        assert (arrivals.people(), loads) == ([("u-1", SOMEBODY)] * 3, ["asked"])

    def test_without_an_id(self, site: Site, arrivals: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
        """A user whose id cannot be had is an anonymous visitor; the log says so once."""
        assert [site.ask("/nameless").status for _ in range(3)] == [200, 200, 200]
        assert arrivals.people() == [(None, SOMEBODY)] * 3
        assert [line.getMessage() for line in caplog.records] == ["the framework's user has no id to give: LookupError"]


class TestEveryMoment:
    """The visitor is there from the first to the last of what runs for a request, and then no more."""

    def test_hooks_and_generators(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """What hooks, views, generators and what is called when they close emit has the visitor, each event once."""
        app = Flask("moments")
        instrumentor.instrument_app(app, get_user=lambda request: request.args["user"])

        @app.before_request
        def before() -> None:
            analytics.track(event="before")

        @app.after_request
        def after(response: Response) -> Response:
            analytics.track(event="after")
            response.call_on_close(lambda: analytics.track(event="closed"))
            return response

        @app.teardown_request
        def teardown(error: BaseException | None) -> None:
            analytics.track(event="teardown")

        @app.get("/")
        def view() -> Response:
            def lines() -> Iterator[str]:
                for number in range(3):
                    analytics.track(event=f"line {number}")
                    yield "x"

            return Response(lines())

        with serving(app) as site:
            assert site.ask("/?user=u-9").body == b"xxx"
        events = arrivals.take()
        names = ["before", "after", "/", "teardown", "line 0", "line 1", "line 2", "closed"]
        assert sorted(event.get("event") or event["name"] for event in events) == sorted(names)
        assert {event["userId"] for event in events} == {"u-9"}

    @pytest.mark.parametrize("path", ["/", "/raises", "/streams", "/breaks-off"])
    def test_afterwards(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals, path: str) -> None:
        """When a request is over, well or not, its thread has no visitor, and none between two pieces of a body."""
        app = Flask("left")
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.get("/")(lambda: "x")

        @app.get("/raises")
        def raises() -> str:
            raise LookupError

        @app.get("/streams")
        @app.get("/breaks-off")
        def streams() -> Response:
            def lines() -> Iterator[str]:
                yield "x"
                if flask.request.path == "/breaks-off":
                    raise LookupError
                yield "y"

            return Response(stream_with_context(lines()))

        instrumentor.instrument_app(app)
        left = []

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            body: Any = ()
            try:
                body = app(environ, start_response)
                left.append(current_visitor())
                for chunk in body:
                    left.append(current_visitor())
                    yield chunk
            finally:
                left.append(current_visitor())
                getattr(body, "close", lambda: None)()
                left.append(current_visitor())

        with serving(watched) as site, site.connected() as connection:
            connection.sendall(request(path))
            connection.recv(10_000)
        assert len(left) >= 2
        assert set(left) == {None}
        assert [event["name"] for event in arrivals.take()] == [path] * (path != "/raises")

    def test_first_piece_of_a_stream(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """The first of a thousand pieces is there before the second is made, and the page is one."""
        app = Flask("stream")
        goes_on = threading.Event()

        @app.get("/")
        def view() -> Response:
            def lines() -> Iterator[str]:
                yield "<title>Live</title>"
                assert goes_on.wait(30)
                yield from ("x" for _ in range(999))

            return Response(lines())

        instrumentor.instrument_app(app, capture_title=True)
        with serving(app) as site, site.connected() as connection:
            connection.sendall(request())
            response = HTTPResponse(connection)
            response.begin()
            assert response.read(19) == b"<title>Live</title>"
            goes_on.set()
            assert len(response.read()) == 999
            response.close()
        assert arrivals.take() == [page("/")]


class TestLayers:
    """Several layers at once, and OpenTelemetry's own."""

    def test_nothing_twice(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """All of Flask, the application, and a middleware inside and outside: one page, with the route."""
        app = create_app()
        app.wsgi_app = AnalyticsMiddleware(app.wsgi_app)  # type: ignore[method-assign]
        instrumentor.instrument()
        instrumentor.instrument_app(app)
        instrumentor.instrument_app(app)
        with serving(AnalyticsMiddleware(app, anonymous_id="cookie")) as site:
            cookies = [value for name, value in site.ask("/goods/7").headers if name == "Set-Cookie"]
            assert len(cookies) == 1
            site.ask("/office/orders/1")
        assert [event["name"] for event in arrivals.take()] == ["/goods/<int:number>", "/office/orders/<number>"]

    @pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
    @pytest.mark.parametrize("made", ["before", "between", "after"])
    def test_with_tracing(
        self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals, made: str, ours_first: bool
    ) -> None:
        """In whatever order, there is one page, and it carries the trace of the request."""
        theirs = pytest.importorskip("opentelemetry.instrumentation.flask").FlaskInstrumentor()
        spans = InMemorySpanExporter()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(spans))
        steps = [instrumentor.instrument, lambda: theirs.instrument(tracer_provider=tracers)]
        steps = steps if ours_first else steps[::-1]
        apps: list[Flask] = []
        steps.insert(["before", "between", "after"].index(made), lambda: apps.append(new()))

        def new() -> Flask:
            app = flask.Flask("traced")
            app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
            app.get("/")(lambda: "x")
            return app

        try:
            for step in steps:
                step()
            with serving(apps[0]) as site:
                site.ask("/")
        finally:
            theirs.uninstrument()
        (message,) = arrivals.take()
        context = message["context"]
        # An application that was made before is traced where it is given to instrument_app alone.
        traced = [
            (f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}") for span in spans.get_finished_spans()
        ]
        found = [(context["trace"]["traceId"], context["trace"]["spanId"])] if "trace" in context else []
        assert found == traced
        assert page("/", context={"trace": context["trace"]} if found else {}) == message
        was_theirs_first = made == "after" or (made == "between" and not ours_first)
        assert bool(traced) == was_theirs_first

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_what_is_around(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals, when: str) -> None:
        """Something stands around an application before it is instrumented, or after: its word on the client counts."""
        app = Flask("behind")
        app.get("/")(lambda: "x")
        if when == "before":
            instrumentor.instrument_app(app)
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign]
        if when == "after":
            instrumentor.instrument_app(app)
        with serving(app) as site:
            site.ask("/", {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
        assert arrivals.take() == [page("/", context={"ip": "203.0.113.7"})]

    def test_mounted_without_the_application(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """Where a server calls no more than ``wsgi_app``, or mounts one application under two paths, pages are told."""
        instrumentor.instrument()
        app = Flask("inner")
        app.get("/<name>")(lambda name: name)
        with serving(DispatcherMiddleware(app.wsgi_app, {"/one/two": app})) as site:
            site.ask("/a")
            site.ask("/one/two/b")
        assert arrivals.take() == [page("/a", "/<name>"), page("/one/two/b", "/one/two/<name>")]

    def test_one_application_after_the_other(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """Where one application is asked when another knows nothing of a page, the page that is found is told."""
        first, second = Flask("first"), Flask("second")
        second.get("/found")(lambda: "x")
        instrumentor.instrument()

        def cascade(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            body: Any = first(environ, lambda *answer: None)
            assert list(body)
            body.close()
            return second(environ, start_response)

        with serving(cascade) as site:
            assert site.ask("/found").status == 200
        assert arrivals.take() == [page("/found")]

    def test_application_that_is_asked_on_the_way(
        self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals
    ) -> None:
        """A view that asks another application for a part of its page stays the one whose page and user it is."""
        outer, inner = Flask("outer"), Flask("inner")

        def ask(path: str, environ: dict[str, Any]) -> bytes:
            asked = {**environ, "PATH_INFO": path}
            del asked["werkzeug.request"]
            return b"".join(inner(asked, lambda status, headers, exc_info=None: None))

        @outer.get("/page/<number>")
        def view(number: str) -> bytes:
            part = ask(f"/part/{number}", flask.globals.request.environ)
            analytics.track(event="Asked")
            return part

        @inner.get("/part/<number>")
        def partial(number: str) -> str:
            g._login_user = SimpleNamespace(is_authenticated=True, get_id=lambda: "u-inner")
            analytics.track(event="Worked")
            return number

        instrumentor.instrument()
        with serving(outer) as site:
            assert site.ask("/page/3").body == b"3"
        worked, asked, viewed = arrivals.take()
        assert (worked["event"], worked["userId"]) == ("Worked", "u-inner")
        assert (asked["event"], asked.get("userId")) == ("Asked", None)
        assert viewed == page("/page/3", "/page/<number>")

    def test_error_that_is_named(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """What stands around ``wsgi_app`` may give ``exc_info`` by its name, as with a server."""
        app = Flask("named")

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/html")], exc_info=None)
            return [b"x"]

        app.wsgi_app = answer  # type: ignore[method-assign]
        instrumentor.instrument_app(app)
        with serving(app) as site:
            assert site.ask("/").status == 200
        assert arrivals.take() == [page("/")]


class TestUndone:
    """Taking it back."""

    METHODS = ("__call__", "wsgi_app")

    def test_same_functions(self) -> None:
        """After ``uninstrument`` Flask has the very same functions as before, however often it was instrumented."""
        before = [vars(flask.app.Flask)[name] for name in self.METHODS]
        instrumentor = SegmentFlaskInstrumentor()
        app = Flask("x")
        instrumentor.instrument()
        instrumentor.instrument_app(app)
        assert all(vars(flask.app.Flask)[name] is not was for name, was in zip(self.METHODS, before, strict=True))
        instrumentor.uninstrument()
        instrumentor.uninstrument_app(app)
        assert all(vars(flask.app.Flask)[name] is was for name, was in zip(self.METHODS, before, strict=True))

    def test_others_stay(self, monkeypatch: pytest.MonkeyPatch, arrivals: Arrivals) -> None:
        """What somebody else has put around ours stays, and ours does nothing any more."""
        calls = []
        instrumentor = SegmentFlaskInstrumentor()
        with monkeypatch.context() as patch:
            for name in self.METHODS:
                patch.setattr(flask.app.Flask, name, vars(flask.app.Flask)[name])
            instrumentor.instrument()
            ours = flask.app.Flask.wsgi_app

            def theirs(app: Flask, *arguments: Any) -> Any:
                calls.append(app)
                return ours(app, *arguments)

            patch.setattr(flask.app.Flask, "wsgi_app", theirs)
            instrumentor.uninstrument()
            app = Flask("x")
            app.get("/")(lambda: "x")
            with serving(app) as site:
                assert site.ask().status == 200
        assert calls == [app]
        assert arrivals.take() == []

    def test_one_of_two(self, instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
        """An application that is not instrumented any more, and one that never was, are left alone."""
        apps = [Flask(name) for name in ("first", "second", "third")]
        for app in apps:
            app.get("/")(lambda: "x")
        for app in apps[:2]:
            instrumentor.instrument_app(app)
        instrumentor.uninstrument_app(apps[0])
        for app in apps:
            with serving(app) as site:
                site.ask("/")
        assert arrivals.take() == [page("/")]

    def test_another_version(self, caplog: pytest.LogCaptureFixture) -> None:
        """Where Flask is not there, or another version of it, the launcher wraps nothing and bothers nobody."""

        class Elsewhere(SegmentFlaskInstrumentor):
            _instance = None

            def instrumentation_dependencies(self) -> list[str]:
                return ["flask >= 99"]

        before = [vars(flask.app.Flask)[name] for name in self.METHODS]
        Elsewhere().instrument(skip_dep_check=True)  # as OpenTelemetry's launcher does
        Elsewhere().uninstrument()
        assert [vars(flask.app.Flask)[name] for name in self.METHODS] == before
        assert [line.getMessage() for line in caplog.records if line.levelname != "DEBUG"] == []


def test_interleaved_visitors(instrumentor: SegmentFlaskInstrumentor, arrivals: Arrivals) -> None:
    """Two visitors' requests that wait for each other, on threads, keep them apart; each event says who it was for."""
    app = Flask("pairs")
    both = threading.Barrier(2)

    @app.get("/<name>")
    def view(name: str) -> Response:
        def lines() -> Iterator[str]:
            for part in ("a", "b"):
                both.wait(30)
                analytics.track(event=part, properties={"for": name})
                yield part

        g._login_user = UserMixin()
        g._login_user.id = name
        both.wait(30)
        return Response(lines())

    instrumentor.instrument_app(app)
    with serving(app) as site:
        threads = [
            threading.Thread(target=lambda name=name: [site.ask(f"/{name}") for _ in range(20)]) for name in "xy"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    events = arrivals.take()
    told = Counter(
        (event["userId"], event["properties"].get("for") or event["properties"]["path"][1:]) for event in events
    )
    assert told == {("x", "x"): 60, ("y", "y"): 60}
    assert {event["context"]["userAgent"] for event in events} == {BROWSER}
