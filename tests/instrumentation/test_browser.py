"""What a browser says of itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from requesting import MAKERS, Maker

from otel_segment._brands import brands_of
from otel_segment.instrumentation._browser import hints, language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("en-US,en;q=0.9", "en-US"),
        ("de", "de"),
        ("en;q=0.5, de-CH;q=0.8, fr;q=0.8", "de-CH"),
        ("en;q=0.5,zh-Hant-TW", "zh-Hant-TW"),
        (" fr ; q = 0.3 ", "fr"),
        ("*", None),
        ("*, en;q=0.1", "en"),
        ("en;q=0", None),
        ("en;q=0, de;q=0.001", "de"),
        ("en;q=9, de", "de"),
        ("en;q=nan, de;q=0.1", "de"),
        ("en;q=0,5", None),
        ("en;level=1;q=0.1, de;q=0.2", "de"),
        ("", None),
        (",,;,", None),
        ("<script>, de;q=0.2", "de"),
        ("en_US, de;q=0.2", "de"),
        ("x" * 100_000, None),
        ("en," * 50_000, "en"),
    ],
)
def test_languages(header: str, language: str | None) -> None:
    """The language is the tag of the highest weight, of several the first."""
    assert language == language_of(header)


@pytest.mark.parametrize("make", MAKERS)
def test_hints(make: Maker) -> None:
    """What browsers hint at unasked has OpenTelemetry's names for it; other headers are not read."""
    sent = {
        "Sec-CH-UA": '"Chromium";v="141", "Not?A_Brand";v="8"',
        "Sec-CH-UA-Mobile": "?0",
        "Sec-CH-UA-Platform": '"Windows"',
        "Sec-CH-UA-Model": "x" * 5_000,
        "Sec-CH-UA-Other": "o",
        "Cookie": "session=secret",
        "Authorization": "Bearer secret",
    }

    assert hints(make(sent)) == {
        "browser.brands": ["Chromium 141", "Not?A_Brand 8"],
        "browser.mobile": False,
        "browser.platform": "Windows",
    }


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"Chromium";v="141"', [("Chromium", "141")]),
        (' "A";v="1" , "Not\\"B";v="8";x=1', [("A", "1")]),
        ('"\\\\Not\\"A;Brand";v="99", "C" ; v="2"', [('\\\\Not\\"A;Brand', "99"), ("C", "2")]),
        ('"Lone", "C";v="2"', [("C", "2")]),
        ('"\\' * 1_000, []),
        ('"A";v="1", nothing', [("A", "1")]),
        ("", []),
    ],
)
def test_brands(header: str, expected: list[tuple[str, str]]) -> None:
    """Brands are read up to the first thing that is none."""
    assert expected == brands_of(header)


@pytest.mark.parametrize("make", MAKERS)
def test_no_hints(make: Maker) -> None:
    """A browser that sends no hints has none."""
    assert hints(make({"Sec-CH-UA-Platform": '"Windows"'})) == {}


@settings(max_examples=150, deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(("en", "de-AT", "*", ";", "q=", "0.5", "1.", ",", " ", "=")), max_size=15).map("".join)
)
def test_never_raises(header: str) -> None:
    """Any header gives a tag that is in it, or none."""
    language = language_of(header)

    assert language is None or language in header
    for make in MAKERS:
        hints(make({"Sec-CH-UA": header, "Sec-CH-UA-Mobile": header}))
