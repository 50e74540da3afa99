"""Make pictures of the page in its main states: ``python screenshots.py FOLDER``."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from page_browsing import browser, opened
from page_events import fill, shop_calls
from PIL import Image
from playwright.sync_api import expect

from otel_segment.inspector.live import Inspector

__all__: list[str] = []

WIDE = (1240, 760)
NARROW = (375, 700)
PORT = 8765
DETAILED = 5
COLOURS = 160
"""So few are enough, and make a picture a quarter as large."""


class Picture(NamedTuple):
    """One picture."""

    name: str
    scheme: str = "light"
    size: tuple[int, int] = WIDE
    act: Callable[[Any], object] = lambda tab: tab


def _open(tab: Any, rows: str, number: int = 0) -> None:
    tab.locator(f"#rows .row{rows}").nth(number).click()
    expect(tab.locator(".timeline li").first).to_be_attached()
    tab.mouse.move(0, 0)


def _problems(tab: Any) -> None:
    tab.click("#states [data-value=refused]")
    tab.click("#states [data-value=dropped]")
    tab.click("#states [data-value=altered]")
    expect(tab.locator("#rows .row.wrong")).to_have_count(tab.locator("#rows .row").count())
    _open(tab, ".dropped")


def _timeline(tab: Any) -> None:
    _open(tab, "", 9)
    tab.locator("details.part", has_text="Timeline").evaluate("(part) => part.scrollIntoView()")


PICTURES = (
    Picture("list", act=lambda tab: tab.mouse.move(0, 0)),
    Picture("list-dark", "dark"),
    Picture("detail", act=lambda tab: _open(tab, "", DETAILED)),
    Picture("problems-dark", "dark", act=_problems),
    Picture("timeline", act=_timeline),
    Picture("narrow", size=NARROW),
    Picture("narrow-detail-dark", "dark", NARROW, lambda tab: _open(tab, ".wrong")),
    Picture("narrow-filters", size=NARROW, act=lambda tab: tab.click("#more-filters")),
    Picture("faults", act=lambda tab: tab.click("#faults")),
    Picture("help-dark", "dark", act=lambda tab: tab.keyboard.press("?")),
)
EMPTY = Picture("empty"), Picture("narrow-empty-dark", "dark", NARROW)


def _take(running: Any, url: str, picture: Picture, folder: Path) -> None:
    width, height = picture.size
    viewport = {"width": width, "height": height}
    with opened(running, url, color_scheme=picture.scheme, viewport=viewport, reduced_motion="reduce") as tab:
        tab.goto("/")
        expect(tab.locator("#connection")).to_have_text("live")
        picture.act(tab)
        tab.wait_for_timeout(300)
        with Image.open(io.BytesIO(tab.screenshot())) as image:
            few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(folder / f"{picture.name}.png", optimize=True)


def main(folder: Path) -> None:
    """Make all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with Inspector(port=PORT) as inspector, browser() as running:
        for picture in EMPTY:
            _take(running, inspector.url, picture, folder)
        fill(inspector.archive, shop_calls(400), 290)
        for picture in PICTURES:
            _take(running, inspector.url, picture, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
