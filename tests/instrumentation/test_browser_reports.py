"""What browsers report of pages: who may, how much, how often, and what becomes of it."""

import asyncio
import gc
import json
import os
import re
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from apps.browsed import plain_asgi, plain_wsgi
from asgi_serving import in_thread
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span
from running import APPS, environment
from serving import BROWSER, HOST, Arrivals, Site, arriving, normal, page, request, serving

from otel_segment.errors import ConfigurationError
from otel_segment.inspector import LocalEndpoint
from otel_segment.instrumentation import _held_pages, _report_files, _report_limit, asgi, wsgi
from otel_segment.instrumentation._browser_report import report_of
from otel_segment.instrumentation._browser_script import script
from otel_segment.instrumentation._report_files import ReportFiles
from otel_segment.instrumentation._report_limit import ReportLimit
from otel_segment.instrumentation._web import Web

PATH = "/_analytics/event"
SAME_ORIGIN = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
SEEN = {
    "title": "From the browser",
    "language": "de-CH",
    "timezone": "Europe/Zurich",
    "screen": [1920, 1080, 1.5, 1200, 800],
}
CONTEXT = {
    "locale": "de-CH",
    "timezone": "Europe/Zurich",
    "screen": {"width": 1920, "height": 1080, "density": 1.5, "innerWidth": 1200, "innerHeight": 800},
}

VIEW = """
import browsed, os, sys

def view(path):
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": "shop.example", "REMOTE_ADDR": "127.0.0.1"}
    browsed.wsgi({**request, "HTTP_USER_AGENT": sys.argv[1]}, lambda *_: None)

"""
FORK = """
view("/parent")
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    view("/child")
"""

Serve = Callable[..., AbstractContextManager["Reported"]]


class Reported:
    """A site that browsers report to.

    Args:
        site: The site.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ask = site.ask

    def view(self, path: str = "/", headers: dict[str, str] | None = None) -> str | None:
        """View a page, and return what its browser is told that it is."""
        found = [value for name, value in self.ask(path, headers).headers if name.lower() == "server-timing"]
        return re.fullmatch(r'page;desc="([0-9a-f.]+)"', found[0])[1] if found else None  # type: ignore[index]

    def report(self, body: object, headers: dict[str, str] | None = None) -> int:
        """Send a report, and return the status of the answer."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        every = {"Content-Length": str(len(raw)), **SAME_ORIGIN, **(headers or {})}
        return self.site.send(request(PATH, every, "POST") + raw, "POST").status


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Arrivals]:
    """What arrives from this module's applications."""
    with arriving(flush_interval=0.05) as arrivals:
        yield arrivals


@pytest.fixture(params=["wsgi", "asgi"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """Serve the application with settings of choice, by WSGI or by ASGI."""

    @contextmanager
    def by_wsgi(**more: Any) -> Iterator[Reported]:
        with serving(
            wsgi.AnalyticsMiddleware(plain_wsgi, **{"browser": True, "salt_folder": tmp_path, **more})
        ) as site:
            yield Reported(site)

    @contextmanager
    def by_asgi(**more: Any) -> Iterator[Reported]:
        app = asgi.AnalyticsMiddleware(plain_asgi, **{"browser": True, "salt_folder": tmp_path, **more})
        with in_thread(app, lifespan="off") as site:
            yield Reported(site)

    return by_wsgi if request.param == "wsgi" else by_asgi


@pytest.fixture
def site(serve: Serve) -> Iterator[Reported]:
    """A site that waits for browsers longer than a test takes."""
    with serve(browser_wait=60) as site:
        yield site


def ids(arrivals: Arrivals, count: int) -> list[str]:
    """Wait for so many events, without asking for what is held, and return their ids."""
    received = arrivals._endpoint.received
    assert received.wait_for(lambda found: len(found) >= count, 30)
    return [message["messageId"] for message in received.messages]


def names(arrivals: Arrivals) -> list[str]:
    """Return the names of the pages since the last time."""
    return [message["name"] for message in arrivals.take()]


def seen(path: str, **more: Any) -> dict[str, Any]:
    """Return the message of a page that its browser has completed."""
    return page(path, title="From the browser", context=CONTEXT, **more)


class TestScript:
    """The script."""

    def test_size(self) -> None:
        """The script takes one kilobyte at most."""
        assert len(script()) <= 1_024

    def test_answer(self, site: Reported) -> None:
        """The script is served from the same origin, to be kept for a day and confirmed after it."""
        reply = site.ask(f"{PATH}.js")
        headers = {name.lower(): value for name, value in reply.headers}
        again = site.ask(f"{PATH}.js", {"If-None-Match": headers["etag"]})

        assert (reply.status, reply.body) == (200, script())
        assert headers["content-type"] == "text/javascript; charset=utf-8"
        assert headers["cache-control"] == "public, max-age=86400"
        assert headers["x-content-type-options"] == "nosniff"
        assert (again.status, again.body) == (304, b"")

    @pytest.mark.parametrize(("method", "path"), [("POST", f"{PATH}.js"), ("GET", PATH), ("OPTIONS", PATH)])
    def test_methods(self, site: Reported, method: str, path: str) -> None:
        """The script is got and reports are posted, and nothing else."""
        assert site.ask(path, SAME_ORIGIN, method).status == 405

    def test_head(self, site: Reported) -> None:
        """The script's headers can be asked for alone."""
        reply = site.ask(f"{PATH}.js", method="HEAD")

        assert (reply.status, dict(reply.headers).get("Content-Length")) == (200, str(len(script()))) or (
            reply.status == 200 and dict(reply.headers)["content-length"] == str(len(script()))
        )


class TestOff:
    """Without the setting."""

    def test_by_default(self, serve: Serve, arrivals: Arrivals) -> None:
        """By default the application is asked for all paths, no page has an id to tell, and none waits."""
        with serve(browser=False) as site:
            assert site.view("/x") is None
            ids(arrivals, 1)

        assert arrivals.take() == [page("/x")]

    @pytest.mark.parametrize("path", ["event", "/", "/event/", "/a b", 3])
    def test_wrong_path(self, path: object) -> None:
        """A path that is none is refused when the application starts."""
        with pytest.raises(ConfigurationError, match="browser_path"):
            Web({"browser": True, "browser_path": path})


class TestPages:
    """Pages that were loaded."""

    def test_completed(self, site: Reported, arrivals: Arrivals) -> None:
        """A page is sent once, complete with what its browser reports, as soon as that comes."""
        name = site.view("/a?q=1")

        assert site.report({"id": name, "path": "/a?q=1", **SEEN}) == 204
        assert ids(arrivals, 1) == [str(name).partition(".")[0]]
        assert arrivals.take() == [seen("/a?q=1")]

    def test_without_its_browser(self, serve: Serve, arrivals: Arrivals) -> None:
        """A page whose browser reports nothing is sent without it when its time is over."""
        with serve(browser_wait=0.2) as site:
            site.view("/silent")
            ids(arrivals, 1)

        assert arrivals.take() == [page("/silent")]

    def test_too_late(self, serve: Serve, arrivals: Arrivals) -> None:
        """What a browser reports of a page that was sent already changes nothing."""
        with serve(browser_wait=0.1) as site:
            name = site.view("/late")
            ids(arrivals, 1)

            assert site.report({"id": name, **SEEN}) == 204

        assert arrivals.take() == [page("/late")]

    def test_replayed(self, site: Reported, arrivals: Arrivals) -> None:
        """A report that comes again, with other content too, changes nothing."""
        name = site.view("/again")
        reports = [{"id": name, **SEEN, "title": title} for title in ("From the browser", "Other", "Third")]

        assert [site.report(report) for report in reports] == [204, 204, 204]
        assert arrivals.take() == [seen("/again")]

    @pytest.mark.parametrize(
        "name",
        [None, 7, "", "page", "0" * 32, f"{'0' * 32}.18f.{'0' * 32}", "../../etc/passwd", ["x"], "x" * 8_000],
    )
    def test_unknown(self, site: Reported, arrivals: Arrivals, name: object) -> None:
        """Nothing comes of ids that were not made here."""
        assert site.report({"id": name, **SEEN}) == 204
        assert arrivals.take() == []

    def test_identity_is_not_the_bodys(self, site: Reported, arrivals: Arrivals) -> None:
        """Who the visitor is, and where, comes from the server, whatever a body says."""
        name = site.view("/mine")
        forged = {"userId": "eve", "anonymousId": "eve", "user_id": "eve", "ip": "192.0.2.1", "context": {"ip": "::1"}}

        site.report({"id": name, **SEEN, **forged, "path": "/admin", "messageId": "1", "type": "identify"})

        assert arrivals.take() == [seen("/mine")]

    def test_another_process(self, serve: Serve, arrivals: Arrivals, tmp_path: Path) -> None:
        """A report that reaches a process which does not hold the page is handed over to the one that does."""
        with serve(browser_wait=1.5) as holder, serve(browser_wait=1.5) as other:
            name = holder.view("/elsewhere")
            assert other.report({"id": name, **SEEN}) == 204
            assert [path.stat().st_mode & 0o077 for path in tmp_path.glob("browser-report-*")] == [0]
            ids(arrivals, 1)

        assert arrivals.take() == [seen("/elsewhere")]
        assert list(tmp_path.glob("*browser-report-*")) == []

    def test_without_a_folder(self, serve: Serve, arrivals: Arrivals, tmp_path: Path) -> None:
        """Where processes share no folder, a page whose report reaches another one is sent without it."""
        there = tmp_path / "file"
        there.mkdir()
        with serve(browser_wait=1, salt_folder=there) as holder, serve(browser_wait=1, salt_folder=there) as other:
            there.rmdir()
            there.write_text("")
            name = holder.view("/alone")
            assert other.report({"id": name, **SEEN}) == 204
            ids(arrivals, 1)

        assert arrivals.take() == [page("/alone")]

    def test_too_many(self, serve: Serve, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where more pages wait than may, the oldest is sent without its browser's part."""
        monkeypatch.setattr(_held_pages, "_MOST", 2)
        with serve(browser_wait=60) as site:
            names = [site.view(f"/{number}") for number in range(3)]
            assert ids(arrivals, 1) == [str(names[0]).partition(".")[0]]

        assert [message["name"] for message in arrivals.take()] == ["/0", "/1", "/2"]

    def test_shared_caches(self, site: Reported, arrivals: Arrivals) -> None:
        """An answer that a cache may hand on to others names no page, and its event does not wait."""
        assert site.view("/cached") is None
        ids(arrivals, 1)
        assert site.view("/kept") is not None
        assert names(arrivals) == ["/cached", "/kept"]

    def test_application_headers(self, serve: Serve, arrivals: Arrivals) -> None:
        """The headers with and without the setting differ by the page's name alone."""
        with serve() as with_it, serve(browser=False) as without:
            headers = [
                sorted((name.lower(), value) for name, value in each.ask("/kept").headers if name.lower() != "date")
                for each in (with_it, without)
            ]

        assert [pair for pair in headers[0] if pair[0] != "server-timing"] == headers[1]
        assert names(arrivals) == ["/kept", "/kept"]


class TestMoves:
    """Pages that a script has moved on to."""

    def test_new_page(self, site: Reported, arrivals: Arrivals) -> None:
        """A client-side navigation gives a new page with the parent's id, and the page before as its referrer."""
        name = site.view("/")
        site.report({"id": name, "path": "/", **SEEN})
        (parent,) = ids(arrivals, 1)
        arrivals.take()

        assert site.report({"id": name, "soft": True, "path": "/b%C3%A4r?x=1", "from": "/", **SEEN}) == 204

        (moved,) = arrivals.take()
        facts = {
            "path": "/bär",
            "url": f"http://{HOST}/b%C3%A4r?x=1",
            "search": "?x=1",
            "title": "From the browser",
            "referrer": f"http://{HOST}/",
        }
        expected = {
            "type": "page",
            "name": "/bär",
            "anonymousId": "somebody",
            "properties": {**facts, "name": "/bär", "parentEventId": parent},
            "context": {
                **CONTEXT,
                "channel": "server",
                "ip": "127.0.0.1",
                "userAgent": BROWSER,
                "page": {**facts, "host": HOST, "referring_domain": HOST},
            },
        }
        assert moved == expected

    def test_forged_parent(self, site: Reported, arrivals: Arrivals) -> None:
        """A parent that was not made here is left out."""
        assert site.report({"id": f"{'1' * 32}.1.{'2' * 32}", "soft": True, "path": "/x", **SEEN}) == 204
        assert arrivals.take() == [seen("/x")]

    @pytest.mark.parametrize(
        "path", [None, 1, "", "x", "//evil.example/", "/a b", "/a#b", "/\\evil", "/\n", "http://x/", "/" + "x" * 2_048]
    )
    def test_no_path(self, site: Reported, arrivals: Arrivals, path: object) -> None:
        """Nothing comes of what is no path of this site."""
        assert site.report({"soft": True, "path": path, **SEEN}) == 204
        assert arrivals.take() == []

    def test_unwanted(self, serve: Serve, arrivals: Arrivals) -> None:
        """Excluded URLs, paths of interfaces and bots make no page here either."""
        with serve(excluded_urls="/admin", api_paths="/api/*") as site:
            site.report({"soft": True, "path": "/admin", **SEEN})
            site.report({"soft": True, "path": "/api/x", **SEEN})
            site.report({"soft": True, "path": "/x", **SEEN}, {"User-Agent": "Googlebot/2.1"})

        assert arrivals.take() == []

    def test_cookie(self, serve: Serve, arrivals: Arrivals) -> None:
        """The visitor is the one of the cookie, which no report sets."""
        visitor = "0b5e3d36-4a57-4c8e-9d8c-0123456789ab"
        report = {"soft": True, "path": "/x"}
        with serve(anonymous_id="cookie, pseudonym") as site:
            site.report(report, {"Cookie": f"otel_visitor={visitor}"})
            raw = json.dumps(report).encode()
            reply = site.site.send(
                request(PATH, {"Content-Length": str(len(raw)), **SAME_ORIGIN}, "POST") + raw, "POST"
            )

        assert "set-cookie" not in {name.lower() for name, _ in reply.headers}
        assert arrivals.people() == [(None, visitor), (None, "somebody")]

    def test_user(self, serve: Serve, arrivals: Arrivals) -> None:
        """The user is who ``get_user`` says, where there is no framework to prepare something for it."""
        with serve(get_user=lambda request: "ada") as site:
            site.report({"soft": True, "path": "/x", "userId": "eve"})

        assert [user for user, _ in arrivals.people()] == ["ada"]


class TestObjections:
    """People who do not want it."""

    def test_gpc(self, site: Reported, arrivals: Arrivals) -> None:
        """A browser that objects is told no page, and what it reports makes none."""
        assert site.view("/", {"Sec-GPC": "1"}) is None
        assert site.report({"soft": True, "path": "/x", **SEEN}, {"Sec-GPC": "1"}) == 204
        assert arrivals.take() == []

    def test_dnt_and_consent(self, serve: Serve, arrivals: Arrivals) -> None:
        """Do Not Track counts where it is set to, unless consent says so."""
        report = {"soft": True, "path": "/x"}
        agreed = {"Cookie": 'choices={"analytics":true}', "DNT": "1"}
        with serve(respect_dnt=True, consent_cookie="json:choices") as site:
            site.report(report, {"DNT": "1"})
            assert arrivals.take() == []
            site.report(report, agreed)

        (given_consent,) = arrivals.take()
        assert given_consent["context"]["consent"] == {"categoryPreferences": {"analytics": True}}


class TestRefusals:
    """Reports that are not read."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://{HOST}.evil.example"},
            {"Origin": f"http://{HOST}:8443"},
            {"Origin": f"http://{HOST}@evil.example"},
            {"Origin": "http://[::1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "", "Origin": "", "Referer": "https://evil.example/"},
            {"Sec-Fetch-Site": "", "Origin": ""},
        ],
    )
    def test_foreign(self, site: Reported, arrivals: Arrivals, headers: dict[str, str]) -> None:
        """What does not come from this site is refused, and what does not say where it comes from."""
        assert site.report({"soft": True, "path": "/x"}, headers) == 403
        assert arrivals.take() == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": ""},
            {"Origin": ""},
            {"Origin": f"https://{HOST}"},
            {"Sec-Fetch-Site": "", "Origin": "", "Referer": f"http://{HOST}/a"},
        ],
    )
    def test_own(self, site: Reported, arrivals: Arrivals, headers: dict[str, str]) -> None:
        """What comes from this site is taken, whichever of the headers a browser sends."""
        assert site.report({"soft": True, "path": "/x"}, headers) == 204
        assert names(arrivals) == ["/x"]

    @pytest.mark.parametrize("length", ["9216", "9" * 5_000, "-1", "x", "²"])
    def test_length(self, site: Reported, arrivals: Arrivals, length: str) -> None:
        """A report of more than 8 KB is refused, and one whose length is no number."""
        head = request(PATH, {**SAME_ORIGIN, "Content-Length": length}, "POST")
        status = site.site.send(head + b" " * (9_216 if length == "9216" else 0), "POST").status

        assert status == 413 or (length != "9216" and status in {400, 431})
        assert arrivals.take() == []

    def test_chunks(self, site: Reported, arrivals: Arrivals) -> None:
        """A report in pieces, which does not say its length, has the same limit."""
        head = request(PATH, {**SAME_ORIGIN, "Transfer-Encoding": "chunked"}, "POST")
        small = json.dumps({"soft": True, "path": "/x"}).encode()
        statuses = [
            site.site.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "POST").status
            for body in (b" " * 9_216, small)
        ]

        # wsgiref reads none of it, and says so of itself.
        assert statuses in ([413, 204], [204, 204])
        assert names(arrivals) in (["/x"], [])

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 8_000, b"9" * 8_000, b'{"soft":1,"path":"/"}'])
    def test_no_report(self, site: Reported, arrivals: Arrivals, body: bytes) -> None:
        """Nothing comes of a body that is no report."""
        assert site.report(body) == 204
        assert arrivals.take() == []

    def test_rate(self, site: Reported, arrivals: Arrivals) -> None:
        """Of a thousand reports of one visitor most are refused, and another visitor's are taken."""
        report = {"soft": True, "path": "/x"}
        statuses = [site.report(report) for _ in range(200)]

        assert set(statuses) == {204, 429}
        assert statuses.count(204) <= 120
        assert site.report(report, {"User-Agent": f"{BROWSER} (another)"}) == 204
        assert len(arrivals.take()) == statuses.count(204) + 1

    def test_rate_of_an_address(self, monkeypatch: pytest.MonkeyPatch, serve: Serve, arrivals: Arrivals) -> None:
        """Who calls himself somebody else with each report is refused by his address, which is not his to choose."""
        monkeypatch.setattr(_report_limit, "_MOST_OF_ADDRESS", 5)
        report = {"soft": True, "path": "/x"}
        with serve(trusted_proxies=1) as site:
            statuses = [
                site.report(report, {"User-Agent": f"{BROWSER} {number}", "X-Forwarded-For": f"{number}, 192.0.2.1"})
                for number in range(20)
            ]
            assert site.report(report, {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}) == 204

        assert set(statuses) == {204, 429}
        # The ten seconds may have been over in between.
        assert statuses.count(204) <= 10
        assert len(arrivals.take()) == statuses.count(204) + 1


class TestLimit:
    """How many reports are taken."""

    def test_one_visitor(self) -> None:
        """Of a thousand reports a second sixty are taken in ten seconds, and sixty in the next ten."""
        limit = ReportLimit()

        assert sum(limit.allows("a", "192.0.2.1", 100 + number / 1_000) for number in range(1_000)) == 60
        assert limit.allows("b", "192.0.2.1", 101)
        assert sum(limit.allows("a", "192.0.2.1", 110 + number / 1_000) for number in range(1_000)) == 60

    @pytest.mark.parametrize(("address", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::%x", "2001:db8:0:1::1")])
    def test_one_address(self, address: str, other: str) -> None:
        """Whoever an address says to be, six hundred reports of it are taken in ten seconds, and others' go on."""
        limit = ReportLimit()
        addresses = [address.replace("%x", f"{number:x}") for number in range(5_000)]

        assert sum(limit.allows(str(number), address, 1) for number, address in enumerate(addresses)) == 600
        assert limit.allows("5000", other, 1)
        assert limit.allows("5001", addresses[0], 11)

    def test_visitor_and_address(self) -> None:
        """What is refused for a visitor's sake leaves the room to the others at the address."""
        limit = ReportLimit()

        assert sum(limit.allows("a", "192.0.2.1", 1) for _ in range(10_000)) == 60
        assert limit.allows("b", "192.0.2.1", 1)

    def test_many(self) -> None:
        """However many come, none is refused for the others' sake: the oldest in the table is forgotten."""
        limit = ReportLimit()

        assert sum(limit.allows("a", "192.0.2.1", 1) for _ in range(100)) == 60
        assert all(limit.allows(str(number), f"10.0.{number // 256}.{number % 256}", 2) for number in range(10_000))
        assert limit.allows("b", "192.0.2.2", 2)
        assert len(limit._visitors._windows) == len(limit._addresses._windows) == 4_096


class TestFiles:
    """Reports for pages that other processes hold."""

    def test_for_nobody(self, serve: Serve, arrivals: Arrivals, tmp_path: Path) -> None:
        """Reports of pages that were completed, settled or reported before leave no file."""
        with serve(browser_wait=0.1) as quick, serve(browser_wait=1.5) as slow:
            settled = quick.view("/settled")
            ids(arrivals, 1)
            completed = slow.view("/completed")
            for name in (settled, completed, completed):
                assert (quick if name == settled else slow).report({"id": name, **SEEN}) == 204
            elsewhere = slow.view("/elsewhere")
            assert quick.report({"id": elsewhere, **SEEN}) == 204
            assert [path.name for path in tmp_path.glob("*browser-report-*")] == [
                f"browser-report-{str(elsewhere).partition('.')[0]}"
            ]
            ids(arrivals, 3)
            assert quick.report({"id": elsewhere, **SEEN}) == 204
            assert list(tmp_path.glob("*browser-report-*")) == []

        assert arrivals.take() == [page("/settled"), seen("/completed"), seen("/elsewhere")]

    def test_first_one_counts(self, serve: Serve, arrivals: Arrivals) -> None:
        """Of several reports of one page the process that holds it is handed the first."""
        with serve(browser_wait=1.5) as holder, serve(browser_wait=1.5) as other:
            name = holder.view("/elsewhere")
            for title in (SEEN["title"], "Other"):
                assert other.report({"id": name, **SEEN, "title": title}) == 204
            ids(arrivals, 1)

        assert arrivals.take() == [seen("/elsewhere")]

    @pytest.mark.parametrize("size", [100, 4_000])
    def test_room(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int) -> None:
        """The files and their bytes have an end, whatever processes write: a part more for each that does so, too."""
        monkeypatch.setattr(_report_files, "_MOST_FILES", 64)
        monkeypatch.setattr(_report_files, "_MOST_TOTAL", 64_000)
        monkeypatch.setattr(_report_files, "_PAUSE", 0)
        processes = [ReportFiles(str(tmp_path)) for _ in range(3)]
        for number in range(300):
            processes[number % 3].put(f"{number:032x}", b"x" * size)
        _wait_for_threads("otel-segment-reports")
        sizes = [path.stat().st_size for path in tmp_path.iterdir()]

        assert 4 <= len(sizes) <= 64 * 5 // 4
        assert sum(sizes) <= 64_000 * 5 // 4

    def test_room_again(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Where files were taken, there is room for others."""
        monkeypatch.setattr(_report_files, "_MOST_FILES", 16)
        monkeypatch.setattr(_report_files, "_PAUSE", 0)
        files = ReportFiles(str(tmp_path))
        for number in range(100):
            files.put(f"{number:032x}", b"x")
            files.take(f"{number:032x}")
            _wait_for_threads("otel-segment-reports")
        files.put("f" * 32, b"x")

        assert files.take("f" * 32) == b"x"

    def test_old_ones(self, tmp_path: Path) -> None:
        """With a first report, what nobody has taken for two minutes is deleted, and what is newer is not."""
        for name, age in (("browser-report-old", 200), (".browser-report-old", 200), ("browser-report-new", 60)):
            (tmp_path / name).write_bytes(b"x")
            os.utime(tmp_path / name, (time.time() - age,) * 2)
        ReportFiles(str(tmp_path)).put("1" * 32, b"x")
        _wait_for_threads("otel-segment-reports")

        assert {path.name for path in tmp_path.iterdir()} == {"browser-report-new", f"browser-report-{'1' * 32}"}


class TestHeld:
    """What a page keeps while it is held."""

    def test_no_request(self, arrivals: Arrivals, tmp_path: Path) -> None:
        """Nothing of the request is kept but what the event says."""

        class Scope(dict[str, Any]):
            """A scope that can be looked after."""

        async def send(message: Any) -> None:
            """Send nothing."""

        scope = Scope(scope_of("/held", headers=[(b"x-secret", b"x" * 100_000)]))
        gone = weakref.ref(scope)
        app = asgi.AnalyticsMiddleware(plain_asgi, browser=True, browser_wait=60, salt_folder=tmp_path)
        asyncio.run(app(scope, send, send))  # type: ignore[arg-type]
        del scope
        gc.collect()

        assert gone() is None
        assert names(arrivals) == ["/held"]

    def test_trace(self, arrivals: Arrivals, tmp_path: Path) -> None:
        """The trace of the request is the page's, whenever it is sent."""

        async def send(message: Any) -> None:
            """Send nothing."""

        app = asgi.AnalyticsMiddleware(plain_asgi, browser=True, browser_wait=60, salt_folder=tmp_path)
        span = NonRecordingSpan(SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(1)))
        with use_span(span):
            asyncio.run(app(scope_of("/traced"), send, send))  # type: ignore[arg-type]

        (message,) = arrivals.take()
        assert message["context"]["trace"] == {"traceId": f"{7:032x}", "spanId": f"{9:016x}"}


def scope_of(path: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    """Return the scope of a request by ASGI."""
    usual = [(b"host", HOST.encode()), (b"user-agent", BROWSER.encode())]
    return {"type": "http", "method": "GET", "path": path, "headers": [*usual, *headers], "client": ("127.0.0.1", 1)}


def _wait_for_threads(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(30)


class TestReports:
    """What is read of a report."""

    @given(
        st.binary(max_size=200)
        | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode)
    )
    @settings(max_examples=100)
    def test_any_bytes(self, body: bytes) -> None:
        """Whatever is sent, nothing is raised."""
        report_of(body)

    @pytest.mark.parametrize(
        ("said", "attributes"),
        [
            ({"title": "  a\n b \ud800"}, {"analytics.page.title": "a b ?"}),
            ({"title": "x" * 600}, {"analytics.page.title": "x" * 512}),
            ({"title": 1, "language": 2, "timezone": 3, "screen": 4}, {}),
            ({"language": "de_DE; drop", "timezone": "a b", "screen": [1, 2]}, {}),
            ({"screen": [1920, -1, 99, True, "7"]}, {"analytics.screen": {"width": 1920}}),
            ({"screen": [70_000, 1e400, 2, 0, 800]}, {"analytics.screen": {"density": 2, "innerHeight": 800}}),
        ],
    )
    def test_values(self, said: dict[str, Any], attributes: dict[str, Any]) -> None:
        """What is not as it should be is left out."""
        report = report_of(json.dumps(said).encode())

        assert report is not None
        assert report.attributes == attributes


class TestEnd:
    """The end of a process."""

    def test_flush(self, site: Reported, arrivals: Arrivals) -> None:
        """Who flushes gets the pages that wait, too."""
        site.view("/waits")

        assert arrivals.take() == [page("/waits")]

    def test_exit(self) -> None:
        """A process that ends sends the pages that it holds."""
        with LocalEndpoint() as endpoint:
            env = environment(endpoint.url, WAIT="60", PYTHONPATH=str(APPS))
            subprocess.run([sys.executable, "-c", f"{VIEW}view('/')", BROWSER], env=env, check=True, timeout=60)
            assert [normal(message) for message in endpoint.received.messages] == [page("/")]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
    def test_fork(self, tmp_path: Path) -> None:
        """A forked process leaves the pages that its parent holds to the parent, and sends its own."""
        with LocalEndpoint() as endpoint:
            env = environment(endpoint.url, WAIT="60", PYTHONPATH=str(APPS))
            subprocess.run([sys.executable, "-c", f"{VIEW}{FORK}", BROWSER], env=env, check=True, timeout=60)
            assert sorted(message["name"] for message in endpoint.received.messages) == ["/child", "/parent"]

    def test_thread_ends(self, monkeypatch: pytest.MonkeyPatch, serve: Serve, arrivals: Arrivals) -> None:
        """The thread that waits for pages ends when there are none, and begins again with the next."""
        monkeypatch.setattr(_held_pages, "_IDLE", 0.05)
        others = set(threading.enumerate())
        with serve(browser_wait=0.1) as site:
            for path in ("/one", "/two"):
                site.view(path)
                ids(arrivals, 1)
                assert names(arrivals) == [path]
                deadline = time.monotonic() + 30
                while any(thread.name == "otel-segment-pages" for thread in set(threading.enumerate()) - others):
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
