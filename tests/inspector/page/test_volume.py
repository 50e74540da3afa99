"""A hundred thousand events in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from page_browsing import opened, texts
from page_events import call, fill, send

from otel_segment.inspector.live import Inspector

expect = pytest.importorskip("playwright.sync_api").expect

ROWS = "#rows .row"
EVENTS = 100_000
MOST_ROWS = 200


def event_of(number: int) -> dict[str, Any]:
    """Return the event of a number; each thousandth is a rare one."""
    if number % 1_000:
        return call(event=f"Event {number}", userId=f"u-{number % 50}")
    return call(event=f"Rare {number}", userId="u-rare")


@pytest.fixture(scope="module")
def full() -> Iterator[Inspector]:
    """An inspector that has as much as it keeps."""
    with Inspector(keep=EVENTS) as inspector:
        fill(inspector.archive, map(event_of, range(1, EVENTS + 1)))
        yield inspector


@pytest.fixture
def tab(chromium: Any, full: Inspector) -> Iterator[Any]:
    """A tab with all of them."""
    with opened(chromium, full.url) as tab:
        tab.goto("/")
        expect(tab.locator(ROWS).first).to_be_visible()
        yield tab
        assert tab.locator(ROWS).count() <= MOST_ROWS


def look(tab: Any, place: float) -> str:
    """Scroll to a place, 0 being the top and 1 the bottom, and return the first name that is visible there."""
    return str(
        tab.evaluate(
            """async (place) => {
              grid.scrollTop = place * (grid.scrollHeight - grid.clientHeight);
              for (let tries = 0; tries < 500; tries += 1) {
                await new Promise(requestAnimationFrame);
                const top = grid.getBoundingClientRect().top + 30;
                const rows = [...document.querySelectorAll("#rows .row")];
                if (rows.length > 200) return `${rows.length} rows`;
                const row = rows.find((each) => each.getBoundingClientRect().bottom > top + 1);
                const name = row?.querySelector(".name").textContent;
                if (name && name !== "…") return name;
              }
              return "nothing";
            }""",
            place,
        )
    )


def test_places(tab: Any) -> None:
    """One can go to any place among them at once, and rows that nobody sees are not there."""
    assert look(tab, 0) == "Rare 100000"
    middle = look(tab, 0.5)
    assert middle.startswith(("Event 500", "Event 499", "Rare 50000")), middle
    look(tab, 1)

    expect(tab.locator(f"{ROWS} .name").last).to_have_text("Event 1")
    assert f"{EVENTS + 1:d}" == tab.locator("#grid").get_attribute("aria-rowcount")
    tab.keyboard.press("g")
    expect(tab.locator(f"{ROWS} .name").first).to_have_text("Rare 100000")
    tab.keyboard.press("G")
    expect(tab.locator(f"{ROWS}[aria-selected=true] .name")).to_have_text("Event 1")


def test_scrolling(tab: Any) -> None:
    """Scrolling step by step shows every event, in the order of their arrival, with few rows at any time."""
    seen: list[int] = []
    for _ in range(40):
        rows = texts(tab, f"{ROWS} .name")
        assert len(rows) <= MOST_ROWS
        seen += [int(name.split()[1]) for name in rows if name != "…"]
        tab.locator("#grid").evaluate("(grid) => { grid.scrollTop += 600; }")
        expect(tab.locator(f"{ROWS}.awaited")).to_have_count(0)

    distinct = sorted(set(seen), reverse=True)
    assert list(range(EVENTS, distinct[-1] - 1, -1)) == distinct
    assert len(distinct) > 700


def test_filtered(tab: Any) -> None:
    """What a filter leaves is found to the last, however far apart."""
    tab.fill("#person", "u-rare")
    expect(tab.locator(f"{ROWS} .name").nth(1)).to_have_text("Rare 99000")
    look(tab, 1)

    expect(tab.locator(f"{ROWS} .name").last).to_have_text("Rare 1000")
    tab.fill("#person", "u-7")
    expect(tab.locator(f"{ROWS} .name").first).to_have_text("Event 99957")
    for _ in range(20):
        look(tab, 1)
        if "Event 7" in texts(tab, f"{ROWS} .name"):
            break
    expect(tab.locator(f"{ROWS} .name").last).to_have_text("Event 7")
    tab.fill("#q", "event 99957")
    expect(tab.locator(f"{ROWS} .name")).to_have_text(["Event 99957"])


def test_forgetting(full: Inspector, tab: Any) -> None:
    """While new events push the oldest out, the list stays right at both ends."""
    send(full, *[call(event=f"New {number}") for number in range(300)])

    expect(tab.locator(f"{ROWS} .name").first).to_have_text("New 299")
    expect(tab.locator("#n-events")).to_have_text("100,000")
    expect(tab.locator("#grid")).to_have_attribute("aria-rowcount", f"{EVENTS + 1}")
    look(tab, 1)
    expect(tab.locator(f"{ROWS} .name").last).to_have_text("Event 301")
