"""Django in code: the middleware of ``MIDDLEWARE``, its settings, the instrumentor, and all of it at once."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import Any

import pytest
from asking import BROWSER, HOST, Reply, arriving, page, track
from running import APPS

import otel_segment
from otel_segment import _log, analytics
from otel_segment.emit import current_visitor
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation import User, wsgi
from otel_segment.instrumentation._django_route import template

pytest.importorskip("django")
pytest.importorskip("opentelemetry.instrumentation.django")

TAGS = "django.middleware.http.ConditionalGetMiddleware"
OURS = "otel_segment.instrumentation.django.AnalyticsMiddleware"
Take = Callable[[], list[dict[str, Any]]]
Ask = Callable[..., Reply]


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up the example project in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(APPS))
        patch.setenv("SITE_DATABASE", str(tmp_path_factory.mktemp("site") / "site.db"))
        patch.setenv("DJANGO_SETTINGS_MODULE", "django_tracked")
        import django_site.people
        from django.db import connections

        yield
        connections.close_all()
        assert django_site.people


@pytest.fixture
def take() -> Iterator[Take]:
    """Return what has arrived, when it is called."""
    with arriving() as found:
        yield found


def site(*middleware: str, without: str = "", **more: Any) -> Any:
    """Return Django's settings with a middleware before the others, for as long as the context lasts."""
    from django.conf import settings
    from django.test import override_settings

    kept = [each for each in settings.MIDDLEWARE if each != without]
    return override_settings(MIDDLEWARE=[*middleware, *kept], **more)


def by_wsgi(path: str, application: Any = None, mount: str = "", **headers: str) -> Reply:
    """Ask a WSGI application, by default a handler that is made for it."""
    from django.core.handlers.wsgi import WSGIHandler

    given: list[Any] = []
    bare, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": mount,
        "PATH_INFO": bare,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "HTTP_HOST": HOST,
        "HTTP_USER_AGENT": BROWSER,
        **{"HTTP_" + name.upper(): value for name, value in headers.items()},
    }
    body = (application or WSGIHandler())(environ, lambda *answer: given.append(answer))
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    ((status, found),) = given
    return Reply(int(status[:3]), found, content)


def by_asgi(path: str, application: Any = None, mount: str = "", **headers: str) -> Reply:
    """Ask an ASGI application, by default a handler that is made for it."""
    return asyncio.run(ask_asgi(path, application, mount, **headers))


async def ask_asgi(path: str, application: Any = None, mount: str = "", **headers: str) -> Reply:
    """Ask an ASGI application in this event loop."""
    from django.core.handlers.asgi import ASGIHandler

    sent: list[Any] = []
    done = asyncio.Event()
    incoming = [{"type": "http.request", "body": b""}]
    bare, _, query = path.partition("?")
    every = {"host": HOST, "user-agent": BROWSER, **headers}

    async def receive() -> Any:
        if incoming:
            return incoming.pop()
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        await asyncio.sleep(0)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": mount + bare,
        "root_path": mount,
        "query_string": query.encode(),
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in every.items()],
    }
    await (application or ASGIHandler())(scope, receive, send)
    start, *parts = sent
    found = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    return Reply(start["status"], found, b"".join(part.get("body", b"") for part in parts))


@pytest.fixture(params=[by_wsgi, by_asgi], ids=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Return what asks a handler, of one kind after the other."""
    found: Ask = request.param
    return found


@contextmanager
def instrumented(*instrumentors: Any, **settings: Any) -> Iterator[None]:
    """Have Django instrumented for as long as the context lasts."""
    with ExitStack() as undo:
        for instrumentor in instrumentors:
            is_ours = type(instrumentor).__name__.startswith("Segment")
            instrumentor.instrument(**settings if is_ours else {})
            undo.callback(instrumentor.uninstrument)
        yield


def ours() -> Any:
    """Return our instrumentor."""
    from otel_segment.instrumentation.django import SegmentDjangoInstrumentor

    return SegmentDjangoInstrumentor()


def tracing() -> Any:
    """Return OpenTelemetry's instrumentor."""
    from opentelemetry.instrumentation.django import DjangoInstrumentor

    return DjangoInstrumentor()


def test_middleware(ask: Ask, take: Take) -> None:
    """The class in ``MIDDLEWARE`` makes the page, gives the visitor to what views emit, and is gone afterwards."""
    with site(OURS):
        assert ask("/async/3/?a=1").status == 200

    worked, viewed = take()
    assert worked == track("/async/3/?a=1", "Waited", properties={"number": 3})
    assert viewed == page("/async/3/?a=1", "/async/<int:number>/")
    assert current_visitor() is None


def test_middleware_takes_titles(ask: Ask, take: Take) -> None:
    """The title is taken from a page, wherever its length is said, and from none that is streamed."""
    with site(OURS, OTEL_SEGMENT={"capture_title": True, "page_name": "path"}):
        ask("/shop/hat/")
        ask("/astream/1/" if ask is by_asgi else "/stream/1/")

    titles = {message["name"]: message["context"]["page"].get("title") for message in take() if "name" in message}
    assert titles == {"/shop/hat/": "hat", "/astream/1/" if ask is by_asgi else "/stream/1/": None}


def test_middleware_lets_streams_run_with_the_visitor(ask: Ask, take: Take) -> None:
    """What a stream emits on the way has the request's visitor, and comes whole."""
    path = "/astream/4/" if ask is by_asgi else "/stream/4/"
    with site(OURS):
        assert ask(path).body.count(b"<p>") == 100

    by_type = {message["type"]: message for message in take()}
    assert by_type == {
        "page": page(path, path.replace("4", "<int:number>")),
        "track": track(path, "Streamed", properties={"number": 4}),
    }
    assert current_visitor() is None


def test_middleware_leaves_files_to_the_server(take: Take) -> None:
    """A file is handed to the server as it is, and is one page."""
    with site(OURS):
        assert len(by_wsgi("/file/").body) > 100_000

    assert take() == [page("/file/")]


@pytest.mark.parametrize("path", ["/boom/", "/aboom/"])
def test_visitor_is_gone_after_an_exception(ask: Ask, take: Take, path: str) -> None:
    """A view that fails makes no page, and leaves no visitor behind."""
    with site(OURS):
        assert ask(path).status == 500
    with instrumented(ours()):
        assert ask(path).status == 500

    assert take() == []
    assert current_visitor() is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"page_name": "colour"}, ("page_name", "'colour'", "OTEL_SEGMENT")),
        ({"page_nam": "path"}, ("page_nam", "did you mean page_name", "OTEL_SEGMENT")),
        ({"get_user": "nowhere.user"}, ("get_user", "'nowhere.user'", "OTEL_SEGMENT")),
        ({"get_user": "django_site.views.nobody"}, ("get_user", "nobody", "OTEL_SEGMENT")),
        (["page_name"], ("OTEL_SEGMENT", "list")),
    ],
)
def test_settings_that_are_wrong(settings: Any, said: tuple[str, ...]) -> None:
    """Settings that are wrong stop the start, in the middleware as in the instrumentor, and are named."""
    from django.core.handlers.wsgi import WSGIHandler

    with site(OURS, OTEL_SEGMENT=settings), pytest.raises(ConfigurationError) as caught:
        WSGIHandler()
    assert all(part in str(caught.value) for part in said)

    instrumentor = ours()
    with site(OTEL_SEGMENT=settings), pytest.raises(ConfigurationError), instrumented(instrumentor):
        pytest.fail("started")


def test_settings_of_the_environment(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Django's settings do not say comes from the environment."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_PAGE_NAME", "path")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOTS", "include")
    with site(OURS, OTEL_SEGMENT={"page_name": "route"}):
        by_wsgi("/shop/hat/", user_agent="Googlebot/2.1")
    with instrumented(ours()):
        by_wsgi("/shop/hat/", user_agent="Googlebot/2.1")

    assert [message["name"] for message in take()] == ["/shop/<slug:slug>/", "/shop/hat/"]


def test_settings_count_for_the_instrumentor(ask: Ask, take: Take) -> None:
    """Where the process is instrumented, Django's settings count as well, after what is given in code."""
    with site(OTEL_SEGMENT={"page_name": "path", "capture_title": True}):
        with instrumented(ours()):
            ask("/shop/hat/")
        with instrumented(ours(), page_name="route"):
            ask("/shop/hat/")

    assert [message["name"] for message in take()] == ["/shop/hat/", "/shop/<slug:slug>/"]


def test_nothing_twice(take: Take) -> None:
    """Instrumented, in ``MIDDLEWARE`` twice and inside of the WSGI middleware, a page is one page."""
    from django.core.handlers.wsgi import WSGIHandler

    with site(OURS, OURS), instrumented(tracing(), ours()):
        application = wsgi.AnalyticsMiddleware(WSGIHandler())
        assert by_wsgi("/shop/hat/", application).status == 200

    assert take() == [page("/shop/hat/", "/shop/<slug:slug>/")]


@pytest.mark.parametrize("order", ["ours first", "ours last"])
def test_order_of_instrumentors(ask: Ask, take: Take, order: str) -> None:
    """The event has the request's trace, whichever instrumentor comes first."""
    from opentelemetry.sdk.trace import TracerProvider

    trace_id = "0af7651916cd43dd8448eb211c80319c"
    parent = f"00-{trace_id}-b7ad6b7169203331-01"
    tracer = tracing()
    both = [ours(), tracer] if order == "ours first" else [tracer, ours()]
    with ExitStack() as undo:
        for each in both:
            each.instrument(**({"tracer_provider": TracerProvider()} if each is tracer else {}))
            undo.callback(each.uninstrument)
        body = ask("/traced/", traceparent=parent).body.decode()

    (viewed,) = take()
    trace = viewed["context"].pop("trace")
    assert viewed == page("/traced/")
    assert (trace["traceId"], f"{trace['traceId']}-{trace['spanId']}") == (trace_id, body)


def test_uninstrument() -> None:
    """Afterwards all is as it was before: the very same functions, and the same list of middleware."""
    from django.conf import settings
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.base import BaseHandler
    from django.core.handlers.wsgi import WSGIHandler

    def state() -> list[Any]:
        classes = (BaseHandler, WSGIHandler, ASGIHandler)
        # By identity: what wraps a function is equal to it.
        return [[(name, id(value)) for each in classes for name, value in vars(each).items()], settings.MIDDLEWARE[:]]

    before = state()
    with instrumented(ours()):
        assert state() != before
        WSGIHandler()
    assert state() == before
    with instrumented(tracing(), ours()):
        WSGIHandler()
    assert state() == before


def test_instrument_one_handler(take: Take) -> None:
    """One handler alone can be instrumented, and left alone again."""
    from django.core.handlers.wsgi import WSGIHandler

    mine, other = WSGIHandler(), WSGIHandler()
    instrumentor = ours()
    instrumentor.instrument_app(mine, page_name="path")
    try:
        by_wsgi("/shop/hat/", mine)
        by_wsgi("/shop/hat/", other)
    finally:
        instrumentor.uninstrument_app(mine)
    by_wsgi("/shop/hat/", mine)

    assert take() == [page("/shop/hat/")]


def test_mount(ask: Ask, take: Take) -> None:
    """A page's route and path begin with the path that the application is mounted at."""
    with instrumented(ours()):
        assert ask("/shop/archive/2024/1/", mount="/eu").status == 200

    assert take() == [page("/eu/shop/archive/2024/1/", "/eu/shop/archive/<year>/<var>/")]


def user(request: Any) -> Any:
    """Say who is signed in, which asks the database."""
    return User(request.user.pk, {"name": request.user.username}) if request.user.is_authenticated else None


async def user_async(request: Any) -> Any:
    """Say who is signed in, as a coroutine."""
    from asgiref.sync import sync_to_async

    return await sync_to_async(user)(request)


async def hanging(request: Any) -> Any:
    """Never say who is signed in."""
    await asyncio.sleep(60)


def failing(request: Any) -> Any:
    """Fail."""
    raise LookupError("secret")  # noqa: EM101


@pytest.mark.parametrize("callback", ["user", "user_async"])
@pytest.mark.parametrize("layer", ["middleware", "instrumentor", "environment"])
def test_get_user(ask: Ask, take: Take, callback: str, layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback says who is signed in, plain or asynchronous, and may ask the database, by WSGI and by ASGI."""
    with site():
        reply = ask("/login/ada/")
    cookie = next(value for name, value in reply.headers if "sessionid" in value).partition(";")[0]
    take()
    with ExitStack() as stack:
        if layer == "middleware":
            stack.enter_context(site(OURS, OTEL_SEGMENT={"get_user": f"{__name__}.{callback}"}))
        elif layer == "instrumentor":
            stack.enter_context(instrumented(ours(), get_user=globals()[callback]))
        else:
            monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_GET_USER", f"{__name__}:{callback}")
            stack.enter_context(instrumented(ours()))
        assert ask("/", cookie=cookie).status == 200

    (viewed,) = take()
    assert viewed == page("/", userId="1", context={"traits": {"name": "ada"}})


@pytest.mark.parametrize(("callback", "said"), [(hanging, "took longer than 0.1 s"), (failing, "raised LookupError")])
def test_get_user_that_fails(
    ask: Ask,
    take: Take,
    callback: Any,
    said: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A callback that fails or hangs costs its own time, is said once, and the visitor stays anonymous."""
    monkeypatch.setattr(_log, "_last_said", {})
    began = time.monotonic()
    with instrumented(ours(), get_user=callback, get_user_timeout=0.1):
        ask("/")
        ask("/")

    assert time.monotonic() - began < 30
    assert take() == [page("/"), page("/")]
    assert caplog.text.count(said) == 1
    assert "secret" not in caplog.text


@pytest.mark.parametrize("layer", ["middleware", "instrumentor"])
def test_cookie(ask: Ask, take: Take, layer: str) -> None:
    """A visitor's cookie is set where it is due, and never on an answer that may be handed to others."""
    settings = {"anonymous_id": "cookie,pseudonym"}

    def asked(path: str, without: str = "") -> Reply:
        if layer == "middleware":
            with site(OURS, without=without, OTEL_SEGMENT=settings):
                return ask(path)
        with site(without=without), instrumented(ours(), **settings):
            return ask(path)

    first = asked("/sync/1/", without=TAGS)
    cached = [asked("/cached/", without=TAGS) for _ in range(2)]
    confirmed = asked("/desk/")
    (known,) = (value for name, value in first.headers if name.lower() == "set-cookie")

    assert "set-cookie" not in {name.lower() for each in (*cached, confirmed) for name, _ in each.headers}
    pages = {message["name"]: message["anonymousId"] for message in take() if message["type"] == "page"}
    assert (pages["/cached/"], pages["/desk/"]) == ("somebody", "somebody")
    assert known.strip().startswith(f"otel_visitor={pages['/sync/<int:number>/']};")


def test_cookie_and_the_cache_of_the_site(ask: Ask) -> None:
    """No cookie gets into what Django's own cache keeps for others, which says so outside of the middleware."""
    update = "django.middleware.cache.UpdateCacheMiddleware"
    fetch = "django.middleware.cache.FetchFromCacheMiddleware"
    prefix = {"CACHE_MIDDLEWARE_KEY_PREFIX": ask.__name__}
    with site(update, OURS, fetch, without=TAGS, OTEL_SEGMENT={"anonymous_id": "cookie"}, **prefix):
        replies = [ask("/sync/5/") for _ in range(2)]

    assert all("set-cookie" not in {name.lower() for name, _ in reply.headers} for reply in replies)


def looked_at(get_response: Any) -> Any:
    """Look at who is signed in, between the two middlewares of the site's cache."""
    from django.utils.deprecation import MiddlewareMixin

    class LookedAt(MiddlewareMixin):
        def process_request(self, request: Any) -> None:
            assert request.user.pk

    return LookedAt(get_response)


looked_at.async_capable = True  # type: ignore[attr-defined]


@pytest.mark.parametrize("layer", ["middleware", "instrumentor"])
@pytest.mark.parametrize("settings", [{}, {"get_user": user}, {"get_user": user_async}], ids=["", "plain", "awaited"])
def test_page_that_a_middleware_answers(ask: Ask, take: Take, layer: str, settings: dict[str, Any]) -> None:
    """A page out of the cache of the site has the route and the user that it has when it is made."""
    from django.conf import settings as of_django
    from django.core.cache import cache
    from django.test import override_settings

    cache.clear()
    with site():
        reply = ask("/login/ada/")
    cookie = next(value for name, value in reply.headers if "sessionid" in value).partition(";")[0]
    take()
    caching = [
        "django.middleware.cache.UpdateCacheMiddleware",
        f"{__name__}.looked_at",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    listed = [each for each in of_django.MIDDLEWARE if each != TAGS] + caching
    with ExitStack() as stack:
        if layer == "middleware":
            named = {name: f"{__name__}.{callback.__name__}" for name, callback in settings.items()}
            given = {"get_user_timeout": 30, **named}
            stack.enter_context(override_settings(MIDDLEWARE=[OURS, *listed], OTEL_SEGMENT=given))
        else:
            stack.enter_context(override_settings(MIDDLEWARE=listed))
            stack.enter_context(instrumented(ours(), get_user_timeout=30, **settings))
        made, kept = (ask("/shop/hat/", cookie=cookie) for _ in range(2))

    assert (made.body, made.status) == (kept.body, kept.status)
    more = {"context": {"traits": {"name": "ada"}}} if settings else {}
    assert take() == [page("/shop/hat/", "/shop/<slug:slug>/", userId="1", **more)] * 2


def answering(get_response: Any) -> Any:
    """Answer in place of all views."""
    from django.http import HttpResponse

    return lambda request: HttpResponse("<title>Closed</title>")


def test_page_that_has_no_route(ask: Ask, take: Take) -> None:
    """What a middleware answers where no view is has its path for a name."""
    with site(f"{__name__}.answering"), instrumented(ours()):
        assert ask("/nowhere/").status == 200

    assert take() == [page("/nowhere/")]


def test_session_that_is_not_believed(ask: Ask, take: Take) -> None:
    """Whose session it is counts when Django has loaded the user, which it may refuse to."""
    with site():
        reply = ask("/login/ada/")
    cookie = next(value for name, value in reply.headers if "sessionid" in value).partition(";")[0]
    take()
    with site(SECRET_KEY="another"), instrumented(ours()):
        assert ask("/session/", cookie=cookie).status == 200
        assert b"ada" not in ask("/who/", cookie=cookie).body

    assert [message.get("userId") for message in take()] == [None, None]


def test_end_by_asgi(take: Take) -> None:
    """Django, which has no lifespan, has one that does what servers ask for; what waits has arrived at its end."""
    from django.core.handlers.asgi import ASGIHandler

    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    answered: list[tuple[str, int]] = []
    waiting: list[int] = []

    async def receive() -> dict[str, str]:
        message = next(asked)
        if message["type"] == "lifespan.shutdown":
            analytics.track("ada", "Left")
            stats = otel_segment.stats()
            waiting.append(stats.waiting + stats.in_flight)
        return message

    async def send(message: dict[str, str]) -> None:
        stats = otel_segment.stats()
        answered.append((message["type"], stats.waiting + stats.in_flight))

    with instrumented(ours()):
        asyncio.run(ASGIHandler()({"type": "lifespan"}, receive, send))
    assert answered == [("lifespan.startup.complete", 0), ("lifespan.shutdown.complete", 0)]
    assert waiting == [1]
    assert [message["event"] for message in take()] == ["Left"]


def test_visitors_interleaved(take: Take) -> None:
    """Of a thousand requests of two visitors in one event loop none are mixed up, with the middleware alone."""
    from django.core.handlers.asgi import ASGIHandler

    count = 1_000

    async def everything() -> None:
        handler = ASGIHandler()
        limit = asyncio.Semaphore(100)

        async def one(number: int) -> None:
            async with limit:
                view = "sync" if number % 20 == 0 else "async"
                headers = {"user-agent": f"{BROWSER} visitor-{number % 2}"}
                await ask_asgi(f"/{view}/{number}/", handler, **headers)

        await asyncio.gather(*map(one, range(count)))

    with site(OURS):
        asyncio.run(everything())

    messages = take()
    assert len(messages) == 2 * count
    for message in messages:
        number = int(message["context"]["page"]["path"].strip("/").partition("/")[2])
        assert message["context"]["userAgent"] == f"{BROWSER} visitor-{number % 2}"
        assert message["properties"].get("number", number) == number


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("shop/<int:pk>/", "shop/<int:pk>/"),
        (r"^archive/(?P<year>[0-9]{4})/$", "archive/<year>/"),
        (r"shop/^b/(\d+)/^c/$", "shop/b/<var>/c/"),
        (r"^x/(?:(?P<a>\w+)/)?$", "x/<a>/"),
        (r"^f\.html\Z", "f.html"),
        (r"^(?P<p>(a|b)(c))/z$", "<p>/z"),
        (r"^\w+/$", r"\w+/"),
        (r"^([()]+)/[\]^]?q$", r"<var>/[\]^]?q"),
    ],
)
def test_template(route: str, expected: str) -> None:
    """A route of regular expressions reads as one of ``path``."""
    assert template(route) == expected
