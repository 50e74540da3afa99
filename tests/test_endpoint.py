"""The address of the batch call: many spellings, one URL."""

import pytest

from otel_segment._endpoint import REGIONS, normalize

SPELLINGS = [
    "https://api.segment.io",
    "https://api.segment.io/",
    "https://api.segment.io//",
    "https://api.segment.io/v1",
    "https://api.segment.io/v1/",
    "https://api.segment.io/v1/batch",
    "https://api.segment.io/v1/batch/",
    "https://api.segment.io/v1/b",
    "https://api.segment.io/v1/track",
    "https://api.segment.io/batch",
    "https://api.segment.io/v1/v1",
    "https://api.segment.io/V1/Batch",
    "https://api.segment.io:443",
    "https://api.segment.io:/v1",
    "https://API.Segment.IO/v1",
    "HTTPS://api.segment.io",
    "  https://api.segment.io\n",
    "//api.segment.io/v1",
    "api.segment.io",
    "api.segment.io/",
    "api.segment.io/v1",
    "api.segment.io:443/v1/batch",
]

OTHERS = [
    ("http://api.example.com", "/v1/batch", "http://api.example.com/v1/batch"),
    ("http://api.example.com:80/", "/v1/batch", "http://api.example.com/v1/batch"),
    ("http://api.example.com:443", "/v1/batch", "http://api.example.com:443/v1/batch"),
    ("api.example.com:8443", "/v1/batch", "https://api.example.com:8443/v1/batch"),
    ("localhost", "/v1/batch", "http://localhost/v1/batch"),
    ("localhost:8080/v1", "/v1/batch", "http://localhost:8080/v1/batch"),
    ("LOCALHOST:8080", "/v1/batch", "http://localhost:8080/v1/batch"),
    ("https://localhost:8443", "/v1/batch", "https://localhost:8443/v1/batch"),
    ("127.0.0.1:9000", "/v1/batch", "http://127.0.0.1:9000/v1/batch"),
    ("127.1.2.3", "/v1/batch", "http://127.1.2.3/v1/batch"),
    ("[::1]:8080/", "/v1/batch", "http://[::1]:8080/v1/batch"),
    ("[0:0:0:0:0:0:0:1]", "/v1/batch", "http://[::1]/v1/batch"),
    ("[2001:DB8::5]", "/v1/batch", "https://[2001:db8::5]/v1/batch"),
    ("https://[2001:db8::5]:443/v1", "/v1/batch", "https://[2001:db8::5]/v1/batch"),
    ("localhost.example.com", "/v1/batch", "https://localhost.example.com/v1/batch"),
    ("127.example.com", "/v1/batch", "https://127.example.com/v1/batch"),
    ("http://my_service:8080", "/v1/batch", "http://my_service:8080/v1/batch"),
    ("https://proxy.example.com/segment", "/v1/batch", "https://proxy.example.com/segment/v1/batch"),
    ("https://proxy.example.com/segment/", "/v1/batch", "https://proxy.example.com/segment/v1/batch"),
    ("https://proxy.example.com/segment/v1", "/v1/batch", "https://proxy.example.com/segment/v1/batch"),
    ("https://proxy.example.com/Segment/v1/batch/", "/v1/batch", "https://proxy.example.com/Segment/v1/batch"),
    ("https://proxy.example.com/a/b", "/v1/batch", "https://proxy.example.com/a/b/v1/batch"),
    ("https://api.segment.io/v1/batch", "/v1/import", "https://api.segment.io/v1/import"),
    ("https://jitsu.example.com", "api/s/batch", "https://jitsu.example.com/api/s/batch"),
    ("https://jitsu.example.com/api/s/batch", "/api/s/batch", "https://jitsu.example.com/api/s/batch"),
    ("https://example.com", " /v1/batch/ ", "https://example.com/v1/batch/"),
    ("https://example.com", "//v1/batch", "https://example.com/v1/batch"),
    ("https://example.com/x", "/", "https://example.com/x/"),
    ("https://example.com", "/", "https://example.com/"),
]

WRONG_ENDPOINTS = [
    ("", "no host"),
    ("   ", "no host"),
    ("https://", "no host"),
    ("https:///v1", "no host"),
    (":8080", "no host"),
    ("ftp://api.segment.io", "neither https nor http"),
    ("htps://api.segment.io", "neither https nor http"),
    ("https:api.segment.io", "two slashes"),
    ("https:/api.segment.io", "two slashes"),
    ("https://api.segment.io?x=1", "query"),
    ("https://api.segment.io/v1?", "query"),
    ("https://api.segment.io/#top", "fragment"),
    ("https://user:secret@api.segment.io", "user name or password"),
    ("secret@api.segment.io", "user name or password"),
    ("https://api segment.io", "space"),
    ("https://api.segment.io/my path", "space"),
    ("https://api.\nsegment.io", "space"),
    ("https://bücher.example", "another character"),
    ("https:\\\\api.segment.io", "another character"),
    ("${SEGMENT_ENDPOINT}", "another character"),
    ("https://api..segment.io", "not a host name"),
    ("https://.segment.io", "not a host name"),
    ("https://*", "not a host name"),
    ("https://api.segment.io:port", "host and port"),
    ("https://api.segment.io:80:80", "host and port"),
    ("::1", "brackets"),
    ("https://[::1", "brackets"),
    ("https://[::g]", "not an IPv6 address"),
    ("https://[fe80::1%25eth0]", "not an IPv6 address"),
    ("https://api.segment.io:0", "port"),
    ("https://api.segment.io:65536", "port"),
    ("https://api.segment.io:999999999999", "port"),
]

WRONG_PATHS = [
    ("", "empty"),
    (" ", "empty"),
    ("https://example.com/v1/batch", "endpoint"),
    ("/v1/batch?key=1", "query"),
    ("/v1/batch#x", "fragment"),
    ("/v1/my batch", "percent-encode"),
    ("/v1/bätch", "percent-encode"),
    ("/v1\r\nX: y", "percent-encode"),
]


def url(endpoint: str, path: str = "/v1/batch") -> str:
    """Give the address that the two make together."""
    return "".join(normalize(endpoint, path))


@pytest.mark.parametrize("endpoint", SPELLINGS)
def test_every_spelling_gives_one_url(endpoint: str) -> None:
    """However people write Segment's endpoint, batches go to the same address."""
    assert url(endpoint) == "https://api.segment.io/v1/batch"


@pytest.mark.parametrize(("endpoint", "path", "expected"), OTHERS)
def test_other_endpoints(endpoint: str, path: str, expected: str) -> None:
    """Schemes, ports, proxies' prefixes, local servers and paths of one's own are understood."""
    assert url(endpoint, path) == expected


@pytest.mark.parametrize(("endpoint", "path", "expected"), OTHERS)
def test_the_base_url_holds_no_path(endpoint: str, path: str, expected: str) -> None:
    """The first part is scheme, host and port alone; the second begins with a slash."""
    base, rest = normalize(endpoint, path)

    assert base.count("/") == 2
    assert rest.startswith("/")
    assert not rest.startswith("//")


@pytest.mark.parametrize(("endpoint", "path", "expected"), OTHERS)
def test_normal_form_stays(endpoint: str, path: str, expected: str) -> None:
    """What was brought into its form once does not change the second time."""
    once = normalize(endpoint, path)

    assert normalize(*once) == once


@pytest.mark.parametrize("base", REGIONS.values(), ids=REGIONS)
def test_regions_are_in_normal_form(base: str) -> None:
    """The addresses of Segment's regions need no change."""
    assert normalize(base, "/v1/batch") == (base, "/v1/batch")


@pytest.mark.parametrize(("endpoint", "problem"), WRONG_ENDPOINTS)
def test_wrong_endpoint(endpoint: str, problem: str) -> None:
    """An endpoint that cannot be used is refused with its problem and a cure, and is not quoted."""
    with pytest.raises(ValueError, match=problem) as caught:
        url(endpoint)

    assert "write" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("path", "problem"), WRONG_PATHS)
def test_wrong_path(path: str, problem: str) -> None:
    """A path that cannot be used is refused with its problem and a cure."""
    with pytest.raises(ValueError, match=problem) as caught:
        url("https://api.segment.io", path)

    assert "write a path, such as /v1/batch" in str(caught.value)
