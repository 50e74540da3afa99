"""Fields of payloads that the golden cases leave out."""

from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_segment import SegmentLogRecordProcessor, SegmentSpanExporter

HEADER = "http.request.header."


class Sent:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> dict[str, Any]:
        """Keep a message, and let it pass."""
        self.messages.append(message)
        return message


def payload(attributes: dict[str, Any], resource: dict[str, Any] | None = None, **record: Any) -> dict[str, Any]:
    """Return the payload of one log record."""
    sent = Sent()
    provider = LoggerProvider(Resource(resource or {}), shutdown_on_exit=False)
    provider.add_log_record_processor(SegmentLogRecordProcessor(write_key="k", disabled=True, before_send=sent))
    marked = {"analytics.type": "track", "user.id": "u-1", **attributes}
    provider.get_logger("fields").emit(LogRecord(event_name="E", attributes=marked, **record))
    [message] = sent.messages
    return message


def context(attributes: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the context of one log record's payload, without what all have."""
    found: dict[str, Any] = payload(attributes, resource)["context"]
    return {field: value for field, value in found.items() if field not in {"library", "channel"}}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"geo.location.lat": 46.9, "geo.location.lon": 7.4}, {"location": {"latitude": 46.9, "longitude": 7.4}}),
        ({"network.connection.type": "unavailable"}, {"network": {"wifi": False, "cellular": False}}),
        ({"analytics.network.bluetooth": True}, {"network": {"bluetooth": True}}),
        ({"analytics.device.token": "t", "device.id": 7}, {"device": {"id": "7", "token": "t"}}),
        (
            {"analytics.device": {"type": "kiosk"}, "os.name": "iOS"},
            {"os": {"name": "iOS"}, "device": {"type": "kiosk"}},
        ),
        ({HEADER + "accept-language": ["*"]}, {}),
        ({HEADER + "accept-language": []}, {}),
        (
            {HEADER + "sec-ch-ua-platform": ['"Linux"']},
            {"userAgentData": {"platform": "Linux"}, "os": {"name": "Linux"}},
        ),
        ({HEADER + "sec_ch_ua_wow64": ["?1"]}, {"userAgentData": {"wow64": True}}),
        ({"browser.brands": "Chromium 113", "browser.mobile": "yes"}, {}),
        (
            {"analytics.consent": {"ads": "yes", "all": True}},
            {"consent": {"categoryPreferences": {"ads": False, "all": True}}},
        ),
        ({"analytics.consent": "all"}, {}),
        ({"analytics.active": "no"}, {}),
        ({"analytics.context": {"page": {"path": None}, "app": {"x": None}}}, {}),
        ({"analytics.context": "nothing"}, {}),
        ({"service.name": "own", "analytics.app": {"build": 7}}, {"app": {"name": "own", "build": 7}}),
        ({"session.id": ""}, {}),
        ({"client.address": "203.0.113.7:4711"}, {"ip": "203.0.113.7"}),
    ],
)
def test_context(attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each part of the context comes from its attributes, and what is not as it should be is ignored."""
    assert context(attributes) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"url.full": "https://shop.example.com:443/p#top"},
            {"url": "https://shop.example.com:443/p#top", "path": "/p", "search": "", "host": "shop.example.com"},
        ),
        (
            {"url.full": "/p?a=1", "server.address": "h", "url.scheme": "http"},
            {"url": "http://h/p?a=1", "path": "/p", "search": "?a=1", "host": "h"},
        ),
        ({"url.full": "http://["}, None),
        ({"url.full": 7, "url.path": "/p"}, {"path": "/p", "search": ""}),
        ({"url.path": "/p", "url.query": "?a=1"}, {"path": "/p", "search": "?a=1"}),
        ({"url.path": "/p", "server.address": "h", "server.port": 80}, {"path": "/p", "search": "", "host": "h"}),
        ({"url.path": "/p", "server.address": "h", "server.port": 81}, {"path": "/p", "search": "", "host": "h:81"}),
        ({"url.path": "/p", "server.address": "h", "server.port": True}, {"path": "/p", "search": "", "host": "h"}),
        ({"url.path": "/p", "url.domain": "d"}, {"path": "/p", "search": "", "host": "d"}),
        (
            {"url.path": "/p", "net.host.name": "n", "net.host.port": "8080"},
            {"path": "/p", "search": "", "host": "n:8080"},
        ),
        (
            {"url.path": "/p", "server.address": "::1", "server.port": 9, "http.host": "[::1]:7"},
            {"path": "/p", "search": "", "host": "[::1]:7"},
        ),
        (
            {"url.full": "https://h/p", "url.path": "/q"},
            {"url": "https://h/p", "path": "/q", "search": "", "host": "h"},
        ),
        ({"server.address": "db.internal"}, None),
        (
            {"analytics.page.referrer": "https://a:b@news.example.org/"},
            {"referrer": "https://news.example.org/", "referring_domain": "news.example.org"},
        ),
    ],
)
def test_page(attributes: dict[str, Any], expected: dict[str, Any] | None) -> None:
    """The page is put together from what is known of it, and from nothing else."""
    assert context(attributes).get("page") == expected


def test_page_hash_from_the_url() -> None:
    """A page's fragment is read off its URL where no attribute gives it."""
    message = payload({"analytics.type": "page", "url.full": "https://h/p#reviews"})

    assert message["properties"]["hash"] == "#reviews"


def test_campaign_of_odd_queries() -> None:
    """What is no campaign is none, and what the application gives lies over what the query says."""
    given = {"url.path": "/", "url.query": "utm_=x&utm_campaign=a&=&utm_medium", "analytics.campaign.name": "b"}

    assert context(given)["campaign"] == {"name": "b", "medium": ""}
    assert "campaign" not in context({"url.path": "/", "url.query": "q=utm"})


def test_body_map_of_any_keys() -> None:
    """A body's keys become text, and its values what JSON can carry."""
    message = payload({}, body={1: {"x"}, b"\xff": 2**63, "s": "\ud800"})

    assert message["properties"] == {"1": ["x"], "/w==": "9223372036854775808", "s": "�"}


def test_group_id_of_other_calls() -> None:
    """A person's group and traits are in the context of calls that are not about them."""
    assert context({"analytics.group.id": 7, "user.roles": ["a"]}) == {"groupId": "7", "traits": {"roles": ["a"]}}


def test_times_far_away() -> None:
    """A time outside of all calendars is moved to their edge."""
    assert payload({}, timestamp=2**64)["timestamp"] == "2554-07-21T23:34:33.709Z"
    assert payload({}, timestamp=10**21)["timestamp"].startswith("9999-12-31T23:59:59")


def test_page_of_a_span_is_named_after_its_route() -> None:
    """A page event on a server span takes its name from the route, or from the path."""
    sent = Sent()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(SegmentSpanExporter(write_key="k", disabled=True, before_send=sent))
    )
    tracer = provider.get_tracer("fields")
    for attributes in ({"http.route": "/p/{id}", "url.path": "/p/1"}, {"url.path": "/p/2"}):
        with tracer.start_as_current_span("GET", attributes=attributes) as span:
            span.add_event("view", {"analytics.type": "page", "user.id": "u-1"})

    assert [message["name"] for message in sent.messages] == ["/p/{id}", "/p/2"]


def test_a_client_resource_speaks_for_spans_too() -> None:
    """What a browser's resource says of the person's device holds for its spans."""
    sent = Sent()
    provider = TracerProvider(resource=Resource({"browser.language": "de"}), shutdown_on_exit=False)
    provider.add_span_processor(
        SimpleSpanProcessor(SegmentSpanExporter(write_key="k", disabled=True, before_send=sent))
    )
    with provider.get_tracer("fields").start_as_current_span("x") as span:
        span.add_event("E", {"analytics.type": "track", "user.id": "u-1"})
    with provider.get_tracer("fields").start_as_current_span("x"):
        pass

    [message] = sent.messages
    assert (message["context"]["channel"], message["context"]["locale"]) == ("browser", "de")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"analytics.consent": {}}, {}),
        ({"analytics.consent": {"ads": None, "all": True}}, {"ads": False, "all": True}),
        ({"analytics.consent.ads": None}, {"ads": False}),
    ],
)
def test_consent_that_was_not_given(given: dict[str, Any], expected: dict[str, bool]) -> None:
    """Whoever was asked and gave none has given none, which is not the same as nobody having asked."""
    assert context(given)["consent"] == {"categoryPreferences": expected}


def test_credentials_in_urls() -> None:
    """The credentials that the conventions name are taken out of URL, query and referrer."""
    page = context(
        {
            "url.full": "https://h/p?a=1&X-Goog-Signature=s3cret&sig=s3cret#x",
            "analytics.page.referrer": "https://r/?AWSAccessKeyId=s3cret",
        }
    )["page"]

    assert page["url"] == "https://h/p?a=1&X-Goog-Signature=REDACTED&sig=REDACTED#x"
    assert page["search"] == "?a=1&X-Goog-Signature=REDACTED&sig=REDACTED"
    assert page["referrer"] == "https://r/?AWSAccessKeyId=REDACTED"
    assert context({"url.path": "/", "url.query": "Signature=s3cret"})["page"]["search"] == "?Signature=REDACTED"


def test_a_resource_is_nobody() -> None:
    """A client's resource names the installation, and no person."""
    resource = {"browser.language": "de", "user.id": "r", "enduser.pseudo.id": "p", "app.installation.id": "i"}

    message = payload({}, resource)

    assert (message["userId"], message["anonymousId"]) == ("u-1", "i")


def test_urls_too_long_to_remember() -> None:
    """A URL of any length is taken apart."""
    page = context({"url.full": "https://h/" + "p" * 5_000})["page"]

    assert (page["host"], len(page["path"])) == ("h", 5_001)
    assert context({"client.address": "1" * 200, HEADER + "sec-ch-ua": ['"x";v="1"' * 500]}) == {}


def test_an_id_is_no_nan() -> None:
    """A number that is none identifies nobody."""
    assert "anonymousId" not in payload({"enduser.pseudo.id": float("nan")})
