"""The official clients, as they are, told by the guide's own lines to send to a server of this package."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from authorization import AuthorizationServer
from browsing import CDN, Browser
from installing import installed
from running import environment
from sent import ADDRESS, GUIDE, Way, events_of, sections, side_by_side, together
from servers import Arrived, Live, Server, Threaded

from otel_segment.cli._local_inspector import INSPECTOR_URL

HERE = Path(__file__).parent
CALLS = ["identify", "track", "page", "screen", "group", "alias"]
WAYS = sections()
BUNDLE, BATCHES, SNIPPET = WAYS["analytics.js"]
OAUTH_PYTHON = (
    "oauth_client_id={client_id}, oauth_client_key={key}, oauth_key_id={key_id}, oauth_auth_server={auth_server}"
)
OAUTH_JS = "oauthSettings: {{ clientId: {client_id}, clientKey: {key}, keyId: {key_id}, authServer: {auth_server} }}"
PROGRAMS = [
    pytest.param(way, id=f"{title}-{number}")
    for title, ways in WAYS.items()
    for number, way in enumerate(ways)
    if title != "analytics.js"
]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with the clients that run on Node and in browsers."""
    return installed()


@pytest.fixture(scope="module")
def browser(packages: Path) -> Iterator[Browser]:
    """A browser."""
    with Browser.started(packages) as browser:
        yield browser


@pytest.fixture
def folder(way: Way, request: pytest.FixtureRequest) -> Path:
    """The folder that an example runs in: what is not written for Node does without its packages."""
    found: Path = HERE if way.kind == "python" else request.getfixturevalue("packages")
    return found


@pytest.fixture(params=[Threaded, Live])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The endpoint that tests start, and the inspector that has a page."""
    with request.param.started() as server:
        yield server


def run(way: Way, folder: Path, url: str) -> None:
    """Run an example to its end, with all calls in place of its one."""
    one = next(line for line in way.code.splitlines() if line.startswith("analytics.track("))
    code = way.code.replace(f"http://{ADDRESS}", url).replace(one, "send(analytics)")
    if way.kind == "python":
        command = [sys.executable, "-c", f"from calls import send\n{code}"]
    else:
        code = f"import {{ send }} from '{(HERE / 'calls.mjs').as_uri()}'\n{code}"
        command = ["node", "--input-type=module", "--eval", code]
    env = {name: value for name, value in environment(url).items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def check(arrived: list[Arrived], way: Way) -> None:
    """Check that each call arrived once, as it was sent, without a thing to be said against it."""
    paths = [request.path for request in way.sent for _ in events_of([request])]
    expected = [Arrived([], event, path, 200) for event, path in zip(events_of(way.sent), paths, strict=True)]
    assert [event.event["type"] for event in arrived] == CALLS
    assert expected == arrived


@pytest.mark.parametrize("way", PROGRAMS)
def test_program(server: Server, way: Way, folder: Path) -> None:
    """A client sends what the guide lists, to the letter, and each call arrives once, with nothing against it."""
    run(way, folder, server.url)

    check(server.arrived(len(CALLS)), way)
    # How many batches it takes is a matter of time.
    assert server.sent is None or together(way.sent) == together(server.sent)


@pytest.mark.parametrize("way", [BUNDLE, BATCHES], ids=["bundle", "batches"])
def test_browser(server: Server, browser: Browser, way: Way) -> None:
    """analytics.js sends what the guide lists, to the letter, and asks nobody else."""
    with browser.ran(way, server.url):
        arrived = server.arrived(len(CALLS))

    check(arrived, way)
    assert server.sent is None or together(way.sent) == together(server.sent)
    assert {server.url} == {url.partition("/v1/")[0] for _, url in browser.asked}
    assert browser.asked[0] == ("GET", f"{server.url}/v1/projects/any/settings")


def test_snippet(server: Server, browser: Browser) -> None:
    """With its snippet, analytics.js sends the same, but for a field, though its settings are Segment's."""
    with browser.ran(SNIPPET, server.url):
        arrived = server.arrived(len(CALLS))

    assert [event.event.pop("integrations") for event in arrived] == [{"Segment.io": True}] * len(CALLS)
    check([event._replace(event={**event.event, "integrations": {}}) for event in arrived], BUNDLE)
    assert {CDN, server.url} == {"/".join(url.split("/")[:3]) for _, url in browser.asked}


@pytest.mark.parametrize(
    "way", [WAYS["segment-analytics-python"][0], WAYS["@segment/analytics-node"][0]], ids=["python", "node"]
)
def test_bearer_tokens(server: Server, way: Way, folder: Path) -> None:
    """A client that has itself authorized sends the same, with a token in its header and the key in its body."""
    before, after = ('"any"', OAUTH_PYTHON) if way.kind == "python" else ("writeKey: 'any'", OAUTH_JS)
    with AuthorizationServer() as authorization:
        setting = {name: json.dumps(value) for name, value in authorization.setting.items()}
        code = way.code.replace(before, f"{before}, {after.format(**setting)}")
        run(way._replace(code=code), folder, server.url)
        arrived = server.arrived(len(CALLS))

    check(arrived, way)
    headers = {**way.sent[0].headers, "authorization": "Bearer <token>"}
    assert server.sent is None or together(server.sent) == [way.sent[0]._replace(headers=headers)]
    assert authorization.given


def test_by_hand(server: Server, browser: Browser) -> None:
    """Whichever way of a browser's a page sends in, it is let in, whatever the browser asks beforehand."""
    event = {"userId": "u-1", "event": "Order Completed", "writeKey": "any"}
    code = f"""
        const event = (id) => JSON.stringify({{ ...{json.dumps(event)}, messageId: id }})
        const url = '{server.url}/v1/t'
        navigator.sendBeacon(url, event('beacon'))
        navigator.sendBeacon(url, new Blob([event('json beacon')], {{ type: 'application/json' }}))
        fetch(url, {{ method: 'POST', body: event('cookies'), credentials: 'include' }})
        fetch(url, {{ method: 'POST', body: event('header'), keepalive: true, headers: {{ 'X-Write-Key': 'any' }} }})
        fetch(url, {{ method: 'POST', body: event('no leave'), mode: 'no-cors' }})
        const request = new XMLHttpRequest()
        request.open('POST', url)
        request.withCredentials = true
        request.send(event('request'))
    """
    with browser.page("", code):
        arrived = server.arrived(6)

    event = {"type": "track", **event, "messageId": ""}
    del event["writeKey"]
    ways = ["beacon", "cookies", "header", "json beacon", "no leave", "request"]
    expected = [Arrived([], {**event, "messageId": way}, "/v1/t", 200) for way in ways]
    assert sorted(arrived, key=lambda each: str(each.event["messageId"])) == expected


def test_address() -> None:
    """The examples name the address that the inspector has unless told otherwise."""
    assert f"http://{ADDRESS}" == INSPECTOR_URL


def test_side_by_side() -> None:
    """The guide compares what the listings say."""
    assert side_by_side(WAYS) in GUIDE
