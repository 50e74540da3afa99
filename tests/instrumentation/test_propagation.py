"""A visitor's way through several services, in several processes each."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from running import Server, environment

from otel_segment.inspector import LocalEndpoint

for needed in ("flask", "starlette", "gunicorn", "uvicorn", "opentelemetry.instrumentation.auto_instrumentation"):
    pytest.importorskip(needed)
for needed in ("requests", "flask", "starlette"):
    pytest.importorskip(f"opentelemetry.instrumentation.{needed}")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs several loopback addresses")

STRANGER = "127.0.0.2"
"""The address that the browser has: not the services' own."""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
PREFIX = "OTEL_INSTRUMENTATION_SEGMENT_"
PATIENT = "--timeout-worker-healthcheck=120"
"""uvicorn kills a worker that takes longer to begin, and begins it again."""
ENOUGH = 12
"""Requests after which two processes of each service have usually had their turn."""


class Recorder(ThreadingHTTPServer):
    """A server that keeps what it was asked: host, path and ``baggage``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recording)
        self.asked: list[tuple[str, str, str | None]] = []


class _Recording(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        host = self.headers["Host"].partition(":")[0]
        server.asked.append((host, self.path, self.headers["baggage"]))
        self.send_response(302 if self.path == "/redirect" else 200)
        if self.path == "/redirect":
            self.send_header("Location", f"http://localhost:{server.server_port}/redirected")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


class Chain:
    """The services, and what comes of them."""

    def __init__(self, first: Server, third: Server, endpoint: LocalEndpoint, recorder: Recorder) -> None:
        self.first, self.third = first, third
        self.endpoint = endpoint
        self.recorder = recorder

    def ask(self, server: Server, path: str, headers: Mapping[str, str]) -> list[str]:
        """Ask a service as a browser does, from another address than the services'."""
        connection = HTTPConnection("127.0.0.1", server._port, timeout=30, source_address=(STRANGER, 0))
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"User-Agent": BROWSER, **headers})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            return answer.read().decode().split()

    def messages(self, wanted: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return what has arrived since the last time, when it is all there."""
        assert self.endpoint.received.wait_for(lambda seen: wanted(self.endpoint.received.messages), 30), (
            self.endpoint.received.messages
        )
        messages = self.endpoint.received.messages
        self.endpoint.received.clear()
        return messages


def command(*parts: str) -> list[str]:
    """Return a command of this environment, run by OpenTelemetry's launcher where it is to be."""
    return [str(Path(sys.executable).with_name(parts[0])), *parts[1:]]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    """Run the services, two processes of each."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(LocalEndpoint())
        recorder = Recorder()
        threading.Thread(target=recorder.serve_forever, args=(0.05,), daemon=True).start()
        stack.callback(recorder.server_close)
        stack.callback(recorder.shutdown)
        listed, others = f"127.0.0.1:{recorder.server_port}", f"localhost:{recorder.server_port}"
        gunicorn = command(
            "opentelemetry-instrument", *command("gunicorn"), "--workers=2", "--bind=127.0.0.1:{port}",
            "three_services:site",
        )  # fmt: skip
        env = environment(
            endpoint.url,
            OTEL_TRACES_EXPORTER="none",
            OTEL_METRICS_EXPORTER="none",
            OTEL_LOGS_EXPORTER="segment",
            OTEL_BLRP_SCHEDULE_DELAY="100",
            OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL="0.1",
            **{f"{PREFIX}ANONYMOUS_ID": "segment", f"{PREFIX}TRUSTED_CALLERS": "127.0.0.1"},
        )
        others_asked = f"http://{listed}/listed http://{others}/unlisted http://{listed}/redirect"
        third = Server(*gunicorn, env=env | {"OTHERS": others_asked} | propagating(listed))
        to_third = {"NEXT": f"http://127.0.0.1:{third._port}/third"} | propagating(f"127.0.0.1:{third._port}")
        uvicorn = command("uvicorn", "--workers=2", PATIENT, "--port={port}", "second_service:app")
        second = Server(*uvicorn, env=env | to_third)
        knowing = {
            f"{PREFIX}GET_USER": "three_services:signed_in",
            f"{PREFIX}SESSION_COOKIE": "sitting",
            f"{PREFIX}CONSENT_COOKIE": "json:consent",
        }
        to_second = {"NEXT": f"http://127.0.0.1:{second._port}/second"} | propagating("127.0.0.1")
        first = Server(*gunicorn, env=env | to_second | knowing)
        for server in (third, second, first):
            stack.enter_context(server)
        for server in (third, second, first):
            wait_for(server)
        yield Chain(first, third, endpoint, recorder)


def propagating(*hosts: str) -> dict[str, str]:
    """Return the settings of a service that hands visitors on."""
    return {f"{PREFIX}PROPAGATE": "true", f"{PREFIX}PROPAGATE_TO": ",".join(hosts)}


def wait_for(server: Server) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        connection = HTTPConnection("127.0.0.1", server._port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/nothing")
            connection.getresponse().read()
            return
        assert time.monotonic() < deadline, server._process.communicate()
        time.sleep(0.05)


ADA = {
    "X-User": "ada",
    "Cookie": "ajs_anonymous_id=device-1; sitting=s-1; consent=%7B%22analytics%22%3Atrue%2C%22ads%22%3Afalse%7D",
}
FORGED = "analytics.user.id=mallory,analytics.anonymous_id=forged,%61nalytics.session.id=forged,tenant=acme"
IDS = "analytics.user.id=ada,analytics.anonymous_id=device-1,analytics.session.id=s-1"
CONSENT = "analytics.consent=%7B%22analytics%22%3Atrue%2C%22ads%22%3Afalse%7D"


def person(message: dict[str, Any]) -> tuple[Any, ...]:
    """Return whom a message is about."""
    context = message["context"]
    consent = context.get("consent", {}).get("categoryPreferences")
    return message.get("userId"), message.get("anonymousId"), context.get("sessionId"), consent


def test_the_third_service_knows_the_visitor_of_the_first(chain: Chain) -> None:
    """Whatever processes are on the way, the third's events have the visitor, consent and trace of the first's page."""
    chain.recorder.asked.clear()
    processes = {tuple(chain.ask(chain.first, "/first", ADA)) for _ in range(ENOUGH)}
    messages = chain.messages(lambda seen: len(seen) >= 3 * ENOUGH)

    names = [message.get("event", message.get("name")) for message in messages]
    assert {name: names.count(name) for name in names} == dict.fromkeys(
        ("/first", "Price Asked", "Price Noted"), ENOUGH
    )
    ada = ("ada", "device-1", "s-1", {"analytics": True, "ads": False})
    assert [person(message) for message in messages] == [ada] * len(messages)
    traces = [message["context"]["trace"]["traceId"] for message in messages]
    assert {traces.count(trace) for trace in traces} == {3}
    assert [message["context"].get("ip") for message in messages if message["type"] == "track"] == [None] * 2 * ENOUGH
    assert len(processes) > 1


def test_only_listed_hosts_get_the_visitor(chain: Chain) -> None:
    """A host that is not listed gets nothing, not even by a redirect of one that is."""
    chain.recorder.asked.clear()
    chain.ask(chain.first, "/first", ADA)
    chain.messages(lambda seen: len(seen) >= 3)

    assert chain.recorder.asked == [
        ("127.0.0.1", "/listed", f"{IDS},{CONSENT}"),
        ("localhost", "/unlisted", None),
        ("127.0.0.1", "/redirect", f"{IDS},{CONSENT}"),
        ("localhost", "/redirected", None),
    ]


def test_a_forged_header_changes_nothing(chain: Chain) -> None:
    """A stranger who names somebody is nobody known, at once and at every service behind, and the rest is kept."""
    chain.recorder.asked.clear()
    ordinary = {"Cookie": "ajs_anonymous_id=device-2"}
    chain.ask(chain.first, "/first", ordinary | {"baggage": FORGED})
    chain.ask(chain.third, "/third", ordinary | {"baggage": FORGED})
    messages = chain.messages(lambda seen: len(seen) >= 5)

    assert [person(message) for message in messages] == [(None, "device-2", None, None)] * 5
    assert {(host, header) for host, _, header in chain.recorder.asked} == {
        ("127.0.0.1", "tenant=acme,analytics.anonymous_id=device-2"),
        ("localhost", "tenant=acme"),
    }


def test_an_objection_is_handed_on(chain: Chain) -> None:
    """Of a person who asks not to be followed the services behind make nobody else, and no event."""
    chain.recorder.asked.clear()
    chain.ask(chain.first, "/first", {"X-User": "ada", "Sec-GPC": "1"})
    chain.ask(chain.first, "/first", ADA)
    messages = chain.messages(lambda seen: len(seen) >= 3)

    assert {message["userId"] for message in messages} == {"ada"}
    assert len(messages) == 3
    assert [header for _, path, header in chain.recorder.asked if path == "/listed"] == [
        "analytics.visitor=none",
        f"{IDS},{CONSENT}",
    ]
