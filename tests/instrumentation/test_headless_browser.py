"""Pages that a real browser completes, served by real servers with the script in them."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.request import Request, urlopen

import pytest
from ports import free_port
from running import APPS, environment
from serving import BROWSER

from otel_segment.inspector import LocalEndpoint

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SERVERS = {
    "gunicorn": ["gunicorn", "--workers=2", "--log-level=error", "browsed:wsgi", "--bind=127.0.0.1:{port}"],
    "uvicorn": ["uvicorn", "--log-level=error", "browsed:asgi", "--port={port}"],
}
CONTEXT = {
    "channel": "server",
    "ip": "127.0.0.1",
    "userAgent": BROWSER,
    "locale": "de-CH",
    "timezone": "Europe/Zurich",
    "screen": {"width": 1400, "height": 1000, "density": 2, "innerWidth": 1200, "innerHeight": 800},
}


class Shop:
    """A server, and what arrives from it.

    Args:
        port: Its port.
        endpoint: Where its events go to.
    """

    def __init__(self, port: int, endpoint: LocalEndpoint) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._received = endpoint.received

    def take(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many events, and return all there are by then."""
        assert self._received.wait_for(lambda found: len(found) >= count, 30), self._received.messages
        messages = self._received.messages
        self._received.clear()
        return messages

    def page(self, message: dict[str, Any], path: str, **more: Any) -> dict[str, Any]:
        """Return the message of a page, with what differs from run to run taken from the one that came."""
        name, mark, query = path.partition("?")
        facts = {"path": name, "url": self.url + path, "search": mark + query, **more}
        varying = {field: message[field] for field in ("messageId", "timestamp", "anonymousId")}
        outside = {
            field: message["context"][field]
            for field in ("library", "os", "userAgentData")
            if field in message["context"]
        }
        seen = {
            "host": self.url.removeprefix("http://"),
            **({"referring_domain": "127.0.0.1"} if "referrer" in more else {}),
        }
        context = {**CONTEXT, **outside, "page": {**facts, **seen}}
        return {"type": "page", "name": name, "properties": {**facts, "name": name}, "context": context, **varying}


@contextmanager
def started(server: str, folder: Path, **variables: str) -> Iterator[Shop]:
    """Run a server."""
    pytest.importorskip(server)
    port = free_port()
    with LocalEndpoint() as endpoint:
        env = environment(
            endpoint.url,
            OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL="0.05",
            OTEL_INSTRUMENTATION_SEGMENT_SALT_FOLDER=str(folder),
            PYTHONPATH=str(APPS),
            **variables,
        )
        command = [sys.executable, "-m", *(part.format(port=port) for part in SERVERS[server])]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    assert process.poll() is None, process.communicate()
                    time.sleep(0.05)
            yield Shop(port, endpoint)
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=30)
        assert "Traceback" not in output, output


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a profile of its own."""
    with playwright.sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            # Not as a property of the tab: what a tab sends when it is left would not have it.
            args=[*FLAGS, f"--user-agent={BROWSER}"],
            locale="de-CH",
            timezone_id="Europe/Zurich",
            viewport={"width": 1200, "height": 800},
            screen={"width": 1400, "height": 1000},
            device_scale_factor=2,
        )
        yield context
        context.close()


@pytest.fixture(scope="module", params=sorted(SERVERS))
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop behind each server."""
    with started(request.param, tmp_path_factory.mktemp("salt"), WAIT="2") as shop:
        yield shop


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A tab of the browser, in which nothing goes wrong."""
    tab = chromium.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    yield tab
    tab.close()
    assert problems == []


def test_page(shop: Shop, tab: Any) -> None:
    """A page is sent once, complete with title, screen, viewport, language and time zone."""
    tab.goto(f"{shop.url}/hello?utm=1")
    (message,) = shop.take(1)

    assert message == shop.page(message, "/hello?utm=1", title="From the browser")


def test_client_side_navigation(shop: Shop, tab: Any) -> None:
    """What a script moves on to, and back, are pages of their own with the id of the one that was loaded."""
    tab.goto(f"{shop.url}/first")
    (first,) = shop.take(1)
    tab.evaluate("go('/second?x=1', 'Second')")
    (second,) = shop.take(1)
    tab.evaluate("go('/third', 'Third')")
    tab.evaluate("go('/third#part', 'Third')")
    (third,) = shop.take(1)
    tab.evaluate("history.back()")
    tab.wait_for_url("**/third")
    tab.evaluate("history.back()")
    (back,) = shop.take(1)

    parent = {"parentEventId": first["messageId"]}
    for message, path, before, title in (
        (second, "/second?x=1", "/first", "Second"),
        (third, "/third", "/second?x=1", "Third"),
        (back, "/second?x=1", "/third", "Third"),
    ):
        expected = shop.page(message, path, title=title, referrer=shop.url + before)
        expected["properties"].update(parent)
        assert message == expected
    assert {message["anonymousId"] for message in (first, second, third, back)} == {first["anonymousId"]}


def test_quick_visits(shop: Shop, tab: Any) -> None:
    """Pages that are left at once are sent once each, whichever process their browser's report reaches."""
    paths = [f"/{number}" for number in range(12)]
    for path in paths:
        tab.goto(shop.url + path)
    tab.goto("about:blank")

    messages = shop.take(len(paths))
    assert sorted(message["name"] for message in messages) == sorted(paths)
    assert {message["properties"].get("title") for message in messages} == {"From the browser"}


def test_kept_pages(shop: Shop, tab: Any) -> None:
    """A page that the browser shows again from what it keeps is not sent again as the one that it was."""
    tab.goto(f"{shop.url}/kept")
    shop.take(1)
    tab.goto(f"{shop.url}/next")
    shop.take(1)
    tab.go_back()
    tab.goto(f"{shop.url}/last")

    assert [message["name"] for message in shop.take(1)] == ["/last"]


@pytest.mark.parametrize("server", sorted(SERVERS))
def test_without_the_script(server: str, tmp_path: Path) -> None:
    """A server that ends sends the pages whose browsers have not reported yet."""
    with started(server, tmp_path, WAIT="60") as shop:
        urlopen(Request(f"{shop.url}/silent", headers={"User-Agent": BROWSER})).read()
        assert shop.take(0) == []
        received = shop._received

    assert [message["name"] for message in received.messages] == ["/silent"]
