"""What a browser says for its user."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requesting import Maker, asgi, wsgi

from otel_segment.instrumentation._privacy_signals import objects

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

CASES = [
    ({}, False),
    ({"DNT": "1"}, True),
    ({"Sec-GPC": "1"}, True),
    ({"DNT": "0", "Sec-GPC": "1"}, True),
    ({"DNT": "1", "Sec-GPC": "0"}, True),
    ({"DNT": "0", "Sec-GPC": "0"}, False),
    ({"DNT": ""}, False),
    ({"DNT": "null"}, False),
    ({"DNT": "unspecified"}, False),
    ({"DNT": "11"}, False),
    ({"DNT": " 1 "}, True),
    ({"Sec-GPC": "1, 1"}, True),
    ({"Sec-GPC": "true"}, False),
    ({"Sec-GPC": "?1"}, False),
]


@pytest.mark.parametrize("maker", [wsgi, asgi])
@pytest.mark.parametrize(("headers", "expected"), CASES)
def test_both_count(maker: Maker, headers: dict[str, str], expected: bool) -> None:
    """A 1 in a header that counts is an objection, and nothing else is."""
    assert objects(maker(headers), dnt=True, gpc=True) is expected


@pytest.mark.parametrize("maker", [wsgi, asgi])
def test_what_counts(maker: Maker) -> None:
    """A header that does not count is not heeded."""
    assert not objects(maker({"DNT": "1"}), dnt=False, gpc=True)
    assert not objects(maker({"Sec-GPC": "1"}), dnt=True, gpc=False)
    assert not objects(maker({"DNT": "1", "Sec-GPC": "1"}), dnt=False, gpc=False)


@ENOUGH
@given(st.text(st.characters(max_codepoint=255)))
def test_any_text(value: str) -> None:
    """Whatever the headers say, there is an answer."""
    assert objects(wsgi({"DNT": value, "Sec-GPC": value}), dnt=True, gpc=True) in {True, False}
