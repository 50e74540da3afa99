"""Hosts and URLs of pages."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._location import clean_host, full_url


@pytest.mark.parametrize(
    ("host", "scheme", "clean"),
    [
        ("shop.example", "http", "shop.example"),
        ("Shop.Example:80", "http", "shop.example"),
        ("shop.example:443", "https", "shop.example"),
        ("shop.example:80", "https", "shop.example:80"),
        ("shop.example:8000", "http", "shop.example:8000"),
        ("shop.example:", "http", "shop.example"),
        ("shop_1.example", "http", "shop_1.example"),
        ("[2001:DB8::1]:80", "http", "[2001:db8::1]"),
        ("127.0.0.1:8000", "http", "127.0.0.1:8000"),
        ("user:secret@shop.example", "http", "shop.example"),
        ("", "http", ""),
        ("shop example", "http", ""),
        ("shop.example\r\nX: y", "http", ""),
        ("shop.example\n", "http", ""),
        ('shop"example', "http", ""),
        ("shop'example", "http", ""),
        ("<script>", "http", ""),
        ("shop.example/path", "http", ""),
        ("shop.example:port", "http", ""),
        ("shop.example:123456", "http", ""),
        ("2001:db8::1", "http", ""),
        ("schön.example", "http", ""),
        ("shop.example:٤٤", "http", ""),
        ("x" * 255, "http", "x" * 255),
        ("x" * 256, "http", ""),
        ("x" * 100_000, "http", ""),
    ],
)
def test_hosts(host: str, scheme: str, clean: str) -> None:
    """A host is a name or an address with a port that is not the usual one; anything else is as good as absent."""
    assert clean == clean_host(host, scheme)


@pytest.mark.parametrize(
    ("path", "query", "url"),
    [
        ("/", "", "https://shop.example/"),
        ("", "", "https://shop.example"),
        ("/a/b", "q=1&q=2", "https://shop.example/a/b?q=1&q=2"),
        ("/schön & gut", "", "https://shop.example/sch%C3%B6n%20&%20gut"),
        ("/100%?#", "", "https://shop.example/100%25%3F%23"),
        ("/\ud800", "", "https://shop.example/%3F"),
        ("/a\r\nb", "", "https://shop.example/a%0D%0Ab"),
        ("/", "a=%20+b[]|{}", "https://shop.example/?a=%20+b[]|{}"),
        ("/", "a=b c\n", "https://shop.example/?a=b%20c%0A"),
        ("/", "a=\u00c3\u00b6%20", "https://shop.example/?a=%C3%B6%20"),
        ("/", "a#b", "https://shop.example/?a%23b"),
    ],
)
def test_urls(path: str, query: str, url: str) -> None:
    """A URL has its path escaped and its query as it was sent, but for what no URL may have."""
    assert url == full_url("https", "shop.example", path, query)


def test_no_host() -> None:
    """Without a host there is no URL."""
    assert full_url("https", "", "/", "a=b") == ""


@settings(max_examples=300, deadline=None)
@given(host=st.text() | st.from_regex(r"[a-z@:\[\].0-9]{0,20}"), path=st.text(), query=st.text())
def test_never_raises(host: str, path: str, query: str) -> None:
    """Any text gives a URL of printable ASCII with no user in it, or none."""
    clean = clean_host(host, "http")
    url = full_url("http", clean, "/" + path, query)

    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert bool(url) is bool(clean)
    assert not url or "@" not in url.split("/")[2]
    assert not url or url[7 + len(clean)] == "/"


@pytest.mark.parametrize("filling", ["a", "é", "%", " ", "/", "#", "a@"])
def test_large(filling: str) -> None:
    """Paths and queries of 100 KB are taken whole."""
    url = full_url("http", clean_host(filling, "http") or "shop.example", "/" + filling * 50_000, filling * 50_000)

    assert urlsplit(url).netloc == "shop.example" or urlsplit(url).netloc == "a"
