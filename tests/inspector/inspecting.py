"""What the tests of the inspector's server ask it, and send it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any, TypeAlias

import requests

from otel_segment.inspector import Inspector

TIMEOUT = 20
Frames: TypeAlias = Iterator[tuple[str, Any]]


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


@contextmanager
def watching(inspector: Inspector, query: str = "", headers: Mapping[str, str] | None = None) -> Iterator[Frames]:
    """Look on, and yield the server-sent events as they come: name and data."""
    with closing(HTTPConnection("127.0.0.1", inspector.port, timeout=TIMEOUT)) as connection:
        connection.request("GET", f"/api/live?{query}", headers=dict(headers or {}))
        yield _frames(connection.getresponse())


def _frames(answer: HTTPResponse) -> Frames:
    name = ""
    for line in iter(answer.readline, b""):
        if line.startswith(b"event: "):
            name = line[7:-1].decode()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])
