"""Which answers a shared cache may hand to others."""

import os
from email.utils import formatdate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._shared_caches import may_be_shared

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

FUTURE = formatdate(4_000_000_000, usegmt=True)
ETAG = ("ETag", '"x"')
MODIFIED = ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")


def control(value: str) -> tuple[str, str]:
    """Make the header."""
    return "Cache-Control", value


NOT_SHARED = [
    [],
    [("Content-Type", "text/html"), ("Set-Cookie", "a=b")],
    [control("private")],
    [control("Private, max-age=60"), ETAG, MODIFIED],
    [control("no-store"), ETAG],
    [control("max-age=0, no-cache, no-store, must-revalidate, private"), ("Expires", FUTURE)],
    [control("no-cache")],
    [control("max-age=0")],
    [control('max-age="0"')],
    [control("max-age=0"), ("Expires", FUTURE)],
    [control("")],
    [("Expires", "0")],
    [("Expires", "-1")],
    [("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")],
    [("Expires", "Thu, 19 Nov 99999 99:99:99 GMT")],
    [("Vary", "Cookie")],
    [("Vary", "*"), ETAG],
    [("Vary", "*"), control("max-age=60")],
    [("Expires", FUTURE), control("private")],
    [("CDN-Cache-Control", "no-store")],
    [("Surrogate-Control", "no-store"), control("private")],
]

SHARED = [
    [control("public")],
    [control("PUBLIC")],
    [control("public, max-age=0, must-revalidate")],
    [control("public, private")],
    [control("no-store, public")],
    [control("s-maxage=60")],
    [control("s-maxage=0")],
    [control("private, s-maxage=60")],
    [control("max-age=60")],
    [control("Max-Age = 60")],
    [control('max-age="60"')],
    [control("max-age=x")],
    [control("max-age=-1")],
    [control("max-age=60"), ("Vary", "Cookie")],
    [control("max-age=60, must-revalidate")],
    [control("no-cache"), control("max-age=60")],
    [control("max-age=0, stale-while-revalidate=60")],
    [control("stale-if-error=60")],
    [control('private="x-header", max-age=60')],
    [control('no-cache="a, private, no-store", max-age=60')],
    [("Expires", FUTURE)],
    [("Expires", FUTURE), ("Vary", "Cookie")],
    [ETAG],
    [MODIFIED],
    [ETAG, ("Vary", "Cookie")],
    [control("no-cache"), ETAG],
    [control("max-age=0"), MODIFIED],
    [control("private"), ("CDN-Cache-Control", "max-age=60")],
    [control("private"), ("Cloudflare-CDN-Cache-Control", "public")],
    [control("no-store"), ("Surrogate-Control", "max-age=60")],
]


@pytest.mark.parametrize("headers", NOT_SHARED)
def test_not_shared(headers: list[tuple[str, str]]) -> None:
    """A page is its visitor's alone where it says so, and where it says nothing of caching."""
    assert not may_be_shared(headers, 200)


@pytest.mark.parametrize("headers", SHARED)
def test_shared(headers: list[tuple[str, str]]) -> None:
    """A page may be others', too, where it is fresh for a time or can be confirmed."""
    assert may_be_shared(headers, 200)


@pytest.mark.parametrize(("status", "expected"), [(200, False), (203, False), (302, False), (303, False), (500, False)])
def test_status_that_is_not_stored_by_default(status: int, expected: bool) -> None:
    """An answer that says nothing of caching goes by its status."""
    assert may_be_shared([], status) is expected


@pytest.mark.parametrize("status", [206, 300, 301, 308, 404, 405, 410, 414, 501])
def test_status_that_is_stored_by_default(status: int) -> None:
    """What caches store unasked is shared unless it says that it is not."""
    assert may_be_shared([], status)
    assert not may_be_shared([control("private")], status)
    assert not may_be_shared([control("no-store")], status)


def test_not_modified() -> None:
    """The headers of a 304 go into an answer that was stored before, whatever they say."""
    assert may_be_shared([control("private")], 304)


@ENOUGH
@given(
    st.lists(
        st.tuples(st.sampled_from(["Cache-Control", "expires", "Vary", "ETag", "CDN-Cache-Control"]), st.text()),
        max_size=4,
    ),
    st.integers(),
)
def test_any_headers(headers: list[tuple[str, str]], status: int) -> None:
    """Whatever the headers are, there is an answer, and public is public."""
    assert may_be_shared(headers, status) in {True, False}
    assert may_be_shared([*headers, control("x, public")], 200) or any('"' in value for _, value in headers)
