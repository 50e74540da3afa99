"""What clients send, in a form that is the same in each run, and as the guide lists it."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from otel_segment import __version__

__all__ = ["ADDRESS", "GUIDE", "Sent", "Way", "events_of", "plain", "sections", "side_by_side", "steady", "together"]

GUIDE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:8765"
"""The address in the guide's examples."""
HEADERS = ("authorization", "content-type", "content-encoding", "user-agent", "x-write-key")
"""The headers that say who sends what."""

OF_REQUEST = {"sentAt", "writeKey"}
"""What belongs to the request where the event has no batch around it."""

FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)
VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|\+00:00)"), "<time>"),
    (re.compile(r'(?<="messageId": ")[0-9a-f]{32}(?=")'), "<id>"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"(?<=-next-)\d{13}(?=-)"), "<ms>"),
    (re.compile(r'(?<="nodeVersion": ")v?[\d.]+'), "<node>"),
    (re.compile(r"Mozilla/5\.0[^\"]*"), "<browser>"),
    (re.compile(r'(?<="brands": )\[.*?\]'), '["<browser>"]'),
    (re.compile(r'(?<="platform": ")[^"]*'), "<platform>"),
    (re.compile(r"http://127\.0\.0\.1:\d+/"), "<site>/"),
    (re.compile(re.escape(__version__)), "<version>"),
)


class Sent(NamedTuple):
    """A request.

    Attributes:
        path: The path.
        headers: Those of its headers that matter, by lower-case names; the key as it is under its encoding.
        body: The body, unpacked and decoded; ``None`` where there is none.
    """

    path: str
    headers: dict[str, str]
    body: Any


class Way(NamedTuple):
    """A way to use a client, from the guide.

    Attributes:
        kind: The language.
        code: The example.
        sent: The requests that are listed for it, none where it is said to send the same as the way before.
    """

    kind: str
    code: str
    sent: list[Sent]


def sections() -> dict[str, list[Way]]:
    """Return the ways to use each client, by the headings of the guide."""
    parts = re.split(r"^## (.+)$", GUIDE, flags=re.MULTILINE)[1:]
    return {title: list(_ways(text)) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def steady(path: str, headers: Mapping[str, str], body: bytes) -> Sent:
    """Return a request without what differs from run to run."""
    kept = {name: plain(headers[name]) for name in HEADERS if name in headers}
    scheme, _, secret = kept.get("authorization", "").partition(" ")
    if scheme == "Basic":
        kept["authorization"] = f"Basic {base64.b64decode(secret).decode()}"
    elif scheme == "Bearer":
        kept["authorization"] = "Bearer <token>"
    return Sent(path, kept, plain(json.loads(body)))


def plain(value: Any) -> Any:
    """Return a JSON value without what differs from run to run."""
    text = json.dumps(value, ensure_ascii=False)
    for pattern, stand_in in VARYING:
        text = pattern.sub(stand_in, text)
    return json.loads(text)


def events_of(sent: list[Sent]) -> list[dict[str, Any]]:
    """Return the events in some requests, as the endpoint remembers them."""
    return [event for request in sent for event in _events(request.body)]


def side_by_side(ways: Mapping[str, list[Way]]) -> str:
    """Return a table of what the first way to use each client sends, by its listing."""
    listed = {title: found[0].sent for title, found in ways.items() if found}
    lines = [f"| | {' | '.join(listed)} |", "| --- " * (len(listed) + 1) + "|"]
    for name, tell in ROWS.items():
        lines.append(f"| {name} | {' | '.join(tell(sent) for sent in listed.values())} |")
    return "\n".join(lines) + "\n"


def together(sent: list[Sent]) -> list[Sent]:
    """Return requests, with batches that differ in nothing but their events as one."""
    merged: list[Sent] = []
    for request in sent:
        last = merged[-1] if merged else None
        if (
            last
            and "batch" in request.body
            and last == request._replace(body={**request.body, "batch": last.body["batch"]})
        ):
            body = {**last.body, "batch": [*last.body["batch"], *request.body["batch"]]}
            merged[-1] = last._replace(body=body)
        else:
            merged.append(request)
    return merged


def _events(body: dict[str, Any]) -> list[dict[str, Any]]:
    if "batch" in body:
        return list(body["batch"])
    return [{name: value for name, value in body.items() if name not in OF_REQUEST}]


def _header(name: str) -> Callable[[list[Sent]], str]:
    return lambda sent: _code({request.headers.get(name, "") for request in sent})


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names) if name) or "none"


def _in_all(values: Iterable[Mapping[str, Any]]) -> str:
    return _code(set.intersection(*(set(value) for value in values)))


def _around(sent: list[Sent]) -> str:
    bodies = [request.body for request in sent]
    return _code({name for body in bodies for name in body if "batch" in body or name in OF_REQUEST} - {"batch"})


ROWS: Final[dict[str, Callable[[list[Sent]], str]]] = {
    "`context.library`": lambda sent: _code(
        {"{name} {version}".format(**event["context"]["library"]) for event in events_of(sent)}
    ),
    "Paths": lambda sent: _code({request.path for request in sent}),
    "`authorization`": _header("authorization"),
    "`content-type`": _header("content-type"),
    "`content-encoding`": _header("content-encoding"),
    "`user-agent`": _header("user-agent"),
    "Fields beside the events": _around,
    "Fields of all events": lambda sent: _in_all(events_of(sent)),
    "Fields of all contexts": lambda sent: _in_all(event["context"] for event in events_of(sent)),
    "`messageId`": lambda sent: _code({event["messageId"] for event in events_of(sent)}),
}


def _ways(text: str) -> Iterator[Way]:
    way = None
    for found in FENCE.finditer(text):
        if found["kind"] in {"python", "js"}:
            if way:
                yield way
            way = Way(found["kind"], found["text"], [])
        elif way and found["kind"] == "http":
            way.sent.append(_listed(found["text"]))
    if way:
        yield way


def _listed(text: str) -> Sent:
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    headers = dict(line.split(": ", 1) for line in lines)
    return Sent(first.removeprefix("POST "), headers, json.loads(body))
