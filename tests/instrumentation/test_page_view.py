"""Which answered requests are page views."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requesting import MAKERS, Maker, asgi, wsgi

from otel_segment.instrumentation._page_view import refusal

HTML = "text/html; charset=utf-8"
CHROME = {
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-CH-UA": '"Chromium";v="141", "Not?A_Brand";v="8"',
    "Sec-CH-UA-Mobile": "?0",
    "Upgrade-Insecure-Requests": "1",
}
TYPED = {**CHROME, "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}
FETCHED = {**CHROME, "Accept": "*/*", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
PLAIN_HTTP = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Accept": "*/*"}

REQUESTS = {
    "Chrome, address typed": (TYPED | {"Sec-Fetch-Dest": "document"}, None),
    "Chrome, link within the site": (TYPED | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}, None),
    "Chrome, reloaded": (TYPED | {"Cache-Control": "max-age=0", "Sec-Fetch-Dest": "document"}, None),
    "Chrome, plain HTTP": (CHROME, None),
    "Firefox, link from elsewhere": (
        PLAIN_HTTP | {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"},
        None,
    ),
    "Firefox, plain HTTP": (PLAIN_HTTP, None),
    "Safari before Sec-Fetch": ({"User-Agent": "Mozilla/5.0 (Macintosh) Version/15.6 Safari/605.1.15"}, None),
    "Safari 26": ({"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Priority": "u=0, i"}, None),
    "Android web view": (CHROME | {"X-Requested-With": "com.example.app", "Sec-Fetch-Dest": "document"}, None),
    "Android web view, plain HTTP": (CHROME | {"X-Requested-With": "com.example.app"}, None),
    "Internet Explorer 11": ({"User-Agent": "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"}, None),
    "no headers at all": ({}, None),
    "curl": ({"User-Agent": "curl/8.5.0", "Accept": "*/*"}, None),
    "other purposes": ({"Purpose": "browsing", "X-Moz": "livebookmarks"}, None),
    "Chrome, speculation rules, prefetch": (
        TYPED | {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"},
        "prefetch",
    ),
    "Chrome, speculation rules, prerender": (
        TYPED | {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"},
        "prefetch",
    ),
    "Chrome, private prefetch proxy": (TYPED | {"Sec-Purpose": "prefetch;anonymous-client-ip"}, "prefetch"),
    "Chrome, link rel=prefetch": (FETCHED | {"Sec-Fetch-Dest": "empty", "Purpose": "prefetch"}, "prefetch"),
    "Chrome before 2023, omnibox": (CHROME | {"Purpose": "prefetch"}, "prefetch"),
    "Firefox, link rel=prefetch": (PLAIN_HTTP | {"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "empty"}, "prefetch"),
    "Firefox before 115": (PLAIN_HTTP | {"X-Moz": "prefetch"}, "prefetch"),
    "Firefox, prefetch of a document": (
        PLAIN_HTTP | {"X-Moz": "prefetch", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"},
        "prefetch",
    ),
    "Safari, top sites": ({"X-Purpose": "preview"}, "prefetch"),
    "Safari, preloaded top hit": ({"Purpose": "Prefetch"}, "prefetch"),
    "Turbo, pointer over a link": (FETCHED | {"X-Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "empty"}, "prefetch"),
    "fetch()": (FETCHED | {"Sec-Fetch-Dest": "empty"}, "fragment"),
    "jQuery.load()": (FETCHED | {"Sec-Fetch-Dest": "empty", "X-Requested-With": "XMLHttpRequest"}, "fragment"),
    "jQuery.load(), plain HTTP": (PLAIN_HTTP | {"X-Requested-With": "XMLHttpRequest"}, "fragment"),
    "htmx": (FETCHED | {"Sec-Fetch-Dest": "empty", "HX-Request": "true", "HX-Target": "list"}, "fragment"),
    "htmx, plain HTTP": (PLAIN_HTTP | {"HX-Request": "true", "HX-Current-URL": "http://shop.example/"}, "fragment"),
    "Turbo frame": (PLAIN_HTTP | {"Turbo-Frame": "cart", "Accept": "text/html, application/xhtml+xml"}, "fragment"),
    "PJAX": (PLAIN_HTTP | {"X-PJAX": "true", "X-PJAX-Container": "#main"}, "fragment"),
    "Unpoly": (PLAIN_HTTP | {"X-Up-Version": "3.8", "X-Up-Target": ".main"}, "fragment"),
    "page opened as an image": (FETCHED | {"Sec-Fetch-Dest": "image"}, "fragment"),
    "service worker": (FETCHED | {"Sec-Fetch-Dest": "serviceworker"}, "fragment"),
    "iframe": (TYPED | {"Sec-Fetch-Dest": "iframe"}, "embedded"),
    "frame": (TYPED | {"Sec-Fetch-Dest": "frame"}, "embedded"),
    "object": (TYPED | {"Sec-Fetch-Dest": "object"}, "embedded"),
    "embed": (TYPED | {"Sec-Fetch-Dest": "embed"}, "embedded"),
}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("headers", "reason"), REQUESTS.values(), ids=REQUESTS)
def test_requests(make: Maker, headers: dict[str, str], reason: str | None) -> None:
    """A page view is what a person navigated to: nothing fetched ahead, by a script, or into another page."""
    assert reason == refusal(make(headers), 200, HTML)


@pytest.mark.parametrize(
    ("method", "status", "content_type", "disposition", "reason"),
    [
        ("GET", 200, "text/html", "", None),
        ("GET", 203, "TEXT/HTML;charset=ISO-8859-1", "", None),
        ("GET", 200, "application/xhtml+xml", "", None),
        ("GET", 200, HTML, "inline; filename=page.html", None),
        ("GET", 200, HTML, 'attachment; filename="page.html"', "download"),
        ("GET", 200, HTML, "Attachment", "download"),
        ("GET", 200, "application/json", "", "not_html"),
        ("GET", 200, "text/htmlx", "", "not_html"),
        ("GET", 200, "text/css", "", "not_html"),
        ("GET", 200, "text/event-stream", "", "not_html"),
        ("GET", 200, "", "", "not_html"),
        ("GET", 101, HTML, "", "status"),
        ("GET", 204, HTML, "", "status"),
        ("GET", 205, HTML, "", "status"),
        ("GET", 206, HTML, "", "status"),
        ("GET", 301, HTML, "", "status"),
        ("GET", 304, HTML, "", "status"),
        ("GET", 404, HTML, "", "status"),
        ("GET", 500, HTML, "", "status"),
        ("HEAD", 200, HTML, "", "method"),
        ("OPTIONS", 200, HTML, "", "method"),
        ("POST", 200, HTML, "", "method"),
        ("", 200, HTML, "", "method"),
    ],
)
def test_answers(method: str, status: int, content_type: str, disposition: str, reason: str | None) -> None:
    """A page view is asked for by GET and answered with a whole page of HTML that is shown."""
    for make in MAKERS:
        assert reason == refusal(make(method=method), status, content_type, disposition)


NAMES = (
    *("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-Fetch-Dest", "X-Requested-With", "HX-Request"),
    *("Turbo-Frame", "X-PJAX", "Content-Type"),
)


@settings(max_examples=150, deadline=None)
@given(
    headers=st.dictionaries(st.sampled_from(NAMES), st.text()),
    method=st.sampled_from(("GET", "get", "\0")),
    status=st.integers(),
    content_type=st.text() | st.just(HTML),
    disposition=st.text(),
)
def test_never_raises(headers: dict[str, str], method: str, status: int, content_type: str, disposition: str) -> None:
    """Any request and answer gets a word or none, and never an error."""
    for make in (wsgi, asgi):
        reason = refusal(make(headers, method=method), status, content_type, disposition)
        assert reason is None or reason.islower()
