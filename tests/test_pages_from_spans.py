"""Pages of server spans: through the real exporter, behind the SDK's batch processor."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from converting import Messages
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from test_cases import Drops, arrived, assert_payloads, end_all, nanoseconds
from test_mapping_command import as_otlp_attributes, otlp_span

from otel_segment import SegmentSpanExporter
from otel_segment.cli import main
from otel_segment.inspector import LocalEndpoint

ON = {"pages_from_spans": True}
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"

NEW: dict[str, Any] = {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.scheme": "https",
    "server.address": "shop.example.com:8443",
    "server.port": 8000,
    "url.path": "/shoes/7",
    "url.query": "utm_source=mail",
    "client.address": "203.0.113.7",
    "user_agent.original": BROWSER,
    "http.route": "/shoes/<int:number>",
    "user.id": "u-1",
}
OLD: dict[str, Any] = {
    "http.method": "GET",
    "http.status_code": 200,
    "http.scheme": "https",
    "http.host": "shop.example.com:8443",
    "http.server_name": "127.0.0.1",
    "net.host.port": 8000,
    "http.target": "/shoes/7?utm_source=mail",
    "net.peer.ip": "203.0.113.7",
    "http.user_agent": BROWSER,
    "http.route": "/shoes/<int:number>",
    "enduser.id": "u-1",
}
WHOLE_URL: dict[str, Any] = {
    **{key: value for key, value in OLD.items() if key != "http.host"},
    "http.url": "https://user:word@shop.example.com:8443/shoes/7?utm_source=mail",
    "http.target": "/shoes/7",
}
PAGE = {
    "type": "page",
    "messageId": "<any>",
    "userId": "u-1",
    "name": "/shoes/<int:number>",
    "timestamp": "2026-01-02T03:04:05.678Z",
    "properties": {
        "name": "/shoes/<int:number>",
        "path": "/shoes/7",
        "search": "?utm_source=mail",
        "url": "https://shop.example.com:8443/shoes/7?utm_source=mail",
    },
    "context": {
        "app": {"name": "shop"},
        "campaign": {"source": "mail"},
        "channel": "server",
        "ip": "203.0.113.7",
        "library": {"name": "otel-segment", "version": "<version>"},
        "page": {
            "host": "shop.example.com:8443",
            "path": "/shoes/7",
            "search": "?utm_source=mail",
            "url": "https://shop.example.com:8443/shoes/7?utm_source=mail",
        },
        "trace": {"spanId": SPAN_ID, "traceId": TRACE_ID},
        "userAgent": BROWSER,
    },
}


def span(attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a server span as a case has one."""
    return {
        "name": "GET /shoes/<int:number>",
        "kind": "SERVER",
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "start": "2026-01-02T03:04:05.678Z",
        "end": "2026-01-02T03:04:06Z",
        "attributes": attributes,
        "events": [],
        **fields,
    }


def case(*spans: dict[str, Any]) -> dict[str, Any]:
    """Return spans of one service."""
    return {"resource": {"service.name": "shop"}, "spans": spans}


def made_of(mapping: Any, *spans: dict[str, Any], **settings: Any) -> tuple[Messages, list[str]]:
    """Return the messages that spans make, and the reasons of drops."""
    messages: Messages = []
    drops = Drops()

    def look(message: dict[str, Any]) -> dict[str, Any]:
        messages.append(message)
        return message

    settings = {"mapping": mapping, "before_send": look, "on_dropped": drops, **settings}
    end_all(case(*spans), SegmentSpanExporter(write_key="k", disabled=True, **settings))
    return messages, [drop["reason"] for drop in drops.reasons]


def pages(*changes: dict[str, Any], base: dict[str, Any] = NEW) -> int:
    """Return how many pages a span makes that is a page but for these attributes; null takes one away."""
    attributes = {**base}
    for change in changes:
        attributes.update(change)
    found, reasons = made_of(ON, span({key: value for key, value in attributes.items() if value is not None}))
    assert reasons == []
    return len(found)


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """Yield a Segment-compatible endpoint."""
    with LocalEndpoint() as running:
        yield running


class TestPage:
    """What the page of a span says."""

    @pytest.mark.parametrize(
        "attributes", [NEW, OLD, {**OLD, **NEW}, WHOLE_URL], ids=["new", "old", "both", "whole URL"]
    )
    def test_whole_payload(self, attributes: dict[str, Any], endpoint: LocalEndpoint) -> None:
        """Old and new names, and both at once, make the same page."""
        drops = Drops()

        exporter = SegmentSpanExporter(write_key="k", endpoint=endpoint.url, mapping=ON, on_dropped=drops)
        end_all(case(span(attributes)), exporter)

        assert_payloads([{**PAGE}], arrived(endpoint))
        assert drops.reasons == []

    def test_the_same_span_again(self) -> None:
        """A span that is exported twice is one page; another span is another."""
        (first,), _ = made_of(ON, span(NEW))
        (again,), _ = made_of(ON, span(NEW))
        (other,), _ = made_of(ON, span(NEW, span_id="b7ad6b7169203332"))

        assert first["messageId"] == again["messageId"] != other["messageId"]

    def test_without_a_route(self) -> None:
        """A page without a route is named by its path."""
        (page,), _ = made_of(ON, span({**OLD, "http.route": ""}))

        assert page["name"] == "/shoes/7"

    def test_captured_headers(self) -> None:
        """Captured headers tell the host, the referrer and the language, in either spelling."""
        headers = {
            "http.request.header.host": ["www.example.com"],
            "http.request.header.referer": ["https://search.example/?q=shoes"],
            "http.request.header.accept_language": ["de-CH,de"],
        }

        for base in (NEW, OLD, WHOLE_URL):
            (page,), _ = made_of(ON, span({**base, **headers}))
            assert page["context"]["page"]["url"] == "https://www.example.com/shoes/7?utm_source=mail"
            assert page["context"]["page"]["referring_domain"] == "search.example"
            assert page["context"]["locale"] == "de-CH"

    def test_what_the_span_gives(self) -> None:
        """Attributes of ours on the span belong to the page; its other attributes are no properties."""
        given = {
            "analytics.name": "Shoe",
            "analytics.category": "Shop",
            "analytics.page.title": "A shoe",
            "analytics.properties.color": "red",
            "analytics.type": "identify",
            "thread.name": "main",
            "worker": 3,
        }

        (page,), _ = made_of(ON, span({**NEW, **given}))

        assert (page["type"], page["name"], page["category"]) == ("page", "Shoe", "Shop")
        assert page["context"]["page"]["title"] == "A shoe"
        assert set(page["properties"]) == {"name", "category", "title", "path", "search", "url", "color"}

    def test_events_on_the_span(self) -> None:
        """Events on the span are sent as always, after its page."""
        event = {"name": "Viewed", "timestamp": "2026-01-02T03:04:05.7Z", "attributes": {"analytics.type": "track"}}

        found, _ = made_of(ON, span(NEW, events=[event]))

        assert [message["type"] for message in found] == ["page", "track"]


class TestRules:
    """Which spans are page views."""

    def test_not_asked_for(self) -> None:
        """Without ``pages_from_spans`` no span is a page."""
        assert made_of(None, span(NEW)) == ([], [])
        assert made_of({"select": "named"}, span(NEW)) == ([], [])

    @pytest.mark.parametrize("kind", ["CLIENT", "INTERNAL", "PRODUCER", "CONSUMER"])
    def test_kinds(self, kind: str) -> None:
        """Spans of other kinds are none."""
        assert made_of(ON, span(NEW, kind=kind)) == ([], [])

    @pytest.mark.parametrize("base", [NEW, OLD], ids=["new", "old"])
    @pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "get", None])
    def test_methods(self, base: dict[str, Any], method: str | None) -> None:
        """Only GET is a view."""
        name = "http.request.method" if base is NEW else "http.method"

        assert pages({name: method}, base=base) == 0

    @pytest.mark.parametrize("base", [NEW, OLD], ids=["new", "old"])
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            *((status, 1) for status in (200, 203, 206, "200")),
            *((status, 0) for status in (204, 205, 302, 304, 404, 500, 20, None)),
        ],
    )
    def test_statuses(self, base: dict[str, Any], status: Any, expected: int) -> None:
        """Only an answer of 2xx that has a body is a view."""
        name = "http.response.status_code" if base is NEW else "http.status_code"

        assert pages({name: status}, base=base) == expected

    @pytest.mark.parametrize("name", ["content-type", "content_type"])
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (["text/html; charset=utf-8"], 1),
            ("Text/HTML", 1),
            (["application/json"], 0),
            (["text/htmlx"], 0),
            (["image/png"], 0),
        ],
    )
    def test_content_types(self, name: str, value: Any, expected: int) -> None:
        """Where the content type was captured it decides, whatever the path looks like."""
        captured = {f"http.response.header.{name}": value}

        assert pages(captured) == expected
        assert pages(captured, {"url.path": "/old/page.json"}) == expected
        assert pages(captured, {"http.request.header.accept": ["*/*"]}) == expected

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({"accept": ["text/html,application/xhtml+xml,*/*;q=0.8"]}, 1),
            ({"accept": ["application/xml", "text/html"]}, 1),
            ({"accept": ["*/*"]}, 0),
            ({"accept": ["application/json"]}, 0),
            ({"sec-fetch-dest": ["document"]}, 1),
            ({"sec_fetch_dest": ["document"], "accept": ["*/*"]}, 1),
            ({"sec-fetch-dest": ["empty"]}, 0),
            ({"sec_fetch_dest": ["image"]}, 0),
            ({"sec-fetch-dest": ["empty"], "accept": ["text/html"]}, 0),
        ],
    )
    def test_request_headers(self, headers: dict[str, list[str]], expected: int) -> None:
        """Without a content type, what the browser asked for tells."""
        assert pages({f"http.request.header.{name}": value for name, value in headers.items()}) == expected

    def test_a_fragment_is_no_page(self) -> None:
        """HTML that a script fetched is a part of a page."""
        captured = {
            "http.response.header.content-type": ["text/html"],
            "http.request.header.sec-fetch-dest": ["empty"],
        }

        assert pages(captured) == 0

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/", 1),
            ("/shoes.v2/list", 1),
            ("/index.html", 1),
            ("/about.php", 1),
            ("/static/app.js", 0),
            ("/a.min.CSS", 0),
            ("/logo.png", 0),
            ("/favicon.ico", 0),
            ("/terms.pdf", 0),
        ],
    )
    def test_static_files(self, path: str, expected: int) -> None:
        """Where no header was captured, the suffix of a path tells files from pages."""
        assert pages({"url.path": path}) == expected
        assert pages({"http.target": f"{path}?v=1.0"}, base=OLD) == expected

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("sec-purpose", "prefetch;prerender"),
            ("sec_purpose", "prefetch"),
            ("purpose", "prefetch"),
            ("x-moz", "prefetch"),
            ("x-purpose", "preview"),
        ],
    )
    def test_prefetches(self, name: str, value: str) -> None:
        """What a browser fetches before anybody asks for it is no view."""
        assert pages({f"http.request.header.{name}": [value]}) == 0

    @pytest.mark.parametrize(
        ("agent", "expected"),
        [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 0),
            ("SomeCrawler/1.0", 0),
            ("Baiduspider", 0),
            ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/100.0", 1),
            ("Mozilla/5.0 (Linux; CUBOT X19; compatible; bingbot/2.0)", 0),
            (BROWSER, 1),
        ],
    )
    def test_robots(self, agent: str, expected: int) -> None:
        """A user agent that says that it is a robot views nothing."""
        assert pages({"user_agent.original": agent}) == expected
        assert pages({"http.user_agent": agent}, base=OLD) == expected
        assert pages({"user_agent.original": None, "http.request.header.user_agent": [agent]}) == expected

    @pytest.mark.parametrize("kind", ["bot", "test"])
    def test_synthetic_traffic(self, kind: str) -> None:
        """What the instrumentation calls a robot or a test is no view."""
        assert pages({"user_agent.synthetic.type": kind}) == 0

    def test_global_privacy_control(self) -> None:
        """Who objects by Global Privacy Control is not seen, unless the person consented to something here."""
        objection = {"http.request.header.sec-gpc": ["1"]}

        assert pages(objection) == 0
        assert pages(objection, {"analytics.consent.analytics": False}) == 0
        assert pages(objection, {"analytics.consent.analytics": True}) == 1

    def test_sent_by_the_web_instrumentation(self) -> None:
        """A span whose request the web instrumentation has looked at makes no page, whatever that made of it."""
        assert pages({"analytics.page.sent": True}) == 0
        assert pages({"analytics.page.sent": False}) == 0

    def test_neither_path_nor_route(self) -> None:
        """A span that does not say what was asked for is none; a route alone will do."""
        nowhere: dict[str, Any] = {"url.path": None, "url.query": None}

        assert pages(nowhere, {"http.route": None}) == 0
        assert pages(nowhere) == 1

    @pytest.mark.parametrize("value", ["x" * 100_000, [1, 2], 7, 0.5, True, "\udc80", ["\udc80"]])
    @pytest.mark.parametrize("base", [NEW, OLD, WHOLE_URL], ids=["new", "old", "whole URL"])
    def test_odd_attributes(self, base: dict[str, Any], value: Any) -> None:
        """Whatever an attribute holds, nothing is raised and no page is lost for a defect of ours."""
        headers = ("accept", "host", "sec-gpc", "sec-fetch-dest", "purpose", "user-agent")
        more = [f"http.request.header.{name}" for name in headers]
        for name in (*base, *more, "http.response.header.content-type", "user_agent.synthetic.type"):
            _, reasons = made_of(ON, span({**base, name: value}))
            assert set(reasons) <= {"event_too_large", "missing_identity"}


class TestMapping:
    """What a mapping makes of such pages."""

    def test_nobody(self) -> None:
        """A page of nobody is dropped and counted, unless the trace stands in."""
        nobody = span({name: value for name, value in NEW.items() if name != "user.id"})

        assert made_of(ON, nobody) == ([], ["missing_identity"])
        (page,), reasons = made_of({**ON, "identity": {"anonymous_id": {"fallback": "trace"}}}, nobody)
        assert (page["anonymousId"], reasons) == (TRACE_ID, [])

    def test_identity(self) -> None:
        """The mapping's identity is looked for among the span's attributes."""
        (page,), _ = made_of(
            {**ON, "identity": {"user_id": ["shop.customer"]}}, span({**NEW, "shop.customer": 7, "session.id": "s"})
        )

        assert (page["userId"], page["context"]["sessionId"]) == ("7", "s")

    @pytest.mark.parametrize("base", [NEW, OLD, WHOLE_URL], ids=["new", "old", "whole URL"])
    def test_ignored_by_path(self, base: dict[str, Any]) -> None:
        """Rules know such an event as ``page``, and its path by the stable name."""
        rule = {"match": {"event": "page", "attributes": {"url.path": {"glob": "/shoes/*"}}}, "ignore": True}

        assert made_of({**ON, "rules": [rule]}, span(base)) == ([], ["ignored_by_rule"])

    def test_renamed(self) -> None:
        """A rule can give the page another name, and properties."""
        rule = {"match": "page", "name": {"template": "{http.route} page"}, "properties": {"status": "span.worker"}}

        (page,), _ = made_of({**ON, "rules": [rule]}, span({**NEW, "worker": 3}))

        assert page["name"] == page["properties"]["name"] == "/shoes/<int:number> page"
        assert page["properties"]["status"] == 3

    def test_another_call(self) -> None:
        """A rule can make another call of it."""
        rule = {"match": "page", "type": "track", "name": "Shoe Viewed"}

        (track,), _ = made_of({**ON, "rules": [rule]}, span(NEW))

        assert (track["type"], track["event"], track["properties"]) == ("track", "Shoe Viewed", {})

    @pytest.mark.parametrize("base", [NEW, OLD, WHOLE_URL], ids=["new", "old", "whole URL"])
    def test_privacy(self, base: dict[str, Any]) -> None:
        """Privacy holds for such a page as for all events."""
        privacy = {"ip": "truncate", "query": "drop", "user_agent": "drop"}
        headers = {"http.request.header.cookie": ["session=secret"], "http.request.header.referer": ["https://a/?q=1"]}

        (page,), _ = made_of({**ON, "privacy": privacy}, span({**base, **headers}))

        assert page["properties"]["url"] == "https://shop.example.com:8443/shoes/7"
        assert page["context"]["ip"] == "203.0.113.0"
        assert page["context"]["page"]["referrer"] == "https://a/"
        assert "secret" not in str(page)
        assert not {"userAgent", "campaign"} & set(page["context"])

    @pytest.mark.parametrize("base", [NEW, OLD, WHOLE_URL], ids=["new", "old", "whole URL"])
    def test_dropped_attributes(self, base: dict[str, Any]) -> None:
        """Attributes that privacy drops are not told under other names either."""
        names = ["url.*", "http.target", "http.url", "http.host", "http.server_name", "server.*"]
        mapping = {**ON, "privacy": {"drop": names}}

        (page,), _ = made_of(mapping, span(base))

        assert "page" not in page["context"]
        assert page["properties"] == {"name": "/shoes/<int:number>"}

    def test_robots_are_known_in_spite_of_privacy(self) -> None:
        """Whether it was a page view does not depend on what may be told of it."""
        robot = span({**NEW, "user_agent.original": "Googlebot/2.1"})

        assert made_of({**ON, "privacy": {"user_agent": "drop"}}, robot) == ([], [])

    def test_consent(self) -> None:
        """Consent is the span's."""
        mapping = {**ON, "consent": {"stats": "Analytics"}, "require_consent": ["stats"]}

        assert made_of(mapping, span(NEW)) == ([], ["no_consent"])
        (page,), _ = made_of(mapping, span({**NEW, "analytics.consent.stats": True}))
        assert page["context"]["consent"] == {"categoryPreferences": {"Analytics": True}}


def recorded(form: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return a line that records a span."""
    resource = case()["resource"]
    if form == "plain":
        plain = {key: value for key, value in given.items() if key != "events"}
        return {**plain, "resource": resource, "scope": {"name": "cases"}}
    span = {**otlp_span(given), "endTimeUnixNano": str(nanoseconds(given["end"])), "kind": 2}
    scoped = {"scope": {"name": "cases"}, "spans": [span, {**span, "kind": 3}]}
    return {"resourceSpans": [{"resource": {"attributes": as_otlp_attributes(resource)}, "scopeSpans": [scoped]}]}


class TestTrial:
    """Such pages in ``otel-segment mapping test``."""

    @pytest.mark.parametrize("form", ["plain", "otlp"])
    def test_recorded_spans(self, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It shows exactly what the exporter makes, message ids and all, and nothing of other spans."""
        mapping = {**ON, "privacy": {"query": "drop"}, "rules": [{"match": "page", "name": {"from": "span.name"}}]}
        (tmp_path / "mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
        spans = [span(NEW), span({**NEW, "http.request.method": "POST"}), span(NEW, kind="CLIENT")]
        lines = [json.dumps(recorded(form, each)) for each in spans[: 2 if form == "otlp" else 3]]
        (tmp_path / "spans.jsonl").write_text("\n".join(lines), encoding="utf-8")

        code = main(["mapping", "test", str(tmp_path / "mapping.json"), str(tmp_path / "spans.jsonl"), "--json"])

        (outcome,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert (code, outcome["event"], outcome["rule"]["place"]) == (0, "page", "rules[0]")
        assert outcome["payloads"] == made_of(mapping, span(NEW))[0]

    def test_not_asked_for(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Where the mapping does not ask for them, spans are left alone."""
        (tmp_path / "mapping.json").write_text("{}", encoding="utf-8")
        (tmp_path / "spans.jsonl").write_text(json.dumps(recorded("plain", span(NEW))), encoding="utf-8")

        code = main(["mapping", "test", str(tmp_path / "mapping.json"), str(tmp_path / "spans.jsonl")])

        assert (code, capsys.readouterr().out) == (0, "0 events: 0 payloads, 0 dropped, 0 not selected\n")

    def test_wrong_keys(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A key that no span has is a mistake, with those that there are."""
        (tmp_path / "mapping.json").write_text("{}", encoding="utf-8")
        (tmp_path / "spans.jsonl").write_text('{"kind": "SERVER", "event_name": "E"}', encoding="utf-8")

        code = main(["mapping", "test", str(tmp_path / "mapping.json"), str(tmp_path / "spans.jsonl")])

        assert code == 1
        assert 'the key "event_name", which no span has; there are name, kind, start,' in capsys.readouterr().err


def test_spans_of_the_sdk(endpoint: LocalEndpoint) -> None:
    """A span that the SDK records becomes a page when it has ended; its children do not."""
    exporter = SegmentSpanExporter(write_key="k", endpoint=endpoint.url, mapping=ON)
    provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")

    with tracer.start_as_current_span("GET", kind=trace.SpanKind.SERVER, attributes=NEW) as server:
        tracer.start_span("GET", kind=trace.SpanKind.CLIENT, attributes=NEW).end()
    provider.shutdown()

    (page,) = arrived(endpoint)
    assert page["context"]["trace"]["spanId"] == f"{server.get_span_context().span_id:016x}"
