"""The list in a real browser: live, filtered, paused, by keyboard."""

import json
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from page_browsing import opened, texts
from page_events import call, fill, send, shop_calls

from otel_segment.inspector.live import Inspector

expect = pytest.importorskip("playwright.sync_api").expect

ROWS = "#rows .row"
NAMES = f"{ROWS} .name"
ORDER = "Order Completed"

MIXED = [
    call("page", name="Front page", anonymousId="a-1", userId=None),
    call("track", event="Product Viewed", properties={"colour": "Türkis", "size": "100%"}),
    call("identify", userId="u-2", traits={"plan": "pro"}),
    call("track", event="Order Completed", userId="u-2", messageId="mixed-4"),
    call("track", event=""),
    call("track", event="Order Completed", userId="u-2", messageId="mixed-4"),
    call("track", event="Order Viewed", timestamp="yesterday"),
]


def test_live(inspector: Inspector, tab: Any) -> None:
    """An event is listed as it arrives, with time, type, name, person and state, and is counted."""
    tab.goto("/")
    expect(tab.locator("#connection")).to_have_text("live")
    send(inspector, call(event="Order Completed", userId="u-77"))

    row = tab.locator(ROWS)
    expect(row).to_have_count(1)
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", *texts(tab, f"{ROWS} .time"))
    assert texts(tab, f"{ROWS} .type > span") == ["T", "track"]
    assert [texts(tab, f"{ROWS} .{name}") for name in ("name", "person", "state")] == [
        ["Order Completed"],
        ["u-77"],
        ["ok"],
    ]
    send(inspector, call("page", name="Basket"))
    expect(tab.locator(NAMES)).to_have_text(["Basket", "Order Completed"])
    expect(tab.locator("#n-events")).to_have_text("2")
    expect(tab.locator("#types .count")).to_have_text(["1", "1", "0", "0", "0", "0", "0"])
    expect(tab.locator("#chart path.page")).to_have_attribute("d", re.compile("^M"))


def test_first_event(inspector: Inspector, tab: Any) -> None:
    """A page without events says how to send one, and what it says to type into a terminal works."""
    tab.goto("/")
    commands = tab.locator(".command")

    expect(commands).to_have_count(4)
    assert all(inspector.url in text for text in texts(tab, ".command pre"))
    tab.get_by_role("button", name="Copy: With curl").click()
    expect(commands.first.get_by_role("button")).to_have_text("Copied")
    command = tab.evaluate("navigator.clipboard.readText()")
    if shutil.which("curl"):
        assert subprocess.check_output([shutil.which("bash") or "sh", "-c", f"{command} -s"]) == b'{"success":true}'
        expect(tab.locator(NAMES)).to_have_text(["Order Completed"])
        expect(tab.locator(f"{ROWS} .state")).to_have_text(["ok"])
        expect(commands.first).to_be_hidden()


def choose(tab: Any, group: str, *values: str) -> None:
    """Press what filters by type or state."""
    for value in values:
        tab.click(f"#{group} [data-value={value}]")


@pytest.mark.parametrize(
    ("kind", "value", "names", "later"),
    [
        ("types", ["page"], ["Front page"], ["Front page"]),
        ("types", ["page", "identify"], ["—", "Front page"], ["—", "Front page"]),
        ("states", ["dropped"], ["—"], ["—"]),
        ("states", ["altered", "duplicate"], ["Order Viewed", ORDER], [ORDER]),
        ("name", "viewed", ["Order Viewed", "Product Viewed"], ["Product Viewed"]),
        ("person", "u-2", [ORDER, ORDER, "—"], [ORDER, ORDER, "—"]),
        ("person", "u-", [], []),
        ("q", "türkis", ["Product Viewed"], ["Product Viewed"]),
        ("q", '"size":"100%', [], []),
        ("q", "100%", ["Product Viewed"], ["Product Viewed"]),
    ],
)
def test_filter(
    inspector: Inspector, tab: Any, kind: str, value: str | list[str], names: list[str], later: list[str]
) -> None:
    """Each filter leaves what it says, also of what arrives later, is kept in the address and can be taken back."""
    send(inspector, *MIXED)
    tab.goto("/")
    expect(tab.locator(ROWS)).to_have_count(len(MIXED))
    if isinstance(value, list):
        choose(tab, kind, *value)
    else:
        tab.fill(f"#{kind}", value)

    expect(tab.locator(NAMES)).to_have_text(names)
    send(inspector, *[{**each, "messageId": f"{each['messageId']}-2"} for each in MIXED[:5]], MIXED[5])
    expect(tab.locator(NAMES)).to_have_text([*later, *names])
    tab.reload()
    expect(tab.locator(NAMES)).to_have_text([*later, *names])
    tab.get_by_role("button", name="Reset filters").first.click()
    expect(tab.locator(ROWS)).to_have_count(2 * len(MIXED) - 1)
    assert "#" not in tab.url


def test_filters_together(inspector: Inspector, tab: Any) -> None:
    """Filters are joined, and the export is of what they leave."""
    send(inspector, *MIXED)
    tab.goto("/#type=track&person=u-2&q=completed")

    expect(tab.locator(ROWS)).to_have_count(2)
    choose(tab, "states", "ok")
    expect(tab.locator(ROWS)).to_have_count(1)
    with tab.expect_download() as begun:
        tab.click("#export")
    lines = begun.value.path().read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["messageId"] for line in lines] == ["mixed-4"]


def test_no_match(inspector: Inspector, tab: Any) -> None:
    """Filters that leave nothing say so, and list the first that matches."""
    send(inspector, *MIXED)
    tab.goto("/#q=refunded")
    expect(tab.locator("#nothing")).to_contain_text("No event matches")
    send(inspector, call(event="Order Refunded"))

    expect(tab.locator(NAMES)).to_have_text(["Order Refunded"])


def test_pause(inspector: Inspector, tab: Any) -> None:
    """While the page is paused nothing moves, and it says how many wait."""
    send(inspector, call(event="First"))
    tab.goto("/")
    expect(tab.locator(NAMES)).to_have_text(["First"])
    tab.keyboard.press("p")
    expect(tab.locator("#connection")).to_have_text("paused")
    send(inspector, call(event="Second"), call(event="Third"))

    expect(tab.locator("#pause")).to_have_text("Go on (2)")
    expect(tab.locator(NAMES)).to_have_text(["First"])
    tab.keyboard.press("p")
    expect(tab.locator(NAMES)).to_have_text(["Third", "Second", "First"])


def test_place_is_kept(inspector: Inspector, tab: Any) -> None:
    """Who has scrolled down keeps the place while events arrive, and gets to them with one button."""
    fill(inspector.archive, shop_calls(300))
    tab.goto("/")
    tab.locator("#grid").evaluate("(grid) => { grid.scrollTop = 3000; }")
    expect(tab.locator(f"{ROWS}[aria-rowindex='102']")).to_be_visible()
    send(inspector, call(event="Unseen"))

    expect(tab.locator("#newer")).to_have_text("↑ 1 new event")
    assert tab.locator("#grid").evaluate("(grid) => grid.scrollTop") == 3000
    tab.click("#newer")
    expect(tab.locator(NAMES).first).to_have_text("Unseen")


def test_keyboard(inspector: Inspector, tab: Any) -> None:
    """All of the list can be used without a mouse."""
    send(inspector, *MIXED)
    tab.goto("/")
    expect(tab.locator(ROWS)).to_have_count(len(MIXED))
    chosen, title = tab.locator(f"{ROWS}[aria-selected=true]"), tab.locator("#detail-title")
    press = tab.keyboard.press

    steps = {"j": "Order Viewed", "jjj": ORDER, "k": "—", "G": "Front page", "g": "Order Viewed"}
    for keys, name in steps.items():
        for key in keys:
            press(key)
        expect(chosen.locator(".name")).to_have_text(name)
    active = tab.locator("#grid").get_attribute("aria-activedescendant")
    assert active == chosen.get_attribute("id")
    press("Enter")
    expect(title).to_be_focused()
    expect(title).to_contain_text("Order Viewed")
    press("j")
    expect(title).to_contain_text("Order Completed")
    press("Escape")
    expect(title).to_be_hidden()
    expect(tab.locator("#grid")).to_be_focused()
    press("ArrowDown")
    expect(chosen.locator(".state")).to_have_text("dropped")
    press("/")
    expect(tab.locator("#q")).to_be_focused()
    tab.keyboard.type("jp?")
    expect(tab.locator("#nothing")).to_contain_text("No event matches")
    press("Escape")
    expect(tab.locator(ROWS)).to_have_count(len(MIXED))
    press("Escape")
    expect(tab.locator("#grid")).to_be_focused()
    press("?")
    expect(tab.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press("Escape")
    expect(tab.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_focus_order(inspector: Inspector, tab: Any) -> None:
    """The tabulator leads from the top to the bottom, and what has the focus shows it."""
    send(inspector, *MIXED)
    tab.goto("/")
    expect(tab.locator(ROWS)).to_have_count(len(MIXED))
    stops = []
    for _ in range(30):
        tab.keyboard.press("Tab")
        stop, outline = tab.evaluate(
            "[document.activeElement.id || document.activeElement.dataset.value,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid", stop
        stops.append(stop)
        if stop == "grid":
            break

    types = ["track", "page", "screen", "identify", "group", "alias"]
    states = ["ok", "altered", "duplicate", "dropped", "refused"]
    bar = ["skip", "faults", "pause", "export", "clear", "theme", "help"]
    assert [*bar, *types, *states, "q", "name", "person", "grid"] == stops


def test_faults(inspector: Inspector, tab: Any) -> None:
    """Faults are switched on and off on the page, which says what is wrong with those that there are not."""
    tab.goto("/")
    tab.click("#faults")
    tab.fill("#faults-text", "weather=bad")
    tab.get_by_role("button", name="Switch on").click()
    expect(tab.locator("#faults-wrong")).to_contain_text("weather")
    tab.problems.clear()
    for preset in tab.locator("#presets button").all():
        preset.click()
        text = tab.input_value("#faults-text")
        tab.keyboard.press("Enter")
        expect(tab.locator("#faults-now")).to_have_text(text)
        with urlopen(f"{inspector.url}/api/summary") as response:
            assert json.load(response)["faults"] == text
        tab.click("#faults")
    tab.get_by_role("button", name="Switch off").click()
    expect(tab.locator("#faults-now")).to_have_text("off")


def test_clear(inspector: Inspector, chromium: Any, tab: Any) -> None:
    """All events can be forgotten, for every viewer at once."""
    send(inspector, *MIXED)
    tab.goto("/")
    with opened(chromium, inspector.url) as other:
        other.goto("/")
        expect(other.locator(ROWS)).to_have_count(len(MIXED))
        tab.click("#clear")
        tab.get_by_role("button", name="Forget them").click()
        for each in (tab, other):
            expect(each.locator("#nothing")).to_contain_text("Waiting for the first event")
        send(inspector, call(event="After that"))
        for each in (tab, other):
            expect(each.locator(NAMES)).to_have_text(["After that"])
    assert len(inspector.archive) == 1


def test_another_one(chromium: Any, tmp_path: Path) -> None:
    """A page does not take the events of another inspector, which has had more, for a part of its own."""
    file = tmp_path / "events.db"
    with Inspector(store=file) as second:
        send(second, *[call(event=f"Of the second {number}") for number in range(3)])
    with Inspector() as first:
        send(first, call(event="Of the first"))
        with opened(chromium, first.url) as tab:
            tab.goto("/")
            tab.locator(ROWS).click()
            expect(tab.locator("#detail")).to_be_visible()
            first.close()
            expect(tab.locator("#connection")).to_have_text("reconnecting")
            with Inspector(port=first.port, store=file):
                expect(tab.locator("#connection")).to_have_text("live")
                expect(tab.locator(NAMES)).to_have_text([f"Of the second {number}" for number in (2, 1, 0)])
                expect(tab.locator("#detail")).to_be_hidden()
                # The requests that found nobody are reported as errors.
                tab.goto("about:blank")
                tab.problems.clear()


def test_connection_without_an_answer(chromium: Any) -> None:
    """A page whose connection is taken and then never answered tries again."""
    with Inspector() as first, opened(chromium, first.url) as tab:
        tab.goto("/")
        expect(tab.locator("#connection")).to_have_text("live")
        first.close()
        with socket.create_server(("127.0.0.1", first.port)) as mute:
            held, _ = mute.accept()
            expect(tab.locator("#connection")).to_have_text("reconnecting")
        with held, Inspector(port=first.port):
            expect(tab.locator("#connection")).to_have_text("live")
            tab.goto("about:blank")
            tab.problems.clear()


def test_reconnecting(chromium: Any) -> None:
    """A page whose inspector was away says so, and goes on with what the new one has."""
    with Inspector() as first:
        url, port = first.url, first.port
        send(first, *MIXED)
        with opened(chromium, url) as tab:
            tab.goto("/")
            expect(tab.locator(ROWS)).to_have_count(len(MIXED))
            first.close()
            expect(tab.locator("#connection")).to_have_text("reconnecting")
            with Inspector(port=port) as second:
                send(second, call(event="Of the second"))
                expect(tab.locator("#connection")).to_have_text("live")
                expect(tab.locator(NAMES)).to_have_text(["Of the second"])
                send(second, call(event="One more"))
                expect(tab.locator(NAMES)).to_have_text(["One more", "Of the second"])
                # The requests that found nobody are reported as errors.
                tab.goto("about:blank")
                tab.problems.clear()
