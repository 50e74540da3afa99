"""Events for the page to show."""

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any
from urllib.request import Request as HttpRequest
from urllib.request import urlopen
from uuid import UUID

from otel_segment.inspector import Outcome, problems_of
from otel_segment.inspector._intake import Event
from otel_segment.inspector.live import Archive, Inspector
from otel_segment.inspector.live._row import Request

__all__ = ["call", "fill", "send", "shop_calls"]

_ids = itertools.count(1)
_AT_ONCE = 2_500
PEOPLE = ("u-1042", "u-1042", "u-77", "ada@example.com", "u-3111")
VISITOR = "9f2c6a10-1f7e-4d4b-a9c8-3b1e5a7d2c44"
PAGES = (("Front page", "/"), ("Teapot", "/products/teapot"), ("Basket", "/basket"))
NAMES = (
    *("Products Searched", "Product Viewed", "Product Added", "Cart Viewed", "Checkout Started"),
    *("Payment Info Entered", "Order Completed"),
)


def call(kind: str = "track", **fields: Any) -> dict[str, Any]:
    """Return a call that nothing is wrong with."""
    fields = {"userId": "u-1", "messageId": f"page-{next(_ids)}", **fields}
    if kind == "track":
        fields = {"event": "Order Completed", **fields}
    return {"type": kind, **fields}


def send(inspector: Inspector, *events: dict[str, Any]) -> None:
    """Send events in one batch, as clients do."""
    body = json.dumps({"batch": events, "writeKey": "page-key", "sentAt": "2026-01-02T03:04:05.678Z"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer page-secret"}
    with urlopen(HttpRequest(f"{inspector.url}/v1/batch", body, headers)) as response:
        assert response.status == 200


def fill(archive: Archive, events: Iterable[dict[str, Any]], milliseconds: int = 0) -> None:
    """Put events into an archive as if each had come alone, a while after the other, the last of them now.

    Args:
        archive: Where to put them.
        events: The events; they are judged as if they had been sent.
        milliseconds: The time between two, on average; 0 puts 2,500 of them into one request.
    """
    made = [_judged(event) for event in events]
    now, step = time.time_ns() // 1_000_000, 1 if milliseconds else _AT_ONCE
    chance = Random(5)
    spread = sorted(int(chance.uniform(0, len(made) * milliseconds)) for _ in made)
    for start in range(0, len(made), step):
        part = made[start : start + step]
        refused = any(problem.outcome is Outcome.REFUSED for event in part for problem in event.problems)
        request = Request(
            path="/v1/batch",
            headers={
                "host": "127.0.0.1",
                "content-type": "application/json",
                "authorization": "Basic ***",
                "user-agent": "otel-segment",
            },
            size=sum(len(event.raw) for event in part) + 60,
            events=len(part),
            status=400 if refused else 200,
            arrived=now - spread[-1] + spread[start],
            sentAt="2026-01-02T03:04:05.678Z",
            client="127.0.0.1",
        )
        archive.take(request, part)


def _judged(event: dict[str, Any]) -> Event:
    raw = json.dumps(event).encode()
    return Event(raw, event.get("messageId", ""), event["type"], problems_of(raw))


def shop_calls(count: int) -> Iterator[dict[str, Any]]:
    """Yield what a small shop sends, with the mistakes that one makes."""
    chance = Random(7)
    last: dict[str, Any] = {}
    for number in range(count):
        event = _shop_call(chance, number)
        roll = chance.random()
        if count - number == 8 or roll < 0.012:
            event |= {"timestamp": "yesterday"}
        elif count - number == 5 or roll < 0.03:
            event |= {"type": "track", "event": "", "timestamp": "yesterday"}
        elif count - number == 13 or roll < 0.036:
            event |= {"properties": {"html": "<p>far too much</p>" * 2_000}}
        elif count - number == 17 or roll < 0.045:
            event |= {"messageId": last.get("messageId", "")}
        last = event
        yield event


def _shop_call(chance: Random, number: int) -> dict[str, Any]:
    known = chance.random() < 0.8
    who = {"userId": chance.choice(PEOPLE)} if known else {"anonymousId": VISITOR, "userId": None}
    trace = {"traceId": f"{chance.getrandbits(128):032x}", "spanId": f"{chance.getrandbits(64):016x}"}
    context = {"library": {"name": "otel-segment", "version": "1.0"}, "ip": "203.0.113.7", "trace": trace}
    message_id = str(UUID(int=chance.getrandbits(128), version=4))
    more = {"context": context, "timestamp": "2026-01-02T03:04:05.678Z", "messageId": message_id}
    match chance.choices(("track", "page", "identify", "screen", "group", "alias"), (50, 28, 8, 6, 3, 2))[0]:
        case "page":
            name, path = chance.choice(PAGES)
            return call("page", **who, name=name, properties={"path": path, "title": "The tea shop"}, **more)
        case "identify":
            return call("identify", **who, traits={"email": "ada@example.com", "plan": "pro"}, **more)
        case "screen":
            return call("screen", **who, name="Account", **more)
        case "group":
            return call("group", **who, groupId="acme", traits={"seats": 40}, **more)
        case "alias":
            return call("alias", userId="u-77", previousId=VISITOR, **more)
    product = {"product_id": "p-1", "name": "Teapot", "price": 21.25, "quantity": 2}
    properties = {"order_id": f"o-{number}", "revenue": 42.5, "currency": "EUR", "products": [product]}
    return call(**who, event=chance.choice(NAMES), properties=properties, **more)
