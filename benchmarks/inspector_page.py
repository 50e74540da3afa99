"""The inspector's page in a real browser: how soon it shows the first events, and each one that arrives."""

import contextlib
import http.client
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.processes import Missing, environment

__all__ = ["measure"]

_ROOT = Path(__file__).resolve().parent.parent
_STORED = 100_000
_RATE = 200
_SETTLED_SECONDS = 1.5
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

# What is drawn in a frame is visible when the frame is over, which a message posted in it comes after.
_WATCH = """
globalThis.seen = new Map();
addEventListener("DOMContentLoaded", () => {
  const after = new MessageChannel(), fresh = [];
  after.port1.onmessage = () => {
    const now = Date.now();
    globalThis.first ??= performance.now();
    for (const id of fresh.splice(0)) if (!seen.has(id)) seen.set(id, now);
  };
  new MutationObserver(() => {
    for (const row of document.querySelectorAll("#rows .row:not(.awaited)")) {
      const id = Number(row.id.slice(1));
      if (!seen.has(id)) fresh.push(id);
    }
    if (fresh.length) after.port2.postMessage(0);
  }).observe(document.getElementById("rows"), {childList: true});
});
"""


def measure(loads: int, seconds: float) -> dict[str, float]:
    """Load the page of an inspector that has 100,000 events, then have 200 events a second arrive while it is open.

    Args:
        loads: How often the page is loaded; the median counts.
        seconds: How long events arrive.

    Raises:
        Missing: There is no browser, or what drives it is not installed.
    """
    with _serving() as url, _browsing() as context:
        tab = context.new_page()
        first = [_load(tab, url) for _ in range(loads)]
        last = _newest(url)
        sent = _send(url, seconds)
        tab.wait_for_timeout(_SETTLED_SECONDS * 1_000)
        seen = {int(number): shown for number, shown in tab.evaluate("[...seen]")}
    waits = sorted(seen[number] - arrived for number, arrived in sent.items() if number in seen)
    return {
        "first_page_ms": statistics.median(after for after, _ in first),
        "navigated_ms": statistics.median(whole for _, whole in first),
        "visible_p50_ms": waits[len(waits) // 2],
        "visible_p95_ms": waits[len(waits) * 95 // 100],
        "visible_max_ms": waits[-1],
        "events_per_second": len([number for number in sent if number > last]) / seconds,
        "lost": len(sent) - len(waits),
    }


@contextlib.contextmanager
def _serving() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.inspector_page"]
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            msg = "the inspector does not start; are starlette and uvicorn installed?"
            raise Missing(msg)
        yield url


@contextlib.contextmanager
def _browsing() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        msg = "there is no chromium"
        raise Missing(msg)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Missing(str(error)) from error
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=[*_FLAGS])
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_init_script(_WATCH)
        yield context
        browser.close()


def _load(tab: Any, url: str) -> tuple[float, float]:
    tab.goto(url)
    while not tab.evaluate("globalThis.first && performance.getEntriesByType('navigation')[0].loadEventEnd > 0"):
        tab.wait_for_timeout(20)
    loaded, first = tab.evaluate("[performance.getEntriesByType('navigation')[0].loadEventEnd, globalThis.first]")
    return max(0.0, first - loaded), first


def _send(url: str, seconds: float) -> dict[int, int]:
    """Send events at their rate, each in a request of its own, and return when which one arrived."""
    before = _newest(url)
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    start, run = time.perf_counter(), time.time_ns()
    for number in range(int(_RATE * seconds)):
        time.sleep(max(0.0, start + number / _RATE - time.perf_counter()))
        body = {"batch": [_event(f"run-{run}-{number}")], "writeKey": "benchmark"}
        connection.request("POST", "/v1/batch", json.dumps(body), {"Content-Type": "application/json"})
        connection.getresponse().read()
    connection.close()
    arrived: dict[int, int] = {}
    while True:
        older = f"&before={min(arrived)}" if arrived else ""
        with urlopen(f"{url}/api/events?limit=500&after={before}{older}") as answer:
            found = json.load(answer)
        arrived |= {row["number"]: row["arrived"] for row in found["events"]}
        if not found["more"]:
            return arrived


def _newest(url: str) -> int:
    with urlopen(f"{url}/api/events?limit=1") as answer:
        return int(json.load(answer)["events"][0]["number"])


def _event(message_id: str) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"u-{hash(message_id) % 500}",
        "messageId": message_id,
        "properties": {"order_id": message_id, "revenue": 42.5, "currency": "EUR"},
        "context": {"library": {"name": "benchmark", "version": "1"}, "ip": "203.0.113.7"},
    }


def _serve() -> None:
    from otel_segment.inspector.live import Inspector

    with Inspector() as inspector:
        connection = http.client.HTTPConnection(inspector.url.removeprefix("http://"))
        for start in range(0, _STORED, 1_000):
            batch = [_event(f"stored-{number}") for number in range(start, start + 1_000)]
            body = json.dumps({"batch": batch, "writeKey": "benchmark"})
            connection.request("POST", "/v1/batch", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
        connection.close()
        print(inspector.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve()
