"""The cookie by which a visitor is known again."""

import os
import re
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._visitor_cookie import CookieSettings, may_be_set, new_id

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

ID = "0b8f9c0e-5d0a-4c5e-9d55-2f7f2b1d9a01"

WRONG = [
    ({"name": ""}, "name is not one"),
    ({"name": "a b"}, "name is not one"),
    ({"name": "a;b"}, "name is not one"),
    ({"name": "a=b"}, "name is not one"),
    ({"name": "a\n"}, "name is not one"),
    ({"name": "é"}, "name is not one"),
    ({"name": "a" * 129}, "up to 128"),
    ({"name": None}, "name is not one"),
    ({"max_age": 0}, "max_age"),
    ({"max_age": -1}, "max_age"),
    ({"max_age": 1.5}, "max_age"),
    ({"max_age": True}, "max_age"),
    ({"max_age": 401 * 86_400}, "400 days"),
    ({"secure": "yes"}, "http_only or secure"),
    ({"secure": []}, "http_only or secure"),
    ({"http_only": None}, "http_only or secure"),
    ({"same_site": "lax"}, "write Lax, Strict or None"),
    ({"same_site": None}, "write Lax, Strict or None"),
    ({"same_site": "None"}, "set secure to true"),
    ({"same_site": "None", "secure": False}, "set secure to true"),
    ({"path": ""}, "begin it with a slash"),
    ({"path": "shop"}, "begin it with a slash"),
    ({"path": "/;x"}, "semicolons"),
    ({"path": "/\r\nX: y"}, "path is not one"),
    ({"path": "/é"}, "all but ASCII"),
    ({"path": None}, "path is not one"),
    ({"domain": ""}, "domain is not one"),
    ({"domain": "."}, "domain is not one"),
    ({"domain": "https://example.com"}, "without scheme"),
    ({"domain": "example.com:443"}, "port"),
    ({"domain": "example.com; Secure"}, "domain is not one"),
    ({"domain": "example.com\n"}, "domain is not one"),
    ({"domain": "a..b"}, "domain is not one"),
    ({"domain": "-a.com"}, "domain is not one"),
    ({"domain": "a" * 64 + ".com"}, "domain is not one"),
    ({"domain": "a." * 127 + "com"}, "domain is not one"),
    ({"domain": 1}, "domain is not one"),
    ({"name": "__Secure-visitor"}, "set secure to true"),
    ({"name": "__secure-visitor", "secure": False}, "set secure to true"),
    ({"name": "__Host-visitor"}, "set secure to true"),
    ({"name": "__Host-visitor", "secure": True, "path": "/shop"}, "leave both out"),
    ({"name": "__Host-visitor", "secure": True, "domain": "example.com"}, "leave both out"),
    ({"name": "__Http-visitor", "secure": True, "http_only": False}, "set http_only"),
    ({"name": "__Host-Http-visitor", "secure": True, "http_only": False}, "set http_only"),
]

RIGHT: list[tuple[dict[str, Any], bool, str]] = [
    ({}, False, "otel_visitor={id}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax"),
    ({}, True, "otel_visitor={id}; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Lax"),
    (
        {"name": "v", "max_age": 60, "secure": False, "http_only": False, "same_site": "Strict", "path": "/a"},
        True,
        "v={id}; Max-Age=60; Path=/a; SameSite=Strict",
    ),
    (
        {"secure": True, "same_site": "None", "domain": ".Example.com"},
        False,
        "otel_visitor={id}; Max-Age=31536000; Path=/; Domain=.Example.com; Secure; HttpOnly; SameSite=None",
    ),
    (
        {"name": "__Host-Http-v", "secure": True},
        False,
        "__Host-Http-v={id}; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
    (
        {"name": "__Secure-v", "secure": True, "domain": "localhost"},
        False,
        "__Secure-v={id}; Max-Age=31536000; Path=/; Domain=localhost; Secure; HttpOnly; SameSite=Lax",
    ),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_settings(arguments: dict[str, Any], said: str) -> None:
    """Settings with which a browser would not take the cookie are refused, with what to write instead."""
    with pytest.raises(ValueError, match=said):
        CookieSettings(**arguments)


@pytest.mark.parametrize(("arguments", "is_https", "expected"), RIGHT)
def test_header(arguments: dict[str, Any], is_https: bool, expected: str) -> None:
    """The header says what the settings say; Secure goes by the scheme unless it is set."""
    assert CookieSettings(**arguments).header_value(ID, is_https=is_https) == expected.format(id=ID)


def test_taken_away() -> None:
    """The cookie is taken away with the attributes that it was set with, which browsers go by."""
    cookie = CookieSettings(path="/shop", domain="shop.example")

    expected = "otel_visitor=; Max-Age=0; Path=/shop; Domain=shop.example; Secure; HttpOnly; SameSite=Lax"
    assert cookie.header_value("", is_https=True) == expected


def test_round_trip() -> None:
    """What a browser sends back is read, and is the id that was set."""
    cookie, visitor = CookieSettings(), new_id()
    jar = SimpleCookie(cookie.header_value(visitor, is_https=True))

    assert cookie.read({name: morsel.value for name, morsel in jar.items()}) == visitor


def test_new_ids() -> None:
    """A new id is a random UUID, another one each time."""
    assert UUID(new_id()).version == 4
    assert len({new_id() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        ID.upper(),
        ID + "\n",
        " " + ID,
        f'"{ID}"',
        ID.replace("-", ""),
        "00000000-0000-0000-0000-000000000000",
        "0b8f9c0e-5d0a-1c5e-9d55-2f7f2b1d9a01",
        "0b8f9c0e-5d0a-4c5e-cd55-2f7f2b1d9a01",
    ],
)
def test_others_are_ignored(value: str) -> None:
    """A cookie that was not set here is no visitor's."""
    assert CookieSettings().read({"otel_visitor": value}) is None
    assert CookieSettings().read({"other": ID}) is None


@ENOUGH
@given(st.text() | st.from_regex(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"))
def test_any_cookie(value: str) -> None:
    """Whatever the cookie says, it is either an id as it was set here or none."""
    assert CookieSettings().read({"otel_visitor": value}) in {None, value}


@ENOUGH
@given(st.text() | st.sampled_from(["\r", "\n", "; ", ";"]).map(lambda text: ID + text), st.booleans())
def test_no_injection(value: str, is_https: bool) -> None:
    """Nothing but an id gets into the header."""
    try:
        header = CookieSettings().header_value(value, is_https=is_https)
    except ValueError:
        return
    assert re.fullmatch(r"(?:[0-9a-f-]{36})?", value)
    assert not re.search(r"[^ -~]", header)


TEXT = st.text(st.sampled_from("a.-_/; =\r\n\x00é,1"), max_size=6)


@ENOUGH
@given(
    st.fixed_dictionaries(
        {}, optional={"name": TEXT, "path": TEXT.map("/".__add__), "domain": TEXT, "max_age": st.integers()}
    )
)
def test_no_injection_by_settings(arguments: dict[str, Any]) -> None:
    """No settings that are taken make a header with another attribute, a line break or a foreign character."""
    try:
        cookie = CookieSettings(**arguments)
    except ValueError:
        return
    header = cookie.header_value(ID, is_https=True)

    assert not re.search(r"[^ -~]", header)
    assert header.count(";") == 5 + (cookie.domain is not None)


def test_may_be_set() -> None:
    """A plain page may carry the cookie, a page that is for everybody may not."""
    assert may_be_set([("Content-Type", "text/html")], 200)
    assert not may_be_set([("Content-Type", "text/html"), ("Cache-Control", "public, max-age=60")], 200)
