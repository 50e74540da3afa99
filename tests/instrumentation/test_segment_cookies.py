"""The cookies of Segment's script for browsers."""

import os
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._request import WsgiRequest
from otel_segment.instrumentation._segment_cookies import anonymous_id, user_id

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

ID = "c72107e0-886b-4e13-88c8-5cb782099de3"

SAMPLES = [
    (ID, ID),
    (f"%22{ID}%22", ID),
    (f"%22{ID}", ID),
    (f'"{ID}"', ID),
    (f" {ID} ", ID),
    ("d87a68a4d89dd776bcfa0a90b62c6759", "d87a68a4d89dd776bcfa0a90b62c6759"),
    ("697398", "697398"),
    ("%221467558%22", "1467558"),
    ("0", "0"),
    ("%22paul%40example.com%22", "paul@example.com"),
    ("paul%40example.com", "paul@example.com"),
    ("%22http%3A%2F%2Fidp.example.com%2Fsession%2Fx%22", "http://idp.example.com/session/x"),
    ("%22J%C3%B6rg%22", "Jörg"),
    ("%22J\\u00f6rg%22", "Jörg"),
    ("%22a%5C%22b%22", 'a"b'),
    ("100%", "100%"),
    ("a" * 256, "a" * 256),
    ("", None),
    ("null", None),
    ("undefined", None),
    ("%22%22", None),
    ("%22null%22", None),
    ("%22None%22", None),
    ("%22", None),
    ("%20", None),
    ("{}", None),
    ("%7B%22a%22%3A1%7D", None),
    ("[1]", None),
    ("a%00b", None),
    ("a%0D%0Ab", None),
    ("%22a%5Cnb%22", None),
    ("%22%5Cud800%22", None),
    ("%FF", None),
    ("a" * 257, None),
    ("a" * 100_000, None),
]


@pytest.mark.parametrize(("value", "expected"), SAMPLES)
def test_samples(value: str, expected: str | None) -> None:
    """An id is read in each form that the script writes; what is no id is none."""
    assert anonymous_id({"ajs_anonymous_id": value}) == expected
    assert user_id({"ajs_user_id": value}) == expected


def test_none() -> None:
    """Without the cookies there are no ids, and the one is not taken for the other."""
    assert anonymous_id({"ajs_user_id": "u"}) is None
    assert user_id({"ajs_anonymous_id": "a"}) is None


def test_from_a_request() -> None:
    """The ids of a whole header are found."""
    request = WsgiRequest(
        {"HTTP_COOKIE": f"_ga=GA1.1; ajs_user_id=null; ajs_group_id=null; ajs_anonymous_id=%22{ID}%22; x=y"}
    )

    assert anonymous_id(request.cookies) == ID
    assert user_id(request.cookies) is None


@ENOUGH
@given(st.text() | st.text().map(lambda text: quote(text, errors="replace")))
def test_any_text(value: str) -> None:
    """Whatever a cookie says, what comes of it is an id of bounded length without control characters, or none."""
    found = user_id({"ajs_user_id": value})

    assert found is None or (0 < len(found) <= 256 and found.isprintable())


@ENOUGH
@given(st.text("abcXYZ019 _-.@:/%äß漢", min_size=1).map(str.strip).filter(bool), st.booleans())
def test_round_trip(value: str, is_json: bool) -> None:
    """An id that the script wrote in either form is the id that it was given."""
    written = quote(f'"{value}"' if is_json else value, safe="")

    assert user_id({"ajs_user_id": written}) == value
