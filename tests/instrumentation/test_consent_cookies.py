"""What a visitor consents to, from the banner's cookie."""

import json
import os
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._consent_cookies import reader

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

ONETRUST = (
    "isGpcEnabled=0&datestamp=Tue+Jul+16+2024+17%3A09%3A29+GMT-0400+(Eastern+Daylight+Time)&version=6.23.0"
    "&isIABGlobal=false&hosts=H309%3A1%2CH40%3A1&consentId=825ca760&interactionCount=1&landingPath=NotLandingPage"
    "&groups=C0001%3A1%2CC0002%3A0%2CSSPD_BG%3A1&geolocation=US%3BNJ&AwaitingReconsent=false"
)
COOKIEBOT = (
    "{stamp:%27UumF4k/KL0UGyS/UuUxY4IsGrDM4jzshAL+7K/kpm4QEd1sH0veBfA==%27%2Cnecessary:true%2Cpreferences:false"
    "%2Cstatistics:true%2Cmarketing:false%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1687287902728%2Cregion:%27pk%27}"
)
COOKIEBOT_CONSENT = {"necessary": True, "preferences": False, "statistics": True, "marketing": False}
UC_DATA = {
    "consent": {"services": {"87JYasXPF": {"name": "Analytics", "consent": True}, "B1Hk_zoTX": {"consent": False}}},
    "gcm": {"analyticsStorage": "granted"},
}
UC_SETTINGS = {
    "controllerId": "42e2",
    "id": "rTbKQ4Qc-",
    "services": [{"id": "87JYasXPF", "status": True, "history": []}, {"id": "B1Hk_zoTX", "status": False}],
}
UC_CONSENT = {"87JYasXPF": True, "B1Hk_zoTX": False}
PLAIN = '{"necessary": true, "analytics": false, "version": 2, "at": "2026-01-01"}'
PLAIN_CONSENT = {"necessary": True, "analytics": False}

SAMPLES = [
    ("onetrust", "OptanonConsent", ONETRUST, {"C0001": True, "C0002": False, "SSPD_BG": True}),
    ("onetrust", "OptanonConsent", quote(ONETRUST, safe=""), {"C0001": True, "C0002": False, "SSPD_BG": True}),
    ("onetrust", "OptanonConsent", "groups=C0001:1,C0002:0", {"C0001": True, "C0002": False}),
    ("OneTrust", "OptanonConsent", "groups=C0001:1", {"C0001": True}),
    ("onetrust", "OptanonConsent", "groups=C1:1,C1:0,C2:0,C2:1", {"C1": False, "C2": False}),
    ("onetrust", "OptanonConsent", "groups=C1:2,C2,:1,C3:1", {"C3": True}),
    ("onetrust", "OptanonConsent", "groups=", None),
    ("onetrust", "OptanonConsent", "hosts=H1:1", None),
    ("onetrust", "OptanonConsent", "notgroups=C1:1", None),
    ("onetrust", "Other", "groups=C1:1", None),
    ("cookiebot", "CookieConsent", COOKIEBOT, COOKIEBOT_CONSENT),
    ("cookiebot", "CookieConsent", quote(unquote(COOKIEBOT)), COOKIEBOT_CONSENT),
    (
        "cookiebot",
        "CookieConsent",
        "{necessary:true,statistics:'true',marketing:maybe}",
        {"necessary": True, "statistics": True},
    ),
    ("cookiebot", "CookieConsent", '{"necessary": true, "marketing": false}', {"necessary": True, "marketing": False}),
    ("cookiebot", "CookieConsent", "-1", dict.fromkeys(COOKIEBOT_CONSENT, True)),
    ("cookiebot", "CookieConsent", "0", {**dict.fromkeys(COOKIEBOT_CONSENT, False), "necessary": True}),
    ("cookiebot", "CookieConsent", "1", None),
    ("cookiebot", "CookieConsent", "", None),
    ("cookiebot", "CookieConsent", "{}", None),
    ("usercentrics", "ucData", json.dumps(UC_DATA), UC_CONSENT),
    ("usercentrics", "ucData", quote(json.dumps(UC_DATA)), UC_CONSENT),
    ("usercentrics", "uc_settings", json.dumps(UC_SETTINGS), UC_CONSENT),
    ("usercentrics:uc", "uc", json.dumps(UC_SETTINGS), UC_CONSENT),
    ("usercentrics:uc", "uc", PLAIN, PLAIN_CONSENT),
    ("usercentrics", "ucData", '{"consent": {"services": {"a": 1, "b": {}}}}', None),
    ("usercentrics", "ucData", '{"services": [1, {}, {"id": [], "status": true}]}', None),
    ("usercentrics", "ucData", '{"consent": true}', {"consent": True}),
    ("usercentrics", "ucString", "abc", None),
    ("json:choices", "choices", PLAIN, PLAIN_CONSENT),
    ("json:choices", "choices", quote(PLAIN), PLAIN_CONSENT),
    ("json:choices", "choices", PLAIN.replace(",", "%2C"), PLAIN_CONSENT),
    ("JSON:choices", "choices", PLAIN, PLAIN_CONSENT),
    ("json:a:b", "a:b", PLAIN, PLAIN_CONSENT),
    ("json:choices", "other", PLAIN, None),
    ("json:choices", "choices", '{"a": 1, "b": "true", "c": null}', None),
    ("json:choices", "choices", "[true]", None),
    ("json:choices", "choices", "true", None),
    ("json:choices", "choices", "{", None),
    ("json:choices", "choices", '{"": true, "a\\n": true, "\\ud800": true, "b": true}', {"b": True}),
    ("json:choices", "choices", json.dumps({"a" * 257: True, "b" * 256: True}), {"b" * 256: True}),
    ("json:choices", "choices", '{"a":' * 3_000, None),
]


@pytest.mark.parametrize(("name", "cookie", "value", "expected"), SAMPLES)
def test_samples(name: str, cookie: str, value: str, expected: dict[str, bool] | None) -> None:
    """A consent is read in each form that the banners write; what cannot be read is none."""
    assert reader(name)({cookie: value}) == expected


@pytest.mark.parametrize("count", [100, 101])
@pytest.mark.parametrize("name", ["onetrust", "cookiebot", "json:c"])
def test_most_categories(name: str, count: int) -> None:
    """A hundred categories are read; where there are more, what was refused might be lost, so none is."""
    keys = [f"k{number}" for number in range(count)]
    values = {
        "OptanonConsent": "groups=" + ",".join(f"{key}:1" for key in keys),
        "CookieConsent": "{" + ",".join(f"{key}:true" for key in keys) + "}",
        "c": json.dumps(dict.fromkeys(keys, True)),
    }

    assert reader(name)(values) == (dict.fromkeys(keys, True) if count == 100 else None)


def test_answers_are_the_callers_own() -> None:
    """What a caller does with an answer changes no other one."""
    read = reader("json:c")
    cookies = {"c": '{"a": true}'}
    first = read(cookies)
    assert first is not None
    first["a"] = False

    assert read(cookies) == {"a": True}
    assert read({"c": '{"a": false}'}) == {"a": False}


def test_longest_cookie() -> None:
    """A cookie of more than 16 KB is not read."""
    text = '{"a": true}'

    assert reader("json:c")({"c": text.ljust(16_384)}) == {"a": True}
    assert reader("json:c")({"c": text.ljust(16_385)}) is None


@pytest.mark.parametrize(
    "value",
    ["", "none", "onetrust:x", "onetrust:", "cookiebot:x", "json", "json:", "usercentrics:", 1, None, b"onetrust"],
)
def test_unknown(value: object) -> None:
    """What is no reader is refused, with the list of those that there are."""
    with pytest.raises(ValueError, match="onetrust, cookiebot, usercentrics, usercentrics:NAME or json:NAME"):
        reader(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("onetrust", "C0002"), ("cookiebot", "statistics"), ("usercentrics", "analytics"), ("json:x", "analytics")],
)
def test_category(name: str, expected: str) -> None:
    """Each reader knows what its banner calls the consent to analytics."""
    assert reader(name).category == expected


HOSTILE = st.text() | st.text(st.sampled_from("{}[]\":,%=&groups017truefalse'\\"), max_size=60)


@ENOUGH
@given(
    st.sampled_from([("onetrust", "OptanonConsent"), ("cookiebot", "CookieConsent"), ("usercentrics", "ucData")]),
    HOSTILE,
)
def test_any_text(case: tuple[str, str], value: str) -> None:
    """Whatever a cookie says, what comes of it are named categories, each true or false, or nothing."""
    name, cookie = case
    for text in (value, "{" + value, "groups=" + value):
        found = reader(name)({cookie: text})
        assert found is None or (found and all(type(given) is bool and key for key, given in found.items()))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["consent", "services", "id", "status", "x"]), inner, max_size=4)
    ),
)


@ENOUGH
@given(VALUES, st.booleans())
def test_any_json(value: object, is_encoded: bool) -> None:
    """Whatever JSON a cookie holds, nothing is raised."""
    text = json.dumps(value)
    for name in ("usercentrics:c", "json:c"):
        found = reader(name)({"c": quote(text) if is_encoded else text})
        assert found is None or found


@ENOUGH
@given(st.dictionaries(st.text("abc 漢-_%", min_size=1), st.booleans(), min_size=1), st.booleans())
def test_round_trip(consent: dict[str, bool], is_encoded: bool) -> None:
    """A plain map is read as it was written."""
    text = json.dumps(consent)

    assert reader("json:c")({"c": quote(text) if is_encoded else text}) == consent
