"""The unchanged Flask application under ``opentelemetry-instrument``, behind real servers."""

import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from running import Server, environment
from serving import HOST, SOMEBODY, Site, normal, page

from otel_segment.inspector import LocalEndpoint

pytest.importorskip("flask")
pytest.importorskip("flask_login")
pytest.importorskip("gunicorn")
pytest.importorskip("opentelemetry.instrumentation.flask")

LAUNCHER = Path(sys.executable).with_name("opentelemetry-instrument")
SYNC = ("--workers=2", "--worker-class=sync")
THREADS = ("--workers=2", "--worker-class=gthread", "--threads=8")

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.skipif(not LAUNCHER.exists(), reason="needs opentelemetry-distro"),
]


class Run:
    """A server that is running, and what has arrived from it.

    Args:
        site: The server, to be asked.
        endpoint: Where its events go.
    """

    def __init__(self, site: Site, endpoint: LocalEndpoint) -> None:
        self.site = site
        self._endpoint = endpoint
        self.output = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What has arrived, but for what differs from run to run; all of it when the server has ended."""
        return [normal(message) for message in self._endpoint.received.messages]


@contextmanager
def gunicorn(application: str, options: Sequence[str], home: Path, **variables: str) -> Iterator[Run]:
    """Run gunicorn, which imports the application before it forks; what its processes say is in ``output`` then."""
    chosen = {"OTEL_LOGS_EXPORTER": "segment", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    command = [str(LAUNCHER), sys.executable, "-m", "gunicorn", "--preload", "--bind=127.0.0.1:{port}", *options]
    with LocalEndpoint() as endpoint:
        env = environment(endpoint.url, **chosen | variables, HOME=str(home), TMPDIR=str(home))
        env = {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}
        with Server(*command, application, env=env) as server:
            run = Run(Site(server._port), endpoint)
            wait_for(run.site)
            yield run
        run.output = server.output


def wait_for(site: Site) -> None:
    """Wait until a server listens."""
    deadline = time.monotonic() + 60
    with socket.socket() as connection:
        while connection.connect_ex(("127.0.0.1", site.port)):
            assert time.monotonic() < deadline
            time.sleep(0.05)


VISITS = ["/", "/goods/7", "/office/orders/3", "/news", "/wait?for=you", "/enter/1", "/data", "/moved", "/broken"]
VISITS += ["/nothing", "/same", "/lost", "/catalogue", "/account"]
PAGES = [
    page("/", title="The shop"),
    page("/goods/7", "/goods/<int:number>", title="Article 7"),
    page("/office/orders/3", "/office/orders/<number>", title="Order 3"),
    page("/news", title="News"),
    page("/wait?for=you", "/wait"),
    page("/enter/1", "/enter/<number>", title="Hello", userId="1"),
    page("/account", title="Account", userId="1"),
]


@pytest.mark.parametrize(
    ("options", "traced"), [(SYNC, False), (THREADS, True)], ids=["sync, alone", "gthread, with tracing"]
)
def test_unchanged_application(options: Sequence[str], traced: bool, tmp_path: Path) -> None:
    """Each page is one event of one visitor, whichever worker served it, in its trace where there is one."""
    tracing = {"OTEL_TRACES_EXPORTER": "console"} if traced else {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask"}
    title = {"OTEL_INSTRUMENTATION_SEGMENT_CAPTURE_TITLE": "true"}
    with gunicorn("flask_site:app", options, tmp_path, **tracing, **title) as run:
        for path in VISITS:
            run.site.ask(path)
            run.site.ask(path, method="HEAD")
        cookie = run.site.ask("/enter/1").cookie.partition(";")[0]
        run.site.ask("/account", {"Cookie": cookie})
    # /enter was asked for twice.
    messages = sorted(run.messages, key=lambda message: message["properties"]["path"])
    traces = [message["context"].pop("trace", None) for message in messages]
    expected = sorted([*PAGES, PAGES[5]], key=lambda message: message["properties"]["path"])
    assert messages == expected, run.output
    assert {message["anonymousId"] for message in messages} == {SOMEBODY}
    if traced:
        spans = dict(re.findall(r'"span_id": "0x(\w+)",\s*"trace_state": "\[\]"\s*},\s*"kind": "(\S+)"', run.output))
        assert [spans[trace["spanId"]] for trace in traces] == ["SpanKind.SERVER"] * len(traces)
        assert len({trace["traceId"] for trace in traces}) == len(traces)
    else:
        assert traces == [None] * len(traces)


def test_thousand_requests_of_two_visitors(tmp_path: Path) -> None:
    """A thousand requests of two people, on threads of two workers, mix them up in no page and no event by hand."""
    people = {"1": "Mozilla/5.0 (X11; Linux) Firefox/141.0", "2": "Mozilla/5.0 (Macintosh) Firefox/142.0"}
    with gunicorn("flask_tracked:app", THREADS, tmp_path) as run:

        def ask(turn: int) -> int:
            number = str(turn % 2 + 1)
            return run.site.ask(f"/bought/{number}", {"X-Token": number, "User-Agent": people[number]}).status

        with ThreadPoolExecutor(16) as pool:
            assert Counter(pool.map(ask, range(1_000))) == {200: 1_000}
    told = Counter(
        (
            message["type"],
            message["userId"],
            message["properties"].get("by") or message["properties"]["path"].rpartition("/")[2],
            message["context"]["userAgent"],
            message["context"]["page"]["url"],
        )
        for message in run.messages
    )
    assert told == {
        (kind, number, number, agent, f"http://{HOST}/bought/{number}"): 500
        for kind in ("page", "track")
        for number, agent in people.items()
    }, run.output


def test_left_out(tmp_path: Path) -> None:
    """Whoever leaves the instrumentor out by its name, which is none of OpenTelemetry's own, gets no pages."""
    with gunicorn("flask_site:app", SYNC, tmp_path, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="segment_flask") as run:
        assert run.site.ask("/").status == 200
    assert run.messages == []
