"""What clients ask of a server besides: leave to send from a browser, settings, a place for metrics, a way back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from servers import Live, Server, Threaded

SITE = "https://shop.example.com"
TIMEOUT = 10
EVENT = {"userId": "u-1", "event": "Order Completed", "messageId": "m-1"}


@pytest.fixture(params=[Threaded, Live], scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The endpoint that tests start, and the inspector that has a page."""
    with request.param.started() as server:
        yield server


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A client without regard to proxies."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def shared(answer: requests.Response) -> dict[str, str]:
    """Return what an answer says to browsers, by short names."""
    start = "access-control-"
    return {
        name.lower()[len(start) :]: value for name, value in answer.headers.items() if name.lower().startswith(start)
    }


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/t", "/v1/identify", "/v1/import", "/batch", "/v1/m"])
def test_leave_to_send(server: Server, session: requests.Session, path: str) -> None:
    """A browser is told that the pages of another site may send, with any headers and credentials."""
    asked = {
        "Origin": SITE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-retry-count",
        "Access-Control-Request-Private-Network": "true",
    }

    answer = session.options(server.url + path, headers=asked, timeout=TIMEOUT)

    assert (answer.status_code, answer.content) == (204, b"")
    assert shared(answer) == {
        "allow-origin": SITE,
        "allow-credentials": "true",
        "allow-methods": "POST",
        "allow-headers": "authorization,content-type,x-retry-count",
        "allow-private-network": "true",
        "expose-headers": "Retry-After",
        "max-age": "600",
    }
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_leave_to_read(server: Server, session: requests.Session) -> None:
    """A page of another site may read the answers, refusals included, and how long to wait."""
    for body, status in ((EVENT, 200), ("{", 400)):
        answer = session.post(f"{server.url}/v1/t", json=body, headers={"Origin": SITE}, timeout=TIMEOUT)

        assert answer.status_code == status
        assert shared(answer) == {
            "allow-origin": SITE,
            "allow-credentials": "true",
            "expose-headers": "Retry-After",
        }


def test_no_page_asks(server: Server, session: requests.Session) -> None:
    """Who is no page is told nothing of all this."""
    asked: list[tuple[str, Any]] = [("POST", EVENT), ("OPTIONS", None)]

    assert [shared(session.request(way, f"{server.url}/v1/t", json=body, timeout=TIMEOUT)) for way, body in asked] == [
        {},
        {},
    ]


def test_nothing_is_shown_to_pages(server: Server, session: requests.Session) -> None:
    """The page of another site may not read what has arrived."""
    answer = session.get(f"{server.url}/", headers={"Origin": SITE}, timeout=TIMEOUT)

    assert (answer.status_code, shared(answer)) == (200, {})


@pytest.mark.parametrize("origin", ["null", "http://localhost:3000", "chrome-extension://abcdef"])
def test_origins(server: Server, session: requests.Session, origin: str) -> None:
    """Pages without a site, on this machine, and of extensions may send as well."""
    answer = session.post(f"{server.url}/v1/t", json=EVENT, headers={"Origin": origin}, timeout=TIMEOUT)

    assert shared(answer)["allow-origin"] == origin


@pytest.mark.parametrize("origin", ["", "a b", "x" * 1_001, "b\u00fccher"])
def test_no_origins(server: Server, session: requests.Session, origin: str) -> None:
    """What is no origin is not repeated; the event is taken all the same."""
    headers = {"Origin": origin.encode("latin-1")}
    answer = session.post(f"{server.url}/v1/t", json=EVENT, headers=headers, timeout=TIMEOUT)

    assert (answer.status_code, shared(answer)) == (200, {})


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "http {host}/v1"),
        ({"Host": "localhost:8080"}, "http localhost:8080/v1"),
        ({"X-Forwarded-Proto": "https"}, "https {host}/v1"),
        ({"X-Forwarded-Proto": "javascript"}, "http {host}/v1"),
    ],
)
def test_settings(server: Server, session: requests.Session, headers: dict[str, str], address: str) -> None:
    """analytics.js is told to send to where it has asked, with its own key, and to keep to itself how it fares."""
    answer = session.get(
        f"{server.url}/v1/projects/k%201/settings", headers={"Origin": SITE, **headers}, timeout=TIMEOUT
    )

    protocol, host = address.format(host=server.url.removeprefix("http://")).split()
    assert answer.json() == {
        "integrations": {"Segment.io": {"apiKey": "k 1", "apiHost": host, "protocol": protocol}},
        "metrics": {"sampleRate": 0},
    }
    assert shared(answer)["allow-origin"] == SITE


def test_metrics(server: Server, session: requests.Session) -> None:
    """How analytics.js fares is answered, and is no event."""
    before = len(server.arrived(0))
    series = {"series": [{"type": "Counter", "metric": "analytics_js.invoke", "value": 1, "tags": {"a": "b"}}]}

    answer = session.post(f"{server.url}/v1/m", data=json.dumps(series), timeout=TIMEOUT)

    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert len(server.arrived(0)) == before


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/t", "/v1/t"),
        ("/track", "/v1/track"),
        ("/b", "/v1/b"),
        ("/v1", "/v1/batch"),
        ("/v1/", "/v1/batch"),
        ("/v1/batch/", "/v1/batch"),
        ("/v1/v1/batch", "/v1/batch"),
        ("/V1/Batch", "/v1/batch"),
        ("/api/s/batch", "/v1/batch"),
        ("/v1/batch/v1/b", "/v1/b"),
        ("/v2/track", "/v1/track"),
        ("/v1/beacon", ""),
        ("/v1/projects", ""),
    ],
)
def test_meant_path(server: Server, session: requests.Session, path: str, meant: str) -> None:
    """Who sends to a path that does not exist is told which one was probably meant."""
    answer = session.post(server.url + path, json=EVENT, timeout=TIMEOUT)

    hint = f"; was {meant} meant?" if meant else "."
    assert (answer.status_code, answer.json()) == (
        404,
        {"success": False, "message": f"There is nothing at this path{hint}"},
    )
