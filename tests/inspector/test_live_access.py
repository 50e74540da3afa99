"""Who may see what has arrived, and who may change it."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator

import pytest
import requests
from inspecting import TIMEOUT, get, post, track

from otel_segment.inspector import Inspector

TOKEN = "open-sesame/1;+"
MARK = {"X-Otel-Segment": "1"}


@pytest.fixture(scope="module")
def plain() -> Iterator[Inspector]:
    """A server that anybody on this machine may ask."""
    with Inspector() as inspector:
        post(inspector, track())
        yield inspector


@pytest.fixture(scope="module")
def guarded() -> Iterator[Inspector]:
    """A server on all addresses, with a token."""
    with Inspector("0.0.0.0", token=TOKEN) as inspector:
        yield inspector


@pytest.mark.parametrize("path", ["/", "/api/events", "/api/events/1", "/api/live", "/api/export.jsonl"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "localhost.evil:80", "[::"])
def test_foreign_names(plain: Inspector, path: str, host: str) -> None:
    """A name that leads here, but is not the server's own, gets nothing."""
    assert get(plain, path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:80", "127.0.0.2", "[::1]:1", "shop.localhost"])
def test_own_names(plain: Inspector, host: str) -> None:
    """Each name of this machine's own is let in."""
    assert get(plain, "/api/events", headers={"Host": host}).status_code == 200


def test_events_under_any_name(plain: Inspector) -> None:
    """Events may be sent under any name: a client may know the server by another."""
    assert post(plain, track(), headers={"Host": "api.segment.io"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/events"), ("PUT", "/api/faults")])
def test_changes_need_a_mark(plain: Inspector, method: str, path: str) -> None:
    """A change without the header that no foreign page can send is turned away."""
    answer = requests.request(method, plain.url + path, data='{"faults": "reset"}', timeout=TIMEOUT)

    assert answer.status_code == 403
    assert len(plain.archive) > 0
    assert plain.faults.text == ""


@pytest.mark.parametrize("path", ["/", "/api/events", "/api/events/1", "/api/live", "/api/summary", "/api/nothing"])
@pytest.mark.parametrize("token", [None, "", "open", "OPEN-SESAME/1;+"])
def test_no_token(guarded: Inspector, path: str, token: str | None) -> None:
    """Without the token nothing is told, not even what there is."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}", "Cookie": "otel_segment_token="}

    answer = get(guarded, path, headers=headers, params={} if token is None else {"token": token})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_token_in_header(guarded: Inspector) -> None:
    """The token may stand in the header of programs."""
    answer = get(guarded, "/api/summary", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200


def test_token_in_address(guarded: Inspector) -> None:
    """A browser shows the token once, in the address, and has a cookie from then on that scripts cannot see."""
    with requests.Session() as browser:
        browser.trust_env = False
        first = browser.get(guarded.url, params={"token": TOKEN}, timeout=TIMEOUT, allow_redirects=False)
        later = browser.get(f"{guarded.url}/api/summary", timeout=TIMEOUT)

    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(first.headers["Set-Cookie"].split("; "))
    assert later.status_code == 200


def test_two_at_one_address(guarded: Inspector) -> None:
    """A browser that shows its token to another inspector of the machine stays let in by the first."""
    with requests.Session() as browser, Inspector(token="another") as second:
        browser.trust_env = False
        for inspector, token in ((guarded, TOKEN), (second, "another")):
            browser.get(inspector.url, params={"token": token}, timeout=TIMEOUT)
        answers = [browser.get(f"{each.url}/api/summary", timeout=TIMEOUT) for each in (guarded, second)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_events_without_token(guarded: Inspector) -> None:
    """Sending events needs no token."""
    assert post(guarded, track()).status_code == 200


@pytest.mark.parametrize("host", ["192.168.7.7:1", "inspector:8765", "events.example", "[::"])
def test_any_name_with_token(guarded: Inspector, host: str) -> None:
    """Who has the token may know the server by any name, such as that of a container or of a proxy."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": host}

    assert get(guarded, "/", headers=headers).status_code == 200
    assert get(guarded, "/", headers={"Host": host}).status_code == 401


def test_addresses_when_everywhere() -> None:
    """Who listens everywhere without a token goes by each address, and by no foreign name."""
    with Inspector("0.0.0.0") as inspector:
        answers = [
            get(inspector, "/", headers={"Host": host}).status_code for host in ("192.168.7.7:1", "evil.example")
        ]

    assert answers == [200, 421]


def test_page(plain: Inspector) -> None:
    """A browser gets the page, with a policy that allows the style and script in it and nothing else."""
    answer = get(plain, "/", headers={"Accept": "text/html,*/*"})

    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    for kind in ("style", "script"):
        (inside,) = re.findall(rf"<{kind}>(.*?)</{kind}>".encode(), answer.content, re.DOTALL)
        assert policy[f"{kind}-src"] == f"'sha256-{b64encode(hashlib.sha256(inside).digest()).decode()}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert (policy["connect-src"], policy["img-src"]) == ("'self'", "data:")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


def test_text(plain: Inspector) -> None:
    """Others than browsers get a few lines of text."""
    answer = get(plain, "/", headers={"Accept": "*/*"})

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "events: " in answer.text
