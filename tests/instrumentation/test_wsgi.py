"""Any WSGI application behind the middleware."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from serving import BROWSER, HOST, SOMEBODY, Arrivals, Reply, page, request, serving

from otel_segment import _log, analytics
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation import SegmentFlaskInstrumentor, User
from otel_segment.instrumentation.wsgi import AnalyticsMiddleware
from otel_segment.visitor import current_visitor, use_visitor

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HTML = ("Content-Type", "text/html; charset=utf-8")
VISITOR = "5d41402a-bc4b-4a76-b971-9d911017c592"
TITLED = b"<!doctype html><title>Hi</title>Hello"


def answering(
    make: Callable[[dict[str, Any]], Iterable[bytes]], *headers: tuple[str, str], status: str = "200 OK"
) -> Application:
    """Make an application whose answers have this status, these headers and what ``make`` returns for a body."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(status, list(headers) or [HTML])
        return make(environ)

    return application


def written(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer in the way of old."""
    write = start_response("200 OK", [HTML])
    write(TITLED)
    return []


def late(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Begin the answer with the body."""
    start_response("200 OK", [HTML])
    yield TITLED
    yield b"more"


def thinks_better_of_it(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Begin an answer, and then another one."""
    start_response("200 OK", [HTML])
    error = LookupError()
    start_response("500 Oh", [HTML], (LookupError, error, None))
    return [b"sorry"]


class Sized:
    """A body that is neither a list nor a tuple, and has a length."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        return iter([TITLED])


def file_of(environ: dict[str, Any]) -> Any:
    """Return a file as servers like them best."""
    return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))


BODIES: dict[str, tuple[Application, int]] = {
    "list": (answering(lambda environ: [TITLED]), 1),
    "list with a length": (answering(lambda environ: [TITLED], HTML, ("Content-Length", str(len(TITLED)))), 1),
    "two pieces": (answering(lambda environ: [TITLED, b"more"]), 1),
    "tuple": (answering(lambda environ: (TITLED,)), 1),
    "nothing": (answering(lambda environ: []), 1),
    "generator": (answering(lambda environ: (TITLED for _ in range(1_000))), 1),
    "iterator": (answering(lambda environ: iter([TITLED])), 1),
    "sized": (answering(lambda environ: Sized()), 1),
    "file": (answering(file_of), 1),
    "written": (written, 1),
    "late": (late, 1),
    "json": (answering(lambda environ: [b"{}"], ("Content-Type", "application/json")), 0),
    "no type": (answering(lambda environ: [b"x"], ("X-Nothing", "1")), 0),
    "cookies": (answering(lambda environ: [b"x"], HTML, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), 1),
    "moved": (answering(lambda environ: [], HTML, ("Location", "/x"), status="302 Found"), 0),
    "no content": (answering(lambda environ: [], status="204 No Content"), 0),
    "not modified": (answering(lambda environ: [], ("ETag", '"x"'), status="304 Not Modified"), 0),
    "lost": (answering(lambda environ: [b"x"], status="404 Not Found"), 0),
    "broken": (answering(lambda environ: [b"x"], status="503 Unavailable"), 0),
    "attachment": (answering(lambda environ: [b"x"], HTML, ("Content-Disposition", "attachment; filename=x")), 0),
    "thinks better of it": (thinks_better_of_it, 0),
}


@pytest.mark.parametrize("capture_title", [False, True])
@pytest.mark.parametrize("kind", BODIES)
def test_answers_stay_as_they_are(arrivals: Arrivals, kind: str, capture_title: bool) -> None:
    """Status, headers, also those that the server adds, and body are the application's; a page is one event."""
    application, pages = BODIES[kind]
    with serving(application) as bare, serving(AnalyticsMiddleware(application, capture_title=capture_title)) as site:
        for method in ("GET", "HEAD", "POST"):
            assert without_date(bare.ask(method=method)) == without_date(site.ask(method=method))
    title = {"title": "Hi"} if capture_title and kind == "list with a length" else {}
    assert arrivals.take() == [page("/", **title)] * pages


def without_date(reply: Reply) -> Reply:
    """Leave out when it was answered."""
    return reply._replace(headers=[(name, value) for name, value in reply.headers if name != "Date"])


class OtherFile:
    """What a server's function returns that makes files to be sent."""

    def fileno(self) -> int:
        """Say which file it is."""
        return 0


@pytest.mark.parametrize("capture_title", [False, True])
@pytest.mark.parametrize(("wrapper", "body"), [(FileWrapper, FileWrapper(OtherFile())), (OtherFile, OtherFile())])
@pytest.mark.parametrize("is_function", [False, True])
def test_file(arrivals: Arrivals, wrapper: Any, body: Any, is_function: bool, capture_title: bool) -> None:
    """A server gets its own kind of file as it is, to send it without reading it, be the kind a class or a function."""
    if is_function and wrapper is FileWrapper:
        body = OtherFile()
    environ = {"wsgi.file_wrapper": (lambda file: body) if is_function else wrapper, "REQUEST_METHOD": "GET"}
    application = answering(lambda environ: body, HTML, ("Content-Length", "9"))
    served = AnalyticsMiddleware(application, capture_title=capture_title, bots="include")
    assert served(environ, lambda *answer: None) is body
    assert len(arrivals.take()) == 1


def signed_in(environ: dict[str, Any]) -> str | None:
    """Return who a request says it is from."""
    return environ.get("HTTP_X_USER")


async def signed_in_elsewhere(environ: dict[str, Any]) -> User:
    """Return the same, after some waiting, with all that there is to know."""
    await asyncio.sleep(0)
    return User(environ["HTTP_X_USER"], traits={"plan": "pro"}, group_id="g-1")


CHROME = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
    "Sec-CH-UA": '"Chromium";v="141", "Not?A_Brand";v="8"',
    "Sec-CH-UA-Mobile": "?0",
    "Sec-CH-UA-Platform": '"Windows"',
}
ROBOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
FORWARDED = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7", "X-Forwarded-Proto": "https"}
CONSENT = {"Cookie": "choice=%7B%22analytics%22%3Atrue%7D"}
REFUSAL = {"Cookie": "choice=%7B%22analytics%22%3Afalse%7D"}


def titled(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with a small page."""
    start_response("200 OK", [HTML, ("Content-Length", str(len(TITLED)))])
    return [TITLED]


VISITS: dict[str, tuple[dict[str, Any], str, dict[str, str], list[dict[str, Any]]]] = {
    "as it comes": ({}, "/a/b?c=d", {}, [page("/a/b?c=d")]),
    "title": ({"capture_title": True}, "/", {}, [page("/", title="Hi")]),
    "prefetch": ({}, "/", {"Sec-Purpose": "prefetch"}, []),
    "old prefetch": ({}, "/", {"X-Moz": "prefetch"}, []),
    "fragment": ({}, "/", {"Sec-Fetch-Dest": "empty"}, []),
    "document": ({}, "/", {"Sec-Fetch-Dest": "document"}, [page("/")]),
    "usual exclusions": ({}, "/healthz", {}, []),
    "excluded": ({"excluded_urls": ["/admin/", "\\.html$"]}, "/admin/x", {}, []),
    "not excluded": ({"excluded_urls": "/admin/,\\.html$"}, "/healthz", {}, [page("/healthz")]),
    "api": ({"api_paths": ["/api/*"]}, "/api/items", {}, []),
    "bot": ({}, "/", ROBOT, []),
    "no user agent": ({}, "/", {"User-Agent": ""}, []),
    "bot included": (
        {"bots": "include"},
        "/",
        ROBOT,
        [page("/", context={"userAgent": ROBOT["User-Agent"]})],
    ),
    "bot marked": (
        {"bots": "mark"},
        "/",
        ROBOT,
        [page("/", context={"userAgent": ROBOT["User-Agent"], "bot": True})],
    ),
    "nobody is believed": ({}, "/", FORWARDED, [page("/")]),
    "one proxy": (
        {"trusted_proxies": 1},
        "/",
        FORWARDED | {"X-Forwarded-Proto": ""},
        [page("/", context={"ip": "203.0.113.7"})],
    ),
    "other networks": ({"trusted_proxies": "10.0.0.0/8"}, "/", FORWARDED, [page("/")]),
    "global privacy control": ({}, "/", {"Sec-GPC": "1"}, []),
    "global privacy control, but": ({"respect_gpc": False}, "/", {"Sec-GPC": "1"}, [page("/")]),
    "global privacy control, and consent": (
        {"consent_cookie": "json:choice"},
        "/",
        CONSENT | {"Sec-GPC": "1"},
        [page("/", context={"consent": {"categoryPreferences": {"analytics": True}}})],
    ),
    "global privacy control, and refusal": ({"consent_cookie": "json:choice"}, "/", REFUSAL | {"Sec-GPC": "1"}, []),
    "do not track": ({}, "/", {"DNT": "1"}, [page("/")]),
    "do not track, respected": ({"respect_dnt": True}, "/", {"DNT": "1"}, []),
    "user": ({"get_user": signed_in}, "/", {"X-User": "u-1"}, [page("/", userId="u-1")]),
    "no user": ({"get_user": signed_in}, "/", {}, [page("/")]),
    "user of a map": (
        {"get_user": lambda environ: {"id": 7, "traits": {"plan": "free"}}},
        "/",
        {},
        [page("/", userId="7", context={"traits": {"plan": "free"}})],
    ),
    "user in a moment": (
        {"get_user": signed_in_elsewhere},
        "/",
        {"X-User": "u-1"},
        [page("/", userId="u-1", context={"traits": {"plan": "pro"}, "groupId": "g-1"})],
    ),
    "own anonymous id": ({"get_anonymous_id": lambda environ: "a-1"}, "/", {}, [page("/", anonymousId="a-1")]),
    "no own anonymous id": ({"get_anonymous_id": lambda environ: None}, "/", {}, [page("/")]),
    "nobody": ({"anonymous_id": "none"}, "/", {}, []),
    "nobody but users": (
        {"anonymous_id": "none", "get_user": signed_in},
        "/",
        {"X-User": "u-1"},
        [page("/", userId="u-1", anonymousId=None)],
    ),
    "analytics.js": (
        {"anonymous_id": "segment,pseudonym"},
        "/",
        {"Cookie": f"ajs_anonymous_id={VISITOR}; ajs_user_id=u-2"},
        [page("/", userId="u-2", anonymousId=VISITOR)],
    ),
    "not yet analytics.js": ({"anonymous_id": ["segment", "pseudonym"]}, "/", {}, [page("/")]),
    "session of a cookie": (
        {"session_cookie": "visit"},
        "/",
        {"Cookie": "visit=s-1"},
        [page("/", context={"sessionId": "s-1"})],
    ),
    "session of a callback": (
        {"get_session_id": lambda environ: 12},
        "/",
        {},
        [page("/", context={"sessionId": "12"})],
    ),
    "consent of a callback": (
        {"get_consent": lambda environ: {"analytics": True, "ads": False}},
        "/",
        {},
        [page("/", context={"consent": {"categoryPreferences": {"analytics": True, "ads": False}}})],
    ),
}


@pytest.mark.parametrize("kind", VISITS)
def test_visit(arrivals: Arrivals, kind: str) -> None:
    """A setting decides which requests are events, and whose."""
    settings, path, headers, expected = VISITS[kind]
    with serving(AnalyticsMiddleware(titled, **settings)) as site:
        assert site.ask(path, headers).body == TITLED
    assert arrivals.take() == expected


def test_excluded_for_all(arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``OTEL_PYTHON_EXCLUDED_URLS`` excludes is excluded besides, and settings come from the environment."""
    monkeypatch.setenv("OTEL_PYTHON_EXCLUDED_URLS", "/internal, /secret/.*")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_EXCLUDED_URLS", "/admin")
    with serving(AnalyticsMiddleware(titled)) as site:
        for path in ("/internal", "/secret/x", "/admin", "/healthz"):
            site.ask(path)
    assert arrivals.take() == [page("/healthz")]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_api(arrivals: Arrivals, method: str) -> None:
    """A request of ``api_paths`` is no page, and by choice one call that says how it went."""
    application = answering(lambda environ: [b"{}"], ("Content-Type", "application/json"), status="404 Not Found")
    served = AnalyticsMiddleware(application, api_paths="/api/*,/rpc", track_api=True, get_user=signed_in)
    with serving(served) as site:
        site.ask("/api/items?page=2", {"X-User": "u-1"}, method)
    (message,) = arrivals.take()
    assert message["properties"].pop("duration_ms") in range(60_000)
    properties = {"method": method, "path": "/api/items", "status": 404}
    called = {"type": "track", "event": "API Called", "userId": "u-1", "properties": properties}
    expected = page("/api/items?page=2") | called
    del expected["name"]
    assert expected == message


class TestPseudonym:
    """An anonymous visitor without a cookie."""

    def test_one_person(self, endpoint: Arrivals) -> None:
        """The same address, browser and host are one person; another of one of them is another person."""
        visits = [{}, {}, CHROME, {"Host": "other.example"}, {"X-Forwarded-For": "203.0.113.7"}]
        with serving(AnalyticsMiddleware(titled, trusted_proxies=1)) as site:
            for headers in visits:
                site.ask("/", headers)
        first, again, *others = endpoint.ids()
        assert first == again
        assert len({first, *others}) == 4

    def test_workers_agree(self, endpoint: Arrivals, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Middlewares that share a folder know a person as the same one; another folder's know another one."""
        monkeypatch.delenv("OTEL_INSTRUMENTATION_SEGMENT_SALT")
        for folder in ("one", "one", "two"):
            with serving(AnalyticsMiddleware(titled, salt_folder=str(tmp_path / folder))) as site:
                site.ask()
        first, again, other = endpoint.ids()
        assert first == again != other


class TestCookie:
    """A first-party cookie, for those who want one."""

    def visits(self, endpoint: Arrivals, headers: dict[str, str], *added: tuple[str, str], **settings: Any) -> Any:
        """Ask for a page; return the cookie, and whose the page is."""
        application = answering(lambda environ: [TITLED], HTML, *added)
        with serving(AnalyticsMiddleware(application, anonymous_id="cookie,pseudonym", **settings)) as site:
            cookie = site.ask("/", headers).cookie
        (visitor,) = endpoint.ids()
        return cookie, visitor

    def test_is_set_once_and_kept(self, endpoint: Arrivals) -> None:
        """A new visitor is given the cookie, whose id the page has already, and keeps it."""
        cookie, visitor = self.visits(endpoint, {})
        assert cookie == f"otel_visitor={visitor}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax"
        assert self.visits(endpoint, {"Cookie": cookie.partition(";")[0]}) == ("", visitor)

    def test_has_the_attributes_that_were_chosen(self, endpoint: Arrivals) -> None:
        """Name, age, ``SameSite``, path and domain are as they are set; by https it is ``Secure``."""
        chosen = {"cookie_name": "me", "cookie_max_age": 3_600, "cookie_same_site": "strict", "cookie_path": "/shop"}
        cookie, visitor = self.visits(
            endpoint,
            {"X-Forwarded-Proto": "https"},
            **chosen,
            cookie_domain="shop.example",
            cookie_http_only=False,
            trusted_proxies=1,
        )
        rest = "; Max-Age=3600; Path=/shop; Domain=shop.example; Secure; SameSite=Strict"
        assert cookie == f"me={visitor}{rest}"

    @pytest.mark.parametrize(
        ("added", "settings", "headers", "is_set"),
        [
            ([("Cache-Control", "no-store")], {}, {}, True),
            ([("Cache-Control", "private, max-age=60")], {}, {}, True),
            ([("Cache-Control", "public, max-age=60")], {}, {}, False),
            ([("Cache-Control", "max-age=60")], {}, {}, False),
            ([("ETag", '"x"')], {}, {}, False),
            ([], {"consent_cookie": "json:choice"}, {}, False),
            ([], {"consent_cookie": "json:choice"}, REFUSAL, False),
            ([], {"consent_cookie": "json:choice"}, CONSENT, True),
            ([], {"get_consent": lambda environ: None}, {}, False),
            ([], {"get_consent": lambda environ: {"analytics": True}}, {}, True),
            ([], {"get_consent": lambda environ: {"ads": True}, "consent_category": "ads"}, {}, True),
        ],
    )
    def test_is_set_where_it_may(
        self,
        endpoint: Arrivals,
        added: list[tuple[str, str]],
        settings: dict[str, Any],
        headers: dict[str, str],
        is_set: bool,
    ) -> None:
        """No answer that a cache may hand on carries the cookie, and none without a consent that is asked for."""
        cookie, visitor = self.visits(endpoint, headers, *added, **settings)
        assert bool(cookie) == is_set
        assert (visitor in cookie) == is_set

    def test_is_left_with_consent(self, endpoint: Arrivals) -> None:
        """Where consent is asked for, who does not give it is not known by the cookie; who refuses it loses it."""
        known, settings = f"otel_visitor={VISITOR}", {"consent_cookie": "json:choice"}
        away = "otel_visitor=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        choices = {"": ("", False), "true": ("", True), "false": (away, False)}
        for choice, (expected, is_known) in choices.items():
            said = f'; choice={{"analytics":{choice}}}' if choice else ""
            cookie, visitor = self.visits(endpoint, {"Cookie": known + said}, **settings)
            assert (cookie, visitor == VISITOR) == (expected, is_known)
        refused = {"Cookie": f'{known}; choice={{"analytics":false}}'}
        assert self.visits(endpoint, refused, ("ETag", '"x"'), **settings)[0] == ""
        assert self.visits(endpoint, REFUSAL, **settings)[0] == ""

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("headers", [[], [HTML], [("Location", "/")], [("Content-Type", "application/json")]])
    def test_is_carried_by_any_answer(self, endpoint: Arrivals, method: str, headers: list[tuple[str, str]]) -> None:
        """A new visitor whom an event is told of is given the cookie with the answer, whatever it is."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
            analytics.track(event="Done")
            start_response("302 Found" if headers and headers[0][0] == "Location" else "200 OK", headers)
            yield b"x"
            analytics.track(event="Over")

        with serving(AnalyticsMiddleware(application, anonymous_id="cookie,pseudonym")) as site:
            cookie = site.ask("/", {}, method).cookie
            (visitor,) = set(endpoint.ids())
            assert cookie.startswith(f"otel_visitor={visitor};")
            assert site.ask("/", {"Cookie": cookie.partition(";")[0]}, method).cookie == ""
        assert set(endpoint.ids()) == {visitor}

    def test_is_not_made_too_late(self, endpoint: Arrivals) -> None:
        """Who is first asked for when the answer has begun goes by what there is without the cookie."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"x"
            analytics.track(event="Over")

        with serving(AnalyticsMiddleware(application, anonymous_id="cookie,pseudonym")) as site:
            assert site.ask("/", {}, "POST").cookie == ""
        assert endpoint.people() == [(None, SOMEBODY)]

    def test_is_said_where_events_cannot_have_it(self, endpoint: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
        """Where an answer for everybody cannot carry it, page and events agree all the same, and the log says so."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            analytics.track(event="Seen")
            start_response("200 OK", [HTML, ("Cache-Control", "public, max-age=60")])
            return [TITLED]

        with serving(AnalyticsMiddleware(application, anonymous_id="cookie,pseudonym")) as site:
            for _ in range(2):
                assert site.ask("/").cookie == ""
                seen, viewed = endpoint.ids()
                assert seen == viewed
        (line,) = caplog.messages
        assert line.startswith("by anonymous_id, events of a request have the id of a new cookie")

    def test_is_said_where_there_is_nothing_else(self, arrivals: Arrivals, caplog: pytest.LogCaptureFixture) -> None:
        """With the cookie alone a page that cannot carry it is nobody's; the log says so once, and what to do."""
        application = answering(lambda environ: [TITLED], HTML, ("ETag", '"x"'))
        with serving(AnalyticsMiddleware(application, anonymous_id="cookie")) as site:
            for _ in range(2):
                assert site.ask("/").cookie == ""
        assert arrivals.take() == []
        (line,) = caplog.messages
        assert line.startswith("anonymous_id is cookie, and an answer that caches may keep")
        assert "Set anonymous_id to cookie,pseudonym" in line

    def test_is_no_ones_own_choice(self, endpoint: Arrivals) -> None:
        """A cookie that is none of ours is not believed."""
        for value in ("admin", "x" * 60_000, "a%0d%0aSet-Cookie:%20b=c", VISITOR.upper()):
            cookie, visitor = self.visits(endpoint, {"Cookie": f"otel_visitor={value}"})
            assert cookie.startswith(f"otel_visitor={visitor};")


@pytest.mark.parametrize(
    ("callback", "line"),
    [
        (lambda environ: 1 // 0, "get_user raised ZeroDivisionError: the request goes on without its answer."),
        (lambda environ: ["u-1"], "get_user returned a list; return an id, a User, a map with its fields, or None"),
        (lambda environ: {"name": "x"}, "get_user returned a map with name; it may have id, traits, group_id"),
        (lambda environ: asyncio.sleep(600), "get_user took longer than 0.1 s: the request goes on without its"),
    ],
    ids=["raises", "list", "map", "hangs"],
)
def test_user_that_cannot_be_had(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture, callback: Callable[..., Any], line: str
) -> None:
    """Where ``get_user`` fails, or does not come to an end, the visitor is anonymous; the log says so, once."""
    with serving(AnalyticsMiddleware(titled, get_user=callback, get_user_timeout=0.1)) as site:
        for _ in range(3):
            assert site.ask().status == 200
    assert arrivals.take() == [page("/")] * 3
    (record,) = [record for record in caplog.records if record.name == "otel_segment"]
    assert record.getMessage().startswith(line)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"page_name": "title"}, ["page_name", "route", "path"]),
        ({"bots": "maybe"}, ["bots", "exclude", "mark", "include"]),
        ({"excluded_urls": "("}, ["excluded_urls", "regular expression", "/admin/"]),
        ({"trusted_proxies": "everybody"}, ["trusted_proxies"]),
        ({"anonymous_id": "fingerprint"}, ["anonymous_id", "cookie", "segment", "pseudonym", "none"]),
        ({"get_user": "no_function"}, ["get_user", "package.module:function"]),
        ({"cookie_max_age": 1}, ["cookie_max_age", "60"]),
        ({"cookie_name": "a b"}, ["name", "letters"]),
        ({"cookie_same_site": "none"}, ["SameSite=None", "set secure to true"]),
        ({"consent_cookie": "mine"}, ["consent_cookie", "onetrust", "json:"]),
        ({"capture_titel": True}, ["capture_titel", "capture_title"]),
        ({"bots": "x", "page_name": "y"}, ["bots", "page_name"]),
        ({"salt": "short"}, ["salt", "16 characters"]),
        ({"excluded_urls": "a{1,3}("}, ["excluded_urls", "a list in code"]),
    ],
)
def test_wrong_settings(settings: dict[str, Any], says: list[str]) -> None:
    """A setting that is wrong is refused at the start, by its name and with the way out; so are all that are wrong."""
    with pytest.raises(ConfigurationError) as refused:
        AnalyticsMiddleware(titled, **settings)
    assert [word for word in says if word not in str(refused.value)] == []


def test_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is misspelt is refused at the start, with the one that was meant."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOT", "include")
    with pytest.raises(ConfigurationError, match="did you mean OTEL_INSTRUMENTATION_SEGMENT_BOTS"):
        AnalyticsMiddleware(titled)


def test_wrong_setting_under_the_launcher(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What is wrong with a setting does not keep the launcher from loading other instrumentors; it is logged."""
    monkeypatch.setattr(_log, "_last_said", {})
    monkeypatch.setenv("OTEL_INSTRUMENTATION_SEGMENT_BOTS", "few")
    instrumentor = SegmentFlaskInstrumentor()
    instrumentor.instrument(skip_dep_check=True)
    assert "OTEL_INSTRUMENTATION_SEGMENT_BOTS" in caplog.text
    with pytest.raises(ConfigurationError):
        instrumentor.instrument()


SECRET = "s3cr3t-0123456789"
HOSTILE: dict[str, bytes] = {
    "long cookie": request("/", {"Cookie": "a=" + "x" * 60_000}),
    "many cookies": request("/", {"Cookie": ";".join(f"c{number}={number}" for number in range(6_000))}),
    "cookie of quotes": request("/", {"Cookie": 'visit="' + '\\"' * 30_000}),
    "octal cookie": request("/", {"Cookie": 'visit="\\012\\015Set-Cookie: x=y"'}),
    "header injection": request("/", {"Cookie": "visit=a%0d%0aSet-Cookie: x=y", "X-User": "u%0d%0aX: y"}),
    "long headers": request("/", dict.fromkeys(("Accept-Language", "Referer"), "q" * 60_000)),
    "long user agent": request("/", {"User-Agent": "Mozilla/5.0 " + "(" * 60_000}),
    "no UTF-8": request("/\xff\xfe%ff%c3%28?q=%ff\xff"),
    "controls": request("/%00%0d%0a%1b"),
    "surrogates": request("/%ed%a0%80"),
    "dots": request("/../../etc/passwd"),
    "hostile forwarding": request(
        "/", {"X-Forwarded-For": "," * 20_000 + "[::1", "Forwarded": 'for="' * 5_000, "X-Forwarded-Proto": "javascript"}
    ),
    "addresses that are none": request("/", {"X-Forwarded-For": "999.1.1.1, ::ffff:%eth0, <script>, 1.2.3.4:99999"}),
    "hostile host": request("/", {"Host": "a@b:x/?#[]" + "x" * 10_000, "X-Forwarded-Host": "evil\texample"}),
    "languages": request("/", {"Accept-Language": ",;q=" * 15_000}),
    "hints": request("/", {"Sec-CH-UA": '"' * 60_000, "Sec-CH-UA-Mobile": "?" * 100}),
    "referrer": request("/", {"Referer": "http://[::1" + "%" * 50_000}),
    "campaign": request("/?" + "&".join(f"utm_{number}=%ff" for number in range(4_000))),
    "secrets": request("/", {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}", "X-Api-Key": SECRET}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_request(arrivals: Arrivals, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    """Whatever a client sends, the application answers as ever, no header is added, and no secret is told."""

    def get_consent(environ: dict[str, Any]) -> dict[str, bool]:
        return {"analytics": True}

    settings: dict[str, Any] = {"anonymous_id": "segment,cookie", "session_cookie": "visit", "get_user": signed_in}
    application = AnalyticsMiddleware(titled, trusted_proxies=2, get_consent=get_consent, bots="mark", **settings)
    with serving(application) as site:
        reply = site.send(HOSTILE[kind])
    assert (reply.status, reply.body) == (200, TITLED)
    assert {name for name, _ in reply.headers} == {"Date", "Server", "Content-Type", "Content-Length", "Set-Cookie"}
    assert len(reply.headers) == 5
    (message,) = arrivals.take()
    assert SECRET not in repr(message)
    assert len(repr(message)) < 32_000
    assert caplog.records == []


NAMES = ["COOKIE", "USER_AGENT", "REFERER", "ACCEPT_LANGUAGE", "X_FORWARDED_FOR", "FORWARDED", "HOST", "SEC_CH_UA"]
NAMES += ["SEC_FETCH_DEST", "SEC_PURPOSE", "SEC_GPC", "DNT", "X_USER", "X_REQUESTED_WITH", "X_FORWARDED_PROTO"]
SHAPES = ["x", ",", ";", "=", '"', "\\", "%", "(", "[", ":", " ", "\xff", "\n", "1.", 'a="b";', "for=[::1],"]


@pytest.mark.parametrize("name", NAMES)
def test_header_of_100_kb(endpoint: Arrivals, name: str) -> None:
    """A header of 100 KB, more than most servers let through, neither raises nor changes the answer."""
    settings: dict[str, Any] = {"anonymous_id": "segment,cookie", "session_cookie": "visit", "get_user": signed_in}
    application = AnalyticsMiddleware(
        titled, trusted_proxies=2, consent_cookie="cookiebot", bots="mark", respect_dnt=True, **settings
    )
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": HOST, "REMOTE_ADDR": "127.0.0.1"}
    answers: list[Any] = []
    for shape in SHAPES:
        hostile = environ | {f"HTTP_{name}": shape * (100_000 // len(shape))}
        assert application(hostile, lambda *answer: answers.append(answer)) == [TITLED]
    assert {status for status, _ in answers} == {"200 OK"}
    assert {name for _, headers in answers for name, _ in headers} <= {"Content-Type", "Content-Length"}
    endpoint.take()


def test_huge_title(arrivals: Arrivals) -> None:
    """A title of 10 MB is passed on as it is and cut in the event, and one that never ends is none."""
    for body, title in (
        (b"<title>" + b"x" * 10_000_000 + b"</title>", None),
        (b"<title>" + b"&" * 5_000 + b"</title>", 512),
    ):
        application = answering(lambda environ, body=body: [body], HTML, ("Content-Length", str(len(body))))
        with serving(AnalyticsMiddleware(application, capture_title=True)) as site:
            assert site.ask().body == body
        (message,) = arrivals.take()
        found = message["context"]["page"].get("title")
        assert (found and len(found)) == title


class TestEveryMoment:
    """The visitor is there while the application runs, and no longer."""

    def test_first_piece_of_a_stream(self, arrivals: Arrivals) -> None:
        """The first of a thousand pieces is there before the second is made, with the visitor; the page is one."""
        goes_on = threading.Event()

        def pieces(environ: dict[str, Any]) -> Iterator[bytes]:
            yield b"first"
            assert goes_on.wait(30)
            analytics.track(event="In between")
            yield from (b"x" for _ in range(999))

        served = AnalyticsMiddleware(answering(pieces), get_user=signed_in, capture_title=True)
        with serving(served) as site, site.connected() as connection:
            connection.sendall(request("/", {"X-User": "u-1"}))
            began = b""
            while not began.endswith(b"first"):
                began += connection.recv(1_000)
            goes_on.set()
            rest = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert len(rest) == 999
        assert arrivals.people() == [("u-1", SOMEBODY)] * 2

    def test_in_the_middle_of_a_stream(self, arrivals: Arrivals) -> None:
        """Whom a generator has set is there again at its next step, and nobody outside of it sees him."""

        def pieces(environ: dict[str, Any]) -> Iterator[bytes]:
            with use_visitor(user_id="inner"):
                for number in range(3):
                    analytics.track(event=f"{number}")
                    yield b"x"
            analytics.track(event="last")
            yield b"x"

        with serving(AnalyticsMiddleware(answering(pieces), get_user=signed_in)) as site:
            site.ask("/", {"X-User": "outer"})
        told = {message.get("event", "page"): message["userId"] for message in arrivals.take()}
        assert told == {"0": "inner", "1": "inner", "2": "inner", "last": "outer", "page": "outer"}

    @pytest.mark.parametrize("capture_title", [False, True])
    def test_fails_at_its_first_step(self, arrivals: Arrivals, capture_title: bool) -> None:
        """A body that fails before its first piece is no page."""
        served = AnalyticsMiddleware(answering(lambda _: (1 // 0 for _ in "x")), capture_title=capture_title)  # type: ignore[arg-type, misc]
        with serving(served) as site:
            assert site.ask().status == 500

    @pytest.mark.parametrize("kind", ["list", "generator", "raises", "breaks off", "is not read"])
    def test_afterwards(self, arrivals: Arrivals, kind: str) -> None:
        """Neither between two pieces nor after the end, well or not, has the server's thread a visitor."""

        def pieces(environ: dict[str, Any]) -> Iterator[bytes]:
            yield b"x"
            if kind == "breaks off":
                raise LookupError
            yield b"y"

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if kind == "raises":
                raise LookupError
            start_response("200 OK", [HTML])
            return [b"x"] if kind == "list" else pieces(environ)

        left = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": HOST, "HTTP_USER_AGENT": BROWSER}
        environ["REMOTE_ADDR"] = "127.0.0.1"
        try:
            body: Any = AnalyticsMiddleware(application)(environ, lambda *answer: None)
            left.append(current_visitor())
            pieces_read = body if kind != "is not read" else ()
            left.extend(current_visitor() for _ in pieces_read)
            getattr(body, "close", list)()
        except LookupError:
            pass
        left.append(current_visitor())
        assert set(left) == {None}
        assert arrivals.take() == [page("/")] * (kind != "raises")

    def test_two_layers(self, arrivals: Arrivals) -> None:
        """Of two middlewares one around the other, the outer one does all that is done."""
        inner = AnalyticsMiddleware(titled, anonymous_id="cookie")
        with serving(AnalyticsMiddleware(inner, anonymous_id="cookie", cookie_name="outer")) as site:
            cookies = [value for name, value in site.ask().headers if name == "Set-Cookie"]
        assert [cookie.partition("=")[0] for cookie in cookies] == ["outer"]
        assert [message["name"] for message in arrivals.take()] == ["/"]

    def test_unsampled_and_unwanted_requests_have_a_visitor(self, arrivals: Arrivals) -> None:
        """A request that is no page has a visitor for what is emitted in it; one who objects is nobody."""

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            analytics.track(event="Ordered")
            start_response("303 See Other", [HTML, ("Location", "/")])
            return [b""]

        with serving(AnalyticsMiddleware(application, get_user=signed_in)) as site:
            site.ask("/", {"X-User": "u-1"}, "POST")
            site.ask("/", {"X-User": "u-1", "Sec-GPC": "1"}, "POST")
        assert arrivals.people() == [("u-1", SOMEBODY)]


def test_error_that_is_named(arrivals: Arrivals) -> None:
    """An application may give ``exc_info`` by its name, as with a server."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [HTML], exc_info=None)
        return [TITLED]

    with serving(AnalyticsMiddleware(application)) as site:
        assert site.ask().status == 200
    assert arrivals.take() == [page("/")]
