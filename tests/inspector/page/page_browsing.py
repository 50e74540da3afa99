"""The page in a real browser, and what must never happen in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["CHROMIUM", "browser", "opened", "texts"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_WATCH = """
globalThis.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


@contextmanager
def browser() -> Iterator[Any]:
    """Run a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield running
        running.close()


@contextmanager
def opened(running: Any, url: str, **options: Any) -> Iterator[Any]:
    """Open a tab with the page, in which nothing may go wrong, break the policy or ask another host.

    Args:
        running: The browser.
        url: The inspector's.
        options: Of the browser's context, such as ``color_scheme``.
    """
    options = {"viewport": {"width": 1200, "height": 800}, "base_url": url, **options}
    context = running.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    context.set_default_timeout(10_000)
    context.add_init_script(_WATCH)
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    tab.on("request", lambda asked: None if asked.url.startswith((url, "data:")) else problems.append(asked.url))
    tab.on("dialog", lambda dialog: problems.append(dialog.message))
    tab.problems = problems
    try:
        yield tab
        violations = tab.evaluate("violations")
    finally:
        context.close()
    assert not problems, problems
    assert not violations, violations


def texts(tab: Any, selector: str) -> list[str]:
    """Return the texts of all elements that are found."""
    found: list[str] = tab.locator(selector).all_inner_texts()
    return found
