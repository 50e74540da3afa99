"""Requests that are traced, too: what the instrumentation says on their spans, so that no page is made of these."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from serving import BROWSER, Arrivals, arriving

from otel_segment import SegmentSpanExporter
from otel_segment.inspector import LocalEndpoint
from otel_segment.instrumentation import asgi, wsgi

Ask = Callable[[str, Mapping[str, str]], None]
SETTINGS: dict[str, Any] = {"api_paths": "/api/*"}
DECIDED_AGAINST: list[tuple[str, dict[str, str]]] = [
    ("/gpc", {"Sec-GPC": "1"}),
    ("/healthz", {}),
    ("/prefetch", {"Sec-Purpose": "prefetch"}),
    ("/iframe", {"Sec-Fetch-Dest": "iframe"}),
    ("/fetch", {"Sec-Fetch-Dest": "empty"}),
    ("/fetch", {"X-Requested-With": "XMLHttpRequest"}),
    ("/program", {"User-Agent": "curl/8.0"}),
    ("/api/things", {}),
    ("/failure", {}),
]
"""Requests that make no page, for reasons of which a span without captured headers says nothing."""


@pytest.fixture(scope="module")
def arrivals() -> Iterator[Arrivals]:
    """What the instrumentation sends."""
    with arriving() as found:
        yield found


class Tracing:
    """A tracer whose server spans are kept, and exported with ``pages_from_spans``."""

    def __init__(self, endpoint: LocalEndpoint) -> None:
        self.endpoint = endpoint
        self._kept = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        mapping = {"pages_from_spans": True, "identity": {"anonymous_id": {"fallback": "trace"}}}
        exporter = SegmentSpanExporter(write_key="wk-0123456789abcdef", endpoint=endpoint.url, mapping=mapping)
        for each in (self._kept, exporter):
            self.provider.add_span_processor(SimpleSpanProcessor(each))

    def span(self, path: str) -> Any:
        """Begin the span of a page view, as one sees it who captures no headers of requests."""
        attributes: dict[str, Any] = {
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "url.path": path,
            "http.response.header.content-type": ["text/html"],
        }
        tracer = self.provider.get_tracer("server")
        return tracer.start_as_current_span("GET", kind=SpanKind.SERVER, attributes=attributes)

    def said(self) -> list[tuple[str, object]]:
        """Return the paths of all server spans, and what was said on each."""
        found = [span.attributes or {} for span in self._kept.get_finished_spans() if span.kind is SpanKind.SERVER]
        return [(str(span["url.path"]), span.get("analytics.page.sent")) for span in found]

    def pages(self) -> list[str]:
        """Return the names of the pages that were made of spans."""
        self.provider.shutdown()
        return [message["name"] for message in self.endpoint.received.messages]


@pytest.fixture
def tracing() -> Iterator[Tracing]:
    """A tracer for one test."""
    with LocalEndpoint() as endpoint:
        yield Tracing(endpoint)


def by_wsgi(tracing: Tracing, *, is_inside: bool) -> Ask:
    """Serve by WSGI, with tracing inside of the middleware or outside."""

    def page(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/failure":
            raise LookupError
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"x"]

    def traced(app: Any) -> Any:
        def call(environ: Any, start_response: Any) -> Any:
            with tracing.span(environ["PATH_INFO"]):
                return app(environ, start_response)

        return call

    app = wsgi.AnalyticsMiddleware(traced(page) if is_inside else page, **SETTINGS)
    served = app if is_inside else traced(app)

    def ask(path: str, headers: Mapping[str, str]) -> None:
        environ: dict[str, Any] = {"PATH_INFO": path}
        for name, value in headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        setup_testing_defaults(environ)
        with suppress(LookupError):
            served(environ, lambda *_: None)

    return ask


def by_asgi(tracing: Tracing) -> Ask:
    """Serve by ASGI, with tracing outside of the middleware."""

    async def page(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/failure":
            raise LookupError
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"x"})

    app = asgi.AnalyticsMiddleware(page, **SETTINGS)

    async def served(scope: Any) -> None:
        async def nothing(*_: Any) -> Any:
            """Receive and send nothing."""

        with tracing.span(scope["path"]):
            await app(scope, nothing, nothing)

    def ask(path: str, headers: Mapping[str, str]) -> None:
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        with suppress(LookupError):
            asyncio.run(served({"type": "http", "method": "GET", "path": path, "headers": pairs}))

    return ask


@pytest.mark.parametrize("kind", ["wsgi", "asgi", "wsgi, tracing inside"])
def test_no_page_where_it_was_decided(kind: str, tracing: Tracing, arrivals: Arrivals) -> None:
    """The span of each request says whether its page was sent, and makes none of its own, whatever was decided."""
    ask = by_asgi(tracing) if kind == "asgi" else by_wsgi(tracing, is_inside="inside" in kind)
    # Where nothing is answered nobody inside was seen; a failure has no status that a page view has.
    asked = [case for case in DECIDED_AGAINST if kind != "wsgi, tracing inside" or case[0] != "/failure"]
    for path, headers in [("/plain", {}), *asked]:
        ask(path, {"Host": "shop.example", "User-Agent": BROWSER, **headers})

    assert tracing.said() == [("/plain", True), *((path, False) for path, _ in asked)]
    assert tracing.pages() == []
    assert [message["name"] for message in arrivals.take()] == ["/plain"]


def test_other_requests_are_pages_of_their_spans(tracing: Tracing) -> None:
    """A span whose request the instrumentation never sees is a page as before."""
    with tracing.span("/elsewhere"):
        pass

    assert tracing.said() == [("/elsewhere", None)]
    assert tracing.pages() == ["/elsewhere"]


def test_files_that_are_mounted(tracing: Tracing, arrivals: Arrivals, tmp_path: Any) -> None:
    """With tracing inside of an application of Starlette, what a mount without routes answers is decided on, too."""
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    from otel_segment.instrumentation.starlette import SegmentStarletteInstrumentor

    middleware = pytest.importorskip("opentelemetry.instrumentation.asgi").OpenTelemetryMiddleware
    (tmp_path / "index.html").write_text("x")
    traced = Middleware(middleware, tracer_provider=tracing.provider)
    app = Starlette(routes=[Mount("/manual", StaticFiles(directory=tmp_path, html=True))], middleware=[traced])

    async def served(*headers: tuple[bytes, bytes]) -> None:
        async def receive() -> Any:
            # The client stays.
            await asyncio.Event().wait()

        async def send(_: Any) -> None:
            """Send nothing."""

        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/manual/", "root_path": ""}
        told = [(b"host", b"shop.example"), (b"user-agent", BROWSER.encode()), *headers]
        await app(scope | {"headers": told, "query_string": b"", "server": ("127.0.0.1", 80)}, receive, send)

    SegmentStarletteInstrumentor().instrument_app(app)
    try:
        asyncio.run(served())
        asyncio.run(served((b"sec-gpc", b"1")))
    finally:
        SegmentStarletteInstrumentor().uninstrument_app(app)

    assert tracing.pages() == []
    assert [message["type"] for message in arrivals.take()] == ["page"]
