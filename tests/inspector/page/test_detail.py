"""One event in a real browser: payload, problems, request, timeline."""

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from page_browsing import opened, texts
from page_events import call, send

from otel_segment.inspector.live import Inspector

expect = pytest.importorskip("playwright.sync_api").expect

ROWS = "#rows .row"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def part(tab: Any, name: str) -> Any:
    """Return a part of the detail."""
    return tab.locator("details.part", has=tab.locator("summary", has_text=name))


def test_payload(inspector: Inspector, tab: Any) -> None:
    """A click shows the payload as a tree, as it was sent, and copies it."""
    event = call(properties={"10": True, "2": None, "id": 12345678901234567890, "on": [{"a": 1}]})
    event["context"] = {"trace": {"traceId": TRACE}}
    send(inspector, event)
    tab.goto("/")
    tab.click(ROWS)
    tree = tab.locator(".tree")

    expect(tree).to_contain_text("messageId")
    shown = [line.strip() for line in tree.inner_text().splitlines()]
    first = shown.index("properties: { 4 keys }") + 1
    assert shown[first : first + 4] == ["10: true", "2: null", "id: 12345678901234567890", "on: [ 1 item ]"]
    expect(tab.locator(".facts").first).to_contain_text(TRACE)
    tab.get_by_role("button", name="Fold", exact=True).click()
    expect(tree.get_by_text("12345678901234567890")).to_be_hidden()
    tab.get_by_role("button", name="Unfold all").click()
    expect(tree.get_by_text("12345678901234567890")).to_be_visible()
    tab.get_by_role("button", name="Copy JSON").click()
    expect(tab.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.evaluate("navigator.clipboard.readText()") == json.dumps(event, indent=2)
    tab.get_by_role("button", name="As sent").click()
    expect(tab.locator("pre.text").first).to_contain_text('"id": 12345678901234567890')


def test_problems(inspector: Inspector, tab: Any) -> None:
    """What is wrong with an event is said in words, with what Segment does about it and where that is written."""
    send(inspector, call(event="", userId=None, timestamp="yesterday"))
    tab.goto("/")
    tab.click(ROWS)

    problems = tab.locator(".problems li")
    expect(problems).to_have_count(3)
    expect(problems.nth(0)).to_contain_text("A track call needs an event name that is a text.")
    assert texts(tab, ".problems .state") == ["dropped", "dropped", "altered"]
    assert texts(tab, ".problems code") == ["missing_event", "missing_identity", "invalid_timestamp"]
    for rule in tab.locator(".problems a").all():
        assert (rule.get_attribute("href") or "").startswith("https://")
        assert rule.get_attribute("rel") == "noopener noreferrer"
    assert tab.locator(".problems a").count() == 3


def test_request(inspector: Inspector, tab: Any) -> None:
    """The request that an event came in is shown, without its secrets."""
    send(inspector, call(), call())
    tab.goto("/")
    tab.locator(ROWS).first.click()
    request = part(tab, "Request")
    expect(request.locator("summary")).to_contain_text("POST /v1/batch → 200")
    request.locator("summary").click()

    shown = request.locator(".facts").inner_text()
    for text in ("127.0.0.1", "2 events", "2026-01-02T03:04:05.678Z", "application/json"):
        assert text in shown
    assert "page-secret" not in shown
    assert "page-key" not in shown


def test_refused(inspector: Inspector, tab: Any) -> None:
    """What is no JSON is listed as refused, and shown as it was sent."""
    body = b'{"batch": [{"type": "track", <script>'
    with pytest.raises(OSError, match="400"):
        urlopen(Request(f"{inspector.url}/v1/batch", body, {"Content-Type": "application/json"}))
    tab.goto("/")
    expect(tab.locator(f"{ROWS} .state")).to_have_text("refused")
    tab.click(ROWS)

    expect(tab.locator(".tree")).to_have_text(body.decode())
    expect(tab.locator(".problems")).to_contain_text("not valid JSON")


def test_timeline(inspector: Inspector, tab: Any) -> None:
    """The other events of the same person are a timeline, in their order, also those that come later."""
    send(inspector, call("page", name="Basket", userId="u-9"), call(event="Of another", userId="u-8"))
    send(inspector, call(event="Checkout Started", userId="u-9"), call(event="Order Completed", userId="u-9"))
    tab.goto("/")
    tab.locator(ROWS, has_text="Checkout Started").click()
    items = tab.locator(".timeline li")

    expect(items).to_have_count(3)
    assert texts(tab, ".timeline button > span:nth-child(2)") == ["Basket", "Checkout Started", "Order Completed"]
    expect(items.locator("[aria-current]")).to_contain_text("Checkout Started")
    send(inspector, call(event="Order Refunded", userId="u-9"))
    expect(items).to_have_count(4)
    items.last.get_by_role("button").click()
    expect(tab.locator("#detail-title")).to_contain_text("Order Refunded")
    tab.get_by_role("button", name="List only this person").click()
    expect(tab.locator(ROWS)).to_have_count(4)
    assert "person=u-9" in tab.url


def test_address(inspector: Inspector, tab: Any) -> None:
    """The address leads to the event that is open, and says so when it is no longer stored."""
    send(inspector, call(event="First"), call(event="Second"))
    number = inspector.archive.events[0].number
    tab.goto("/")
    tab.locator(ROWS).nth(1).click()
    expect(tab.locator("#detail-title")).to_contain_text("First")

    assert tab.url.endswith(f"#event={number}")
    tab.reload()
    expect(tab.locator("#detail-title")).to_contain_text("First")
    tab.goto(f"/#event={number + 1_000}")
    expect(tab.locator("#detail-body")).to_contain_text("no longer stored")
    tab.problems.clear()


def test_arrivals_while_open(inspector: Inspector, tab: Any) -> None:
    """An open event stays open while others arrive."""
    send(inspector, call(event="Open"))
    tab.goto("/")
    tab.click(ROWS)
    expect(tab.locator("#detail-title")).to_contain_text("Open")
    send(inspector, *[call(event=f"Later {number}", userId="u-2") for number in range(5)])

    expect(tab.locator(ROWS)).to_have_count(6)
    expect(tab.locator("#detail-title")).to_contain_text("Open")
    expect(tab.locator(f"{ROWS}[aria-selected=true]")).to_contain_text("Open")


def test_forwarded(chromium: Any) -> None:
    """What the endpoint that a request was passed on to answered is shown with each of its events."""
    with (
        Inspector(write_key="another-key") as far,
        Inspector(forward=far.url) as near,
        opened(chromium, near.url) as tab,
    ):
        tab.goto("/")
        expect(tab.locator("#forward")).to_have_text(f"forwarding to {far.url}")
        send(near, call())
        tab.click(ROWS)

        answer = part(tab, "Answer")
        expect(answer.locator("summary")).to_contain_text("401")
        expect(answer).to_contain_text("write key")


def test_token(chromium: Any) -> None:
    """With a token in the address the page is let in, and the address has it no more."""
    with Inspector(token="a-token") as inspector, opened(chromium, inspector.url) as tab:
        send(inspector, call())
        tab.goto("/?token=a-token")

        expect(tab.locator(ROWS)).to_have_count(1)
        assert tab.url == f"{inspector.url}/"
        send(inspector, call())
        expect(tab.locator(ROWS)).to_have_count(2)
