"""The header that a visitor is handed on in, the hosts that get it, and the callers that are believed."""

import http.client
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import requests
from requesting import MAKERS, Maker

from otel_segment import use_visitor
from otel_segment.emit import Visitor
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation._callers import parse_callers, take_over
from otel_segment.instrumentation._handed_on import Baggage, entries_of, joined, read
from otel_segment.instrumentation._hosts import parse_hosts
from otel_segment.instrumentation._settings import resolve_web
from otel_segment.instrumentation._trust import parse_trust
from otel_segment.instrumentation._web import Web

ADA = Visitor("ada, \u00fc\r\n", "a=1;b", session_id="s", consent={"ads": False, "x,y": True})


def test_what_is_written_is_read() -> None:
    """Ids and consent arrive as they were, whatever characters they have."""
    written = entries_of(ADA, is_asked=True)

    assert written.isascii()
    assert read(f"tenant=acme;p=1, {written}") == Baggage(ADA, "tenant=acme;p=1")


def test_nobody_is_handed_on_as_nobody() -> None:
    """A visitor of a request who is not to be known is said to be nobody; where nothing is known, nothing is said."""
    assert read(entries_of(Visitor(), is_asked=True)) == Baggage(Visitor(), "")
    assert entries_of(Visitor(ip="203.0.113.7"), is_asked=False) == ""


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        ("", None),
        ("tenant=acme,user.id=7", None),
        ("%61nalytics.user.id=x", ""),
        ("a=1,%C2%A0analytics.user.id%20=x , b=2", "a=1, b=2"),
        ("analytics.session.id=x", ""),
        ("analytics.user.id", ""),
        ("a=" + "x" * 8_200, ""),
    ],
)
def test_what_is_ours_is_taken_out(header: str, rest: str | None) -> None:
    """Our entries are found in every spelling that OpenTelemetry reads, and others are never touched."""
    assert read(header).rest == rest


@pytest.mark.parametrize("consent", ["no", "[1]", "{", "[" * 3_000])
def test_ids_do_not_go_without_their_consent(consent: str) -> None:
    """Ids whose consent cannot be read are those of nobody known."""
    assert read(f"analytics.user.id=ada,analytics.consent={quote(consent)}").visitor is None
    assert entries_of(Visitor("ada", consent={"x" * 9_000: True}), is_asked=True) == ""


def test_a_full_header_stays_as_it_is() -> None:
    """A header that has no room for the visitor within the limits of W3C Baggage keeps what the application put in."""
    entries = entries_of(Visitor("ada"), is_asked=True)
    many, long = ",".join(f"k{number}=v" for number in range(64)), "k=" + "v" * 8_180

    assert [joined(full, entries) for full in (many, long)] == [many, long]
    assert joined("k=v,analytics.user.id=mallory", entries) == "k=v,analytics.user.id=ada"
    assert joined("analytics.user.id=mallory", "") == ""


@pytest.mark.parametrize(
    ("listed", "host", "port", "expected"),
    [
        ("prices.example", "PRICES.example.", 443, True),
        ("prices.example", "evil-prices.example", 443, False),
        ("prices.example", "prices.example.evil.test", 443, False),
        ("*.internal.example", "a.b.internal.example", 80, True),
        ("*.internal.example", "internal.example", 80, False),
        ("*.internal.example", "xinternal.example", 80, False),
        ("api-*.example", "api-1.example", 80, True),
        ("api-*.example", "api-1.evil.example", 80, False),
        ("localhost:8080", "localhost", 8080, True),
        ("localhost:8080", "localhost", 80, False),
        ("[::1]", "0:0::1", 80, True),
        ("b\u00fccher.example", "xn--bcher-kva.example", 80, True),
        ("a.example, b.example", "b.example", 80, True),
    ],
)
def test_hosts(listed: str, host: str, port: int, expected: bool) -> None:
    """A host is listed as it is, with any port or one, and with a star for parts of it."""
    assert parse_hosts(listed).has(host, port) is expected


@pytest.mark.parametrize("wrong", ["*", "shop.*", "https://a.example", "a.example/x", "user@a.example", "a b"])
def test_what_is_no_host(wrong: str) -> None:
    """What is no host, or could be anybody's, is refused."""
    with pytest.raises(ConfigurationError, match="propagate_to"):
        resolve_web({"propagate_to": wrong}, {})


@pytest.mark.parametrize("wrong", [1, "2", "everybody"])
def test_what_is_no_network(wrong: object) -> None:
    """Callers are told by their networks alone."""
    with pytest.raises(ConfigurationError, match="trusted_callers"):
        resolve_web({"trusted_callers": wrong}, {})


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "expected"),
    [
        (None, "10.0.0.5", None, True),
        (None, "203.0.113.9", None, False),
        (None, "203.0.113.9", "10.0.0.5", False),
        (None, "10.0.0.1", "203.0.113.9", False),
        ("10.0.0.1", "10.0.0.1", "203.0.113.9", False),
        ("10.0.0.1", "10.0.0.1", "10.0.0.5", True),
        ("10.0.0.1", "10.0.0.1", "10.0.0.5, 203.0.113.9", False),
        ("10.0.0.1", "10.0.0.1", "nonsense", False),
        ("private", "10.0.0.5", None, True),
    ],
)
def test_who_is_believed(make: Maker, proxies: str | None, peer: str, forwarded: str | None, expected: bool) -> None:
    """Who sent a request has to be a trusted caller; that a trusted machine passed it on is not enough."""
    headers = {"baggage": "tenant=acme,analytics.user.id=ada"}
    request = make(headers | ({"X-Forwarded-For": forwarded} if forwarded else {}), peer=peer)
    visitor, had_any = take_over(request, parse_callers("10.0.0.0/8"), parse_trust(proxies).client)

    assert (visitor, had_any) == (Visitor("ada") if expected else None, True)
    assert request.header("baggage") == "tenant=acme"


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Via", "1.1 proxy"),
        ("X-Real-IP", "203.0.113.9"),
        ("X-Forwarded-Host", "shop.example"),
        ("X-Forwarded-Proto", "https"),
        ("CF-Connecting-IP", "203.0.113.9"),
        ("True-Client-IP", "203.0.113.9"),
        ("X-Client-IP", "203.0.113.9"),
        ("X-Cluster-Client-IP", "203.0.113.9"),
        ("Fly-Client-IP", "203.0.113.9"),
    ],
)
def test_proxies_that_do_not_say_whose_request_it_is(make: Maker, name: str, value: str) -> None:
    """A request that a trusted machine passed on is the caller's whom ``X-Forwarded-For`` names, and else nobody's."""

    def taken(**more: str) -> Visitor | None:
        request = make({"baggage": "analytics.user.id=ada", name: value} | more, peer="10.0.0.1")
        return take_over(request, parse_callers("10.0.0.0/8"), parse_trust("10.0.0.1").client)[0]

    assert taken() is None
    assert taken(**{"X-Forwarded-For": "203.0.113.9"}) is None
    assert taken(**{"X-Forwarded-For": "10.0.0.5"}) == Visitor("ada")


@pytest.mark.parametrize("make", MAKERS)
def test_a_trace_is_no_sign_of_a_proxy(make: Maker) -> None:
    """What services say of traces and requests among themselves leaves them callers."""
    ids = {"X-Amzn-Trace-Id": "Root=1-2-3", "X-Request-ID": "7", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    request = make({"baggage": "analytics.user.id=ada"} | ids, peer="10.0.0.5")

    assert take_over(request, parse_callers("10.0.0.0/8"), parse_trust(None).client) == (Visitor("ada"), True)


class _Recording(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked.append((self.headers["Host"].partition(":")[0], self.headers["baggage"]))
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", f"http://localhost:{server.server_port}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Any]:
    """Return a server that keeps what it was asked; only its address in digits is listed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Recording) as server:
        recorder: Any = server
        recorder.asked = []
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        web = Web({"propagate": True, "propagate_to": f"127.0.0.1:{server.server_port}"})
        yield server
        web.close()
        server.shutdown()
        thread.join()


def _urllib(url: str, headers: dict[str, str]) -> None:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        urllib.request.Request(url, headers=headers)
    ) as answer:
        answer.read()


def _requests(url: str, headers: dict[str, str]) -> None:
    requests.get(url, headers=headers, timeout=30)


def _httpx(url: str, headers: dict[str, str]) -> None:
    pytest.importorskip("httpx").get(url, headers=headers, follow_redirects=True, trust_env=False)


def _httpx_async(url: str, headers: dict[str, str]) -> None:
    import asyncio

    httpx = pytest.importorskip("httpx")

    async def ask() -> None:
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
            await client.get(url, headers=headers)

    asyncio.run(ask())


def _aiohttp(url: str, headers: dict[str, str]) -> None:
    import asyncio

    aiohttp = pytest.importorskip("aiohttp")

    async def ask() -> None:
        async with aiohttp.ClientSession() as client, client.get(url, headers=headers) as answer:
            await answer.read()

    asyncio.run(ask())


@pytest.mark.parametrize("ask", [_urllib, _requests, _httpx, _httpx_async, _aiohttp])
def test_clients(recorder: Any, ask: Callable[[str, dict[str, str]], None]) -> None:
    """A client hands the visitor to the listed host alone, not where that sends it, and keeps the application's."""
    with use_visitor("ada"):
        ask(f"http://127.0.0.1:{recorder.server_port}/away", {"Baggage": "k=v,analytics.user.id=mallory"})
        ask(f"http://localhost:{recorder.server_port}/", {"Baggage": "analytics.user.id=mallory"})
    ask(f"http://127.0.0.1:{recorder.server_port}/", {})

    assert recorder.asked == [
        ("127.0.0.1", "k=v,analytics.user.id=ada"),
        ("localhost", "k=v"),
        ("localhost", None),
        ("127.0.0.1", None),
    ]


def test_clients_are_left_as_they_were() -> None:
    """When nobody hands visitors on any more, the clients are as before."""
    before = http.client.HTTPConnection.__dict__["putheader"]
    first, second = (Web({"propagate": True, "propagate_to": host}) for host in ("a.example", "b.example"))
    first.close()
    assert http.client.HTTPConnection.__dict__["putheader"] is not before
    second.close()
    assert http.client.HTTPConnection.__dict__["putheader"] is before


def test_without_propagate_nothing_is_done() -> None:
    """A list of hosts alone hands nothing on."""
    Web({"propagate_to": "127.0.0.1"})
    assert not hasattr(http.client.HTTPConnection.putheader, "__wrapped__")
