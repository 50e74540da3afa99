"""A real browser that shows a site's page with analytics.js."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sent import ADDRESS, Way
from site_with_script import SNIPPET, Site
from typing_extensions import Self

__all__ = ["CDN", "CHROMIUM", "Browser"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CDN = "https://cdn.segment.com"
SETTINGS = {
    "integrations": {"Segment.io": {"apiKey": "any", "apiHost": "api.segment.io/v1", "addBundledMetadata": True}},
    "metrics": {"sampleRate": 1},
}
"""Settings as Segment's CDN gives them."""


class Browser:
    """Chromium, and the site that it visits."""

    def __init__(self, chromium: Any, site: Site) -> None:
        self.site = site
        self._chromium = chromium
        self.asked: list[tuple[str, str]] = []
        """What the page asked for elsewhere: method and URL, without the questions that browsers ask beforehand."""

    @contextmanager
    def page(self, head: str, code: str) -> Iterator[Any]:
        """Show a page until its script has come to its end; nothing may go wrong in it.

        Whoever visits is new, and what is asked of Segment's CDN is answered as it would answer.
        """
        self.site.show(head, code)
        self.asked.clear()
        problems: list[str] = []
        context = self._chromium.new_context(locale="de-CH", timezone_id="Europe/Zurich")
        context.route(f"{CDN}/analytics.js/**", lambda route: route.fulfill(path=self.site.build / "standalone.js"))
        context.route(f"{CDN}/v1/projects/**", lambda route: route.fulfill(json=SETTINGS))
        tab = context.new_page()
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("console", lambda message: message.type in {"error", "warning"} and problems.append(message.text))
        tab.on("request", self._note)
        try:
            tab.goto(self.site.url)
            tab.wait_for_function("window.done", timeout=30_000)
            yield tab
        finally:
            context.close()
            assert problems == []

    @contextmanager
    def ran(self, way: Way, url: str) -> Iterator[None]:
        """Run an example to its end, with all calls in place of its one, and leave the page; then the browser waits."""
        code = way.code.replace(f"http://{ADDRESS}", url).replace(ADDRESS, url.removeprefix("http://"))
        code, call, _ = code.partition("analytics.track(")
        assert call, way.code
        if "import " in code:
            head = '<script src="/index.js"></script>'
            code = code.replace("import {", "const {").replace("from '@segment/analytics-next'", "= AnalyticsNext")
        else:
            head = SNIPPET
            code += "await new Promise((resolve) => analytics.ready(resolve))\n"
        with self.page(head, f"{code}await send(analytics)") as tab:
            tab.goto("about:blank")
            # What is on its way when a page is left outlives the page, but not the visitor.
            yield

    @classmethod
    @contextmanager
    def started(cls, packages: Path) -> Iterator[Self]:
        """Start Chromium, with a site to visit."""
        driver = pytest.importorskip("playwright.sync_api")
        if CHROMIUM is None:
            pytest.skip("needs chromium")
        with driver.sync_playwright() as playwright, Site(packages) as site:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield cls(chromium, site)
            chromium.close()

    def _note(self, request: Any) -> None:
        if not request.url.startswith(self.site.url):
            self.asked.append((request.method, request.url))
