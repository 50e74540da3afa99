"""Events for the page to show."""

import itertools
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from otel_segment.inspector._intake import Event
from otel_segment.inspector._rules import Problem
from otel_segment.inspector.live import Archive, Inspector
from otel_segment.inspector.live._row import Request

__all__ = ["call", "fill", "send", "shop_calls"]

_ids = itertools.count(1)
_AT_ONCE = 2_500


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


def fill(archive: Archive, events: Iterable[tuple[dict[str, Any], Sequence[Problem]]], milliseconds: int = 0) -> None:
    """Put events into an archive as if each had come alone, a while after the other, the last of them now.

    Args:
        archive: Where to put them.
        events: The events, each with what is wrong with it.
        milliseconds: The time between two; 0 puts 2,500 of them into one request.
    """
    made = [
        Event(json.dumps(event).encode(), event["messageId"], event["type"], tuple(wrong)) for event, wrong in events
    ]
    now, step = time.time_ns() // 1_000_000, 1 if milliseconds else _AT_ONCE
    for start in range(0, len(made), step):
        part = made[start : start + step]
        refused = any(problem.outcome.value == "refused" for event in part for problem in event.problems)
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
            arrived=now - (len(made) - start - step) * milliseconds,
            sentAt="2026-01-02T03:04:05.678Z",
            client="127.0.0.1",
        )
        archive.take(request, part)


def shop_calls(count: int) -> Iterable[tuple[dict[str, Any], Sequence[Problem]]]:
    """Yield what a small shop sends, with the mistakes that one makes."""
    people = ("u-1042", "u-77", "ada@example.com", "u-1042", "u-3111")
    names = (
        *("Products Searched", "Product Viewed", "Product Added", "Cart Viewed", "Checkout Started"),
        *("Payment Info Entered", "Order Completed"),
    )
    library = {"library": {"name": "otel-segment", "version": "1.0"}, "ip": "203.0.113.7", "locale": "de-CH"}
    mistakes = {
        0: [Problem.INVALID_TIMESTAMP],
        5: [Problem.MISSING_EVENT],
        23: [Problem.EVENT_TOO_LARGE, Problem.MISSING_IDENTITY],
        29: [Problem.LONG_MESSAGE_ID],
    }
    for number in range(count):
        ago = count - number
        person: dict[str, Any] = {"userId": people[number * 7 % 5]}
        if number % 6 == 4:
            person = {"anonymousId": "9f2c6a10-1f7e-4d4b-a9c8-3b1e5a7d2c44"}
        context = {**library, "trace": {"traceId": f"{number:08x}16cd43dd8448eb211c80319c", "spanId": f"{number:016x}"}}
        common = {**person, "timestamp": "2026-01-02T03:04:05.678Z", "context": context}
        match number % 11:
            case 1 | 4 | 8:
                path = ("/", "/products/teapot", "/basket")[number % 3]
                url = f"https://shop.example.com{path}"
                event = call("page", name=("Front page", "Teapot", "Basket")[number % 3], **common)
                event["properties"] = {"path": path, "url": url, "title": "The tea shop"}
            case 5:
                event = call("identify", traits={"email": "ada@example.com", "plan": "pro"}, **common)
            case 9:
                event = call("screen", name="Account", **common)
            case 10 if number % 2:
                event = call("group", groupId="acme", traits={"seats": 40}, **common)
            case 10:
                event = call("alias", previousId="anon-77", **{**common, "userId": "u-77"})
            case _:
                products = [{"product_id": "p-1", "name": "Teapot", "price": 21.25, "quantity": 2}]
                event = call(event=names[number % 7], **common)
                event["properties"] = {
                    "order_id": f"o-{number}",
                    "revenue": 42.5,
                    "currency": "EUR",
                    "products": products,
                }
        wrong = mistakes.get(ago % 37, []) if ago < 200 else []
        yield event, wrong
