"""Django with no change in the application, behind real servers: what a browser asks, and what arrives."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from asking import BROWSER, HOST, Process, Reply, page, process, track
from running import APPS, environment

pytest.importorskip("django")
pytest.importorskip("gunicorn")
pytest.importorskip("uvicorn")

WSGI = ("-m", "gunicorn", "--preload", "--threads=8", "--bind=127.0.0.1:{port}", "django_site.wsgi")
ASGI = ("-m", "uvicorn", "--port={port}", "--lifespan=off", "--log-level=warning", "django_site.asgi:application")
RUNSERVER = ("-m", "django", "runserver", "--noreload", "{port}")
SERVERS = {"wsgi": WSGI, "asgi": ASGI}
OURS = "segment_django"
TRACING = "django"
_PASSING = ("age", "connection", "date", "expires", "last-modified", "server", "transfer-encoding")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database of the site, with people in it."""
    pytest.importorskip("opentelemetry.instrumentation.django")
    path = tmp_path_factory.mktemp("site") / "site.db"
    env = environment("", SITE_DATABASE=str(path), DJANGO_SETTINGS_MODULE="django_site.settings", PYTHONPATH=str(APPS))
    subprocess.run([sys.executable, APPS / "django_site" / "people.py"], env=env, check=True)
    return path


class Servers:
    """Servers that are started when they are first asked for."""

    def __init__(self, database: Path, running: ExitStack) -> None:
        self._database = database
        self._running = running
        self._known: dict[tuple[str, ...], Process] = {}

    def get(self, kind: str, without: str = TRACING, settings: str = "django_tracked") -> Process:
        """Return a server.

        Args:
            kind: ``wsgi``, ``asgi`` or ``runserver``.
            without: What is not to be instrumented.
            settings: The site's settings.
        """
        key = (kind, without, settings)
        if key not in self._known:
            command = SERVERS.get(kind, RUNSERVER)
            found = process(
                *command,
                DJANGO_SETTINGS_MODULE=settings,
                SITE_DATABASE=str(self._database),
                OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=without,
                HOME=str(self._database.parent),
            )
            self._known[key] = self._running.enter_context(found)
        return self._known[key]


@pytest.fixture(scope="module")
def servers(database: Path) -> Iterator[Servers]:
    """Return the servers."""
    with ExitStack() as running:
        yield Servers(database, running)


@pytest.fixture(params=list(SERVERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Return one kind of server after the other."""
    return str(request.param)


@pytest.fixture
def site(servers: Servers, kind: str) -> Process:
    """Return a server of the site, one of WSGI and one of ASGI."""
    found = servers.get(kind)
    found.take()
    return found


def headers(reply: Reply) -> list[tuple[str, str]]:
    """Return the headers that are neither the server's own nor the time's."""
    return [(name, value) for name, value in reply.headers if name.lower() not in _PASSING]


def session_of(reply: Reply) -> dict[str, str]:
    """Return the cookie that a browser sends from then on."""
    return {"Cookie": next(value for value in reply.values("set-cookie") if "sessionid" in value).partition(";")[0]}


def test_page_view(site: Process) -> None:
    """A page that a person views makes one page call, with all that the request says of the person."""
    said = {"Accept-Language": "de-DE,de;q=0.9", "Referer": "https://search.example/?q=hats"}

    assert site.ask("/shop/hat/?utm_source=mail&q=1", said).status == 200

    expected = page(
        "/shop/hat/?utm_source=mail&q=1",
        "/shop/<slug:slug>/",
        referrer="https://search.example/?q=hats",
        context={"locale": "de-DE", "campaign": {"source": "mail"}},
    )
    expected["context"]["page"]["referring_domain"] = "search.example"
    assert site.take(1) == [expected]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "/"),
        ("/shop/hat/", "/shop/<slug:slug>/"),
        ("/shop/archive/2024/12/", "/shop/archive/<year>/<var>/"),
        ("/desk/", "/desk/"),
        ("/file/", "/file/"),
    ],
)
def test_route(site: Process, path: str, name: str) -> None:
    """A page is named by the whole route, of functions, classes, asynchronous views, included and regular ones."""
    assert site.ask(path).status == 200
    assert site.take(1) == [page(path, name)]


@pytest.mark.parametrize("path", ["/sync/7/", "/async/7/"])
def test_event_within_a_request(site: Process, kind: str, path: str) -> None:
    """What a view emits has the request's visitor, in threads and in event loops."""
    assert site.ask(path).status == 200

    name = path.replace("7", "<int:number>")
    mine, viewed = site.take(2)
    assert mine.pop("properties")["number"] == 7
    assert mine == track(path, "Worked" if path == "/sync/7/" else "Waited", properties=None)
    assert viewed == page(path, name)


@pytest.mark.parametrize("path", ["/stream/7/", "/astream/7/"])
def test_stream(site: Process, path: str) -> None:
    """A streamed answer is one page, comes whole, and what emits on the way has the request's visitor."""
    reply = site.ask(path)

    assert (reply.body.count(b"<p>"), reply.values("content-length")) == (100, [])
    by_type = {message["type"]: message for message in site.take(2)}
    assert by_type == {
        "page": page(path, path.replace("7", "<int:number>")),
        "track": track(path, "Streamed", properties={"number": 7}),
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/", 200),
        ("OPTIONS", "/desk/", 200),
        ("POST", "/get/", 405),
        ("GET", "/old/", 302),
        ("GET", "/sync", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/json/", 200),
        ("GET", "/download/", 200),
        ("GET", "/boom/", 500),
        ("GET", "/aboom/", 500),
        ("GET", "/static/none.css", 404),
    ],
)
def test_no_page(site: Process, method: str, path: str, status: int) -> None:
    """What is not viewed as a page makes none: other methods, statuses, kinds and files to keep."""
    assert site.ask(path, method=method).status == status
    assert site.ask("/").status == 200
    assert site.take(1) == [page("/")]


def test_not_modified(site: Process) -> None:
    """A page that has not changed makes none."""
    (tag,) = site.ask("/").values("etag")

    assert site.ask("/", {"If-None-Match": tag}).status == 304
    assert site.take(1) == [page("/")]


@pytest.mark.parametrize("said", [{"Host": "evil.example"}, {"Host": "a b"}, {"Host": "x" * 5_000}, {"Host": ""}])
def test_host_that_is_not_allowed(site: Process, servers: Servers, kind: str, said: dict[str, str]) -> None:
    """A host that Django refuses is answered as ever, and makes no event."""
    expected = servers.get(kind, f"{OURS},{TRACING}").ask("/", said)

    assert site.ask("/", said)[::2] == expected[::2]
    assert expected.status >= 400
    assert site.take() == []


def test_scheme_that_a_header_says(site: Process) -> None:
    """What a client says of its scheme is not believed, although Django has been told to."""
    site.ask("/", {"X-Scheme": "https", "X-Real-IP": "192.0.2.1"})

    assert site.take(1) == [page("/")]


def test_user_who_signs_in(site: Process) -> None:
    """Who signs in during a request is known from then on, and in the next one if the application asks."""
    reply = site.ask("/login/ada/")
    opened, signed_in, viewed = site.take(3)

    assert opened == track("/login/ada/", "Sign-in Opened", properties={"was": "True"})
    assert signed_in == track("/login/ada/", "Signed In", userId="1")
    assert viewed == page("/login/ada/", "/login/<str:name>/", userId="1")

    assert b"ada" in site.ask("/who/", session_of(reply)).body
    assert site.take(1) == [page("/who/", userId="1")]

    site.ask("/logout/", session_of(reply))
    assert site.take(1) == [page("/logout/")]


def test_user_who_signs_in_asynchronously(site: Process) -> None:
    """Who signs in in an asynchronous view is known from then on."""
    site.ask("/alogin/grace/")

    assert site.take(2) == [
        track("/alogin/grace/", "Signed In", userId="2"),
        page("/alogin/grace/", "/alogin/<str:name>/", userId="2"),
    ]


def test_user_of_a_session_that_is_loaded(site: Process) -> None:
    """Where the application has looked at the session and not at the user, nobody is named: Django may refuse both."""
    reply = site.ask("/login/ada/")
    site.ask("/session/", session_of(reply))

    assert site.take(4)[-1] == page("/session/")


PATHS = ("/", "/desk/", "/session/", "/who/", "/cached/", "/file/", "/stream/1/", "/boom/", "/old/", "/nowhere")


def test_answer_stays_as_it_is(site: Process, servers: Servers, kind: str) -> None:
    """Status, headers and body are the same with and without us, signed in or not, and no query is made more."""
    bare = servers.get(kind, f"{OURS},{TRACING}")
    cookie = session_of(bare.ask("/login/ada/"))

    def answers(server: Process, said: dict[str, str]) -> list[tuple[int, list[tuple[str, str]], bytes]]:
        replies = [server.ask(path, said) for path in PATHS]
        return [(reply.status, headers(reply), reply.body) for reply in replies]

    for said in ({}, cookie):
        before = [int(server.ask("/queries/").body) for server in (site, bare)]
        assert answers(site, said) == answers(bare, said)
        after = [int(server.ask("/queries/").body) for server in (site, bare)]
        assert after[0] - before[0] == after[1] - before[1]
    site.take()


def test_session_that_is_not_loaded(site: Process) -> None:
    """A page that does not look at the session neither varies by cookie nor asks the database, and nobody is named."""
    cookie = session_of(site.ask("/login/ada/"))
    site.take()
    before = site.ask("/queries/").body

    reply = site.ask("/", cookie)

    assert (reply.values("vary"), reply.values("set-cookie")) == ([], [])
    assert site.ask("/queries/").body == before
    assert site.take(1) == [page("/")]


@pytest.mark.parametrize("path", ["/traced/", "/atraced/", "/cached/"])
@pytest.mark.parametrize("kind", ["wsgi", "asgi", "runserver"])
def test_trace(servers: Servers, kind: str, path: str) -> None:
    """With OpenTelemetry's tracing the page has the request's trace, whose span is over when the answer begins."""
    site = servers.get(kind, without="", settings="django_site.settings")
    site.take()
    trace_id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

    body = site.ask(path, {"traceparent": f"00-{trace_id}-{parent}-01"}).body.decode()

    (viewed,) = site.take(1)
    trace = viewed["context"].pop("trace")
    assert viewed == page(path)
    assert trace["traceId"] == trace_id
    assert trace["spanId"] != parent
    if path != "/cached/":
        assert f"{trace['traceId']}-{trace['spanId']}" == body


def test_runserver(servers: Servers) -> None:
    """Django's own server makes pages of pages, and none of static files."""
    site = servers.get("runserver", without="", settings="django_site.settings")
    site.take()

    assert site.ask("/shop/hat/").status == 200
    assert site.ask("/static/none.css").status == 404

    (viewed,) = site.take(1)
    assert viewed["context"].pop("trace")
    assert viewed == page("/shop/hat/", "/shop/<slug:slug>/")


def test_visitors_interleaved(site: Process, kind: str) -> None:
    """Of a thousand requests of two visitors at the same time, in threads and event loops, none are mixed up."""
    count = 1_000

    def ask(number: int) -> int:
        view = "sync" if number % 4 < 2 else "async"
        return site.ask(f"/{view}/{number}/", {"User-Agent": f"{BROWSER} visitor-{number % 2}"}).status

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(count))) == {200}
    messages = site.take(2 * count)

    numbers = Counter((message["type"], _number(message)) for message in messages)
    assert numbers == Counter((each, number) for each in ("page", "track") for number in range(count))
    for message in messages:
        number = _number(message)
        assert message["context"]["userAgent"] == f"{BROWSER} visitor-{number % 2}"
        assert message["context"]["page"]["url"] in {f"http://{HOST}/{view}/{number}/" for view in ("sync", "async")}


def _number(message: dict[str, Any]) -> int:
    found = message["properties"].get("number")
    return int(re.findall(r"\d+", message["properties"]["path"])[0]) if found is None else int(found)
