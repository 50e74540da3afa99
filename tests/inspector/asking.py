"""What the tests of the inspector's server ask it, and send it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

from otel_segment.inspector import Inspector

TIMEOUT = 20


def until(condition: Callable[[], object]) -> bool:
    """Wait for something that nobody announces."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def track(number: object = 1, **fields: Any) -> dict[str, Any]:
    """Return a sound event."""
    return {"type": "track", "event": f"Event {number}", "userId": "u-1", "messageId": f"m-{number}", **fields}


def post(inspector: Inspector, *events: dict[str, Any], path: str = "/v1/batch", **keywords: Any) -> requests.Response:
    """Send events in one batch."""
    keywords.setdefault("auth", ("key", ""))
    if not {"data", "json"} & keywords.keys():
        keywords["json"] = {"batch": events}
    return requests.post(inspector.url + path, timeout=TIMEOUT, **keywords)


def get(inspector: Inspector, path: str, **keywords: Any) -> requests.Response:
    """Ask for something."""
    return requests.get(inspector.url + path, timeout=TIMEOUT, **keywords)


def listed(inspector: Inspector, query: str = "") -> list[dict[str, Any]]:
    """Return the rows of a list, the newest first."""
    rows: list[dict[str, Any]] = get(inspector, f"/api/events?{query}").json()["events"]
    return rows


def frames(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    """Yield the server-sent events as they come: name and data."""
    name = ""
    for line in answer.iter_lines(chunk_size=1):
        if line.startswith(b"event: "):
            name = line[7:].decode()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])
