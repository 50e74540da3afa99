"""The examples: each runs as it stands, and the calls arrive."""

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests
from ports import free_port

from otel_segment.inspector import LocalEndpoint
from otel_segment.mapping import ecommerce_flaws as flaws

ROOT = Path(__file__).parent.parent
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r"^\| (.+?) \| `(.+)` \|$", README, re.MULTILINE))
SCRIPTS = Path(sys.executable).parent

needs_files = pytest.mark.skipif(
    find_spec("opentelemetry.configuration") is None, reason="this SDK reads no configuration files"
)


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """An endpoint that knows one write key."""
    with LocalEndpoint(write_key="example-key") as endpoint:
        yield endpoint


def start(name: str, endpoint: LocalEndpoint, *more: str) -> subprocess.Popen[str]:
    """Start an example with the command that the list of examples gives for it."""
    words = shlex.split(COMMANDS[name])
    assigned = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    command = words[len(assigned) :]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SEGMENT_"))}
    environment = {
        **inherited,
        **assigned,
        "PATH": os.pathsep.join([str(SCRIPTS), os.environ["PATH"]]),
        "OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint.url,
        "SEGMENT_WRITE_KEY": "example-key",
    }
    return subprocess.Popen(
        [*command, *more], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(name: str, endpoint: LocalEndpoint) -> str:
    """Run an example to its end and return what it printed."""
    with start(name, endpoint) as process:
        printed, complaints = process.communicate(timeout=180)

    assert process.returncode == 0, complaints
    assert all(not event.problems for event in endpoint.received)
    return printed


def calls(endpoint: LocalEndpoint) -> list[tuple[Any, ...]]:
    """Return the type, event and user of the calls that arrived."""
    return [(message["type"], message.get("event"), message.get("userId")) for message in endpoint.received.messages]


def test_plain_script(endpoint: LocalEndpoint) -> None:
    """The plain script sends all six calls."""
    printed = run("the six calls, in a plain script", endpoint)

    assert printed == "all settled: True\n"
    assert [kind for kind, _, _ in calls(endpoint)] == ["identify", "group", "page", "screen", "track", "alias"]


def test_configured(endpoint: LocalEndpoint) -> None:
    """The events of the visitor and of the plain API arrive, without what the hook and the mapping keep back."""
    printed = run("`configure()` with settings in code, a visitor, hooks, counts", endpoint)

    assert calls(endpoint) == [("track", "Order Paid", "u-1042"), ("track", "Order Shipped", "u-1042")]
    paid, _ = endpoint.received.messages
    assert paid["properties"] == {"total": 42.5}
    assert paid["context"]["ip"] == "203.0.113.7"
    assert paid["context"]["traits"] == {"email": "ada@example.com"}
    assert "dropped: ignored_by_rule 1\n" in printed
    assert "all settled: True; accepted 3, delivered 2" in printed


def test_ecommerce(endpoint: LocalEndpoint) -> None:
    """The visit arrives in the specification's names, its money as numbers, and without a flaw."""
    printed = run("Segment's e-commerce events, each a typed call", endpoint)

    assert printed == "all settled: True\n"
    messages = {message["event"]: message for message in endpoint.received.messages}
    assert [(name, flaws(name, message["properties"])) for name, message in messages.items()] == [
        ("Products Searched", []),
        ("Product List Viewed", []),
        ("Product Viewed", []),
        ("Product Added", []),
        ("Coupon Applied", []),
        ("Checkout Started", []),
        ("Checkout Step Completed", []),
        ("Order Completed", []),
        ("Order Refunded", []),
    ]
    order = messages["Order Completed"]
    assert (order["userId"], order["anonymousId"]) == ("u-1042", "anonymous-77")
    assert (order["properties"]["revenue"], order["properties"]["gift"]) == (43.9, True)
    assert order["properties"]["products"][1] == {
        "product_id": "p-2",
        "name": "Mug",
        "price": 4.5,
        "quantity": 2,
        "glaze": "blue",
    }


def test_span_events(endpoint: LocalEndpoint) -> None:
    """The two analytics events of the span arrive with what the span knows, and the third event does not."""
    run("events on spans", endpoint)

    assert calls(endpoint) == [("track", "Product Added", "u-1042"), ("page", None, "u-1042")]
    for message in endpoint.received.messages:
        assert message["context"]["campaign"] == {"source": "mail"}


@needs_files
def test_declarative_file(endpoint: LocalEndpoint) -> None:
    """The configuration file sends the events to Segment and all records to the console."""
    printed = run("the declarative YAML file, `otel.yaml`", endpoint)

    assert sorted(calls(endpoint)) == [("identify", None, "u-1042"), ("track", "Product Viewed", None)]
    assert {message["context"]["app"]["name"] for message in endpoint.received.messages} == {"shop"}
    assert endpoint.requests[0].headers["content-encoding"] == "gzip"
    assert "stock is low" in printed


def test_two_exporters(endpoint: LocalEndpoint) -> None:
    """The console has all records, Segment the events alone."""
    printed = run("two exporters at once", endpoint)

    assert sorted(calls(endpoint)) == [("identify", None, "u-1042"), ("track", "Product Viewed", None)]
    for name in ("Product Viewed", "Signed Up", "stock is low"):
        assert name in printed


def test_mapping_file(endpoint: LocalEndpoint) -> None:
    """Events in the program's own words arrive as the calls that the mapping file makes of them."""
    run("events that a mapping file, `mapping.yaml`, makes calls of", endpoint)

    messages = endpoint.received.messages
    assert calls(endpoint) == [
        ("identify", None, "c-1042"),
        ("track", "Subscription Started", "c-1042"),
        ("track", "Invoice Paid", "c-1042"),
        ("track", "Invoice Updated", "c-1042"),
    ]
    assert [message.get("traits") or message["properties"] for message in messages] == [
        {"name": "Ada Lovelace", "email": "***@example.com"},
        {"plan": "pro-2026", "months": 12},
        {
            "cents": 11_880,
            "summary": "i-77: Plan, 12 months and more",
            "items": ["pro-2026", "seat"],
            "remark": "from card [redacted]",
        },
        {"invoice.no": "i-78", "portal": {"user": "ada"}},
    ]


@needs_files
def test_mapping_in_declarative_file(endpoint: LocalEndpoint) -> None:
    """A mapping may stand in the configuration file itself; what no rule of it names stays where it is."""
    run("the same with a mapping in the declarative file, `otel_mapping.yaml`", endpoint)

    (paid,) = endpoint.received.messages
    assert (paid["event"], paid["userId"]) == ("Invoice Paid", "c-1042")
    assert paid["properties"] == {"cents": 11_880, "items": ["pro-2026", "seat"], "service": "billing"}


def test_flask_app(endpoint: LocalEndpoint) -> None:
    """What the handlers of a request tell is about the person behind it."""
    with (
        start("a Flask application that tells its visitors and its pages by hand", endpoint, "--port", "0") as process,
        requests.Session() as browser,
    ):
        try:
            assert process.stderr is not None
            url = next(found[1] for line in process.stderr if (found := re.search(r"(http://\S+)", line)))
            assert browser.get(url).ok
            assert browser.post(f"{url}/login/u-1042").ok
            assert browser.post(f"{url}/orders").ok
            assert endpoint.received.wait_for(lambda seen: len(seen) == 3, timeout=30)
        finally:
            process.terminate()
            process.communicate(timeout=30)

    page, identify, order = sorted(endpoint.received.messages, key=lambda message: message["timestamp"])
    assert (page["type"], page["name"], page["properties"]["path"]) == ("page", "Front page", "/")
    assert "userId" not in page
    assert (identify["type"], identify["userId"]) == ("identify", "u-1042")
    assert (order["event"], order["userId"]) == ("Order Completed", "u-1042")
    assert page["anonymousId"] == identify["anonymousId"] == order["anonymousId"]
    assert order["context"]["userAgent"].startswith("python-requests")


@contextmanager
def served(name: str, endpoint: LocalEndpoint, *more: str) -> Iterator[tuple[str, requests.Session]]:
    """Run an example that serves pages; yield its address, and a browser."""
    with start(name, endpoint, *more) as process, requests.Session() as browser:
        browser.trust_env = False
        browser.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
        lines: list[str] = []
        # What it goes on to write has to be read, too.
        readers = [
            threading.Thread(target=lines.extend, args=[stream], daemon=True)
            for stream in (process.stdout, process.stderr)
        ]
        for reader in readers:
            reader.start()
        try:
            yield address(lines), browser
        finally:
            process.terminate()
            process.wait(timeout=30)
            for reader in readers:
                reader.join(timeout=30)


def address(lines: list[str]) -> str:
    """Wait for the line in which a server says where it listens, and until it does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := re.search(r"(http://[\d.]+:\d+)", "".join(lines)):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(lines)


def viewed(endpoint: LocalEndpoint, count: int) -> list[tuple[Any, ...]]:
    """Wait for so many calls; return the type, name and user of each, in the order of their times."""
    assert endpoint.received.wait_for(lambda seen: len(seen) >= count, timeout=30)
    assert all(not event.problems for event in endpoint.received)
    messages = sorted(endpoint.received.messages, key=lambda message: message["timestamp"])
    return [
        (message["type"], message.get("name") or message.get("event"), message.get("userId")) for message in messages
    ]


def test_web_flask(endpoint: LocalEndpoint) -> None:
    """An unchanged Flask application has its pages told of, with the user from when somebody signs in."""
    pytest.importorskip("flask")
    with served("an unchanged Flask application: pages, and who is signed in", endpoint, "--port", "0") as (
        url,
        browser,
    ):
        for path in ("/", "/products/mug", "/stock"):
            assert browser.get(url + path).ok
        assert browser.post(f"{url}/login/u-1042").ok

        pages = [("page", "/", None), ("page", "/products/<product>", None), ("page", "/", "u-1042")]
        assert viewed(endpoint, 3) == pages
    assert len({message["anonymousId"] for message in endpoint.received.messages}) == 1


def test_web_django(endpoint: LocalEndpoint) -> None:
    """An unchanged Django site has its pages told of; whom analytics.js knows is known, others have a pseudonym."""
    pytest.importorskip("django")
    name = "an unchanged Django site: pages, and the visitors of analytics.js"
    with served(name, endpoint, f"127.0.0.1:{free_port()}") as (url, browser):
        assert browser.get(f"{url}/stock").ok
        assert browser.get(url).ok
        known = {"ajs_anonymous_id": "a-77", "ajs_user_id": "u-1042"}
        assert browser.get(f"{url}/products/mug", cookies=known).ok

        assert viewed(endpoint, 2) == [("page", "/", None), ("page", "/products/<slug:product>", "u-1042")]
    ids = [message["anonymousId"] for message in endpoint.received.messages]
    assert "a-77" in ids
    assert any(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_web_fastapi(endpoint: LocalEndpoint) -> None:
    """An unchanged FastAPI application has its pages and its API calls told of, of the visitor of a cookie."""
    pytest.importorskip("fastapi")
    name = "an unchanged FastAPI application: pages, a visitor's cookie, and calls of the interface"
    with served(name, endpoint, "--port", "0") as (url, browser):
        for path in ("/", "/products/mug", "/api/stock/mug"):
            assert browser.get(url + path).ok
        visitor = browser.cookies["otel_visitor"]

        calls = [("page", "/", None), ("page", "/products/{product}", None), ("track", "API Called", None)]
        assert viewed(endpoint, 3) == calls
    assert {message["anonymousId"] for message in endpoint.received.messages} == {visitor}


def test_testing(endpoint: LocalEndpoint) -> None:
    """The example project's tests pass, with the kit and nothing else, and send nothing to where the others send."""
    printed = run(next(name for name in COMMANDS if "`testing/`" in name), endpoint)

    assert "6 passed" in printed
    assert endpoint.requests == []


def test_with_endpoint() -> None:
    """The helper runs a command against an endpoint of its own, and prints the calls that arrived."""
    command = [sys.executable, "examples/with_endpoint.py", sys.executable, "examples/plain_script.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"event": "Order Completed"' in done.stdout
    assert done.stdout.endswith("6 call(s) arrived\n")


def test_list_is_complete() -> None:
    """The list names every example, and each command in it is run by a test."""
    files = {path for path in (ROOT / "examples").rglob("*") if path.suffix in {".py", ".yaml"}}

    assert {path for path in files if path.name not in README and path.stem not in README} == set()
    assert len(COMMANDS) == 13
