"""Texts that would do harm, the policy that keeps them from it, and people whom the page must not keep out."""

import re
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from axe import findings
from page_browsing import opened, texts
from page_events import call, fill, send, shop_calls

from otel_segment.inspector.live import Inspector

expect = pytest.importorskip("playwright.sync_api").expect

ROWS = "#rows .row"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "</title></style></script><iframe src=//example.com>",
)


def nested(depth: int) -> Any:
    """Return maps in maps."""
    value: Any = "the innermost"
    for _ in range(depth):
        value = {"in": value}
    return value


def test_script(inspector: Inspector, tab: Any) -> None:
    """Markup and script are shown as the texts that they are, wherever they stand."""
    send(
        inspector,
        *[
            call(event=text, userId=text, messageId=text, properties={text: text}, context={"page": {"url": text}})
            for text in HOSTILE
        ],
        call(HOSTILE[0]),
    )
    tab.goto("/")
    expect(tab.locator(ROWS)).to_have_count(len(HOSTILE) + 1)

    assert list(HOSTILE[::-1]) == texts(tab, f"{ROWS} .name")[1:]
    for number, text in enumerate(HOSTILE[::-1], 1):
        tab.locator(ROWS).nth(number).click()
        expect(tab.locator("#detail-title")).to_contain_text(text)
        expect(tab.locator(".tree .string", has_text=text).first).to_be_visible()
    assert tab.evaluate("document.querySelectorAll('#main img, #main iframe, #main script').length") == 0
    tab.locator(ROWS).first.click()
    expect(tab.locator("#detail-title")).to_contain_text(HOSTILE[0])


def test_unseen_signs(inspector: Inspector, tab: Any) -> None:
    """Signs that turn text around or that nobody sees are made visible; right-to-left text stays in its cell."""
    turned = call(event="abc\u202egnp.exe\u200b\x00\n", properties={"\u2066key": "\ufeffvalue"})
    send(inspector, turned, call(event="שלום"))
    tab.goto("/")

    expect(tab.locator(f"{ROWS} .name")).to_have_text(["שלום", r"abc\u{202e}gnp.exe\u{200b}\u{0000}\n"])
    tab.locator(ROWS).nth(1).click()
    expect(tab.locator(".tree")).to_contain_text(r'\u{2066}key: "\u{feff}value"')


def test_monsters(inspector: Inspector, tab: Any) -> None:
    """Very long and very deep values, and names that mean something to JavaScript, are shown and hold nothing up."""
    odd = {"__proto__": {"polluted": True}, "constructor": "c", "toString": 1, "": "empty", "hasOwnProperty": None}
    send(
        inspector,
        call(event="n" * 20_000, userId="u" * 5_000),
        call(event="Deep", properties=nested(400)),
        call(event="Odd", properties=odd),
        call(event="Wide", properties={f"k{number}": number for number in range(1_500)}),
        call(event="Long", properties={"text": "x" * 25_000}),
    )
    tab.goto("/")
    expect(tab.locator(ROWS)).to_have_count(5)
    tree = tab.locator(".tree")

    tab.locator(ROWS, has_text="Odd").click()
    expect(tree).to_contain_text("__proto__")
    for name in odd:
        expect(tree).to_contain_text(name)
    assert tab.evaluate("({}).polluted") is None
    tab.locator(ROWS, has_text="Deep").click()
    expect(tab.locator("#detail-title")).to_contain_text("Deep")
    tab.get_by_role("button", name="Unfold all").click()
    tree.get_by_role("button", name=re.compile("^all .* characters$")).click()
    expect(tree).to_contain_text("the innermost")
    tab.locator(ROWS, has_text="Wide").click()
    tree.get_by_role("button", name="1,300 more").click()
    expect(tree).to_contain_text("k399")
    tab.locator(ROWS, has_text="Long").click()
    tree.get_by_role("button", name="all 25,000 characters").click()
    expect(tree).to_contain_text("x" * 25_000)
    tab.locator(ROWS).last.click()
    expect(tab.locator("#detail-title")).to_contain_text("nnnn")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_policy(inspector: Inspector, tab: Any) -> None:
    """The page is under a policy that lets nothing in or out, and script that gets in all the same does not run."""
    with urlopen(Request(inspector.url, headers={"Accept": "text/html"})) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    others = {"default-src 'none'", "connect-src 'self'", "form-action 'none'", "base-uri 'none'"}
    assert others <= set(policy.split("; "))
    tab.goto("/")
    tab.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "globalThis.ran = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<b style='color: red'></b><img src='http://127.0.0.1:9/'>");
        }"""
    )

    tab.wait_for_timeout(50)
    assert tab.evaluate("globalThis.ran") is None
    broken = {violation.split()[0] for violation in tab.evaluate("violations.splice(0)")}
    assert broken == {"script-src-elem", "style-src-attr", "img-src"}
    tab.problems.clear()


def detail(tab: Any) -> None:
    """Open an event with a problem, with all its parts."""
    tab.locator(f"{ROWS}.wrong").first.click()
    expect(tab.locator(".timeline li").first).to_be_attached()
    tab.locator("details.part", has_text="Request").locator("summary").click()


def filtered(tab: Any) -> None:
    """Press filters until nothing is left."""
    tab.click("#types [data-value=alias]")
    tab.click("#states [data-value=refused]")
    expect(tab.locator("#nothing")).to_be_visible()


STATES: dict[str, Callable[[Any], object]] = {
    "list": lambda tab: None,
    "detail": detail,
    "no match": filtered,
    "help": lambda tab: tab.keyboard.press("?"),
    "faults": lambda tab: tab.click("#faults"),
    "clear": lambda tab: tab.click("#clear"),
}


def anew(tab: Any) -> None:
    """Load the page anew."""
    tab.goto("about:blank")
    tab.goto("/")
    expect(tab.locator(ROWS).first).to_be_visible()


def test_accessible(inspector: Inspector, chromium: Any) -> None:
    """axe-core finds nothing serious in any state of the page, nor on a narrow screen."""
    found = {}
    with opened(chromium, inspector.url) as tab:
        tab.goto("/")
        expect(tab.locator(".command")).to_have_count(4)
        found["empty"] = findings(tab)
        fill(inspector.archive, shop_calls(120), 300)
        for name, go in STATES.items():
            anew(tab)
            go(tab)
            found[name] = findings(tab)
        tab.set_viewport_size({"width": 375, "height": 700})
        anew(tab)
        detail(tab)
        found["narrow"] = findings(tab)
    assert found == {name: [] for name in found}


def test_contrast(inspector: Inspector, chromium: Any) -> None:
    """In the dark theme, too, axe-core finds all texts legible."""
    found = {}
    with opened(chromium, inspector.url, color_scheme="dark") as tab:
        tab.goto("/")
        expect(tab.locator(".command")).to_have_count(4)
        found["empty"] = findings(tab, "color-contrast")
        fill(inspector.archive, shop_calls(120), 300)
        for name in ("detail", "faults"):
            anew(tab)
            STATES[name](tab)
            found[name] = findings(tab, "color-contrast")
    assert found == {name: [] for name in found}


def luminance(tab: Any, selector: str) -> float:
    """Return how bright the background of something is, 0 to 255."""
    script = """(element) => {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.fillStyle = getComputedStyle(element).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].reduce((sum, part) => sum + part / 3, 0);
    }"""
    return float(tab.locator(selector).evaluate(script))


def test_themes(inspector: Inspector, chromium: Any) -> None:
    """The page is light or dark as the system is, unless it was told otherwise, which it remembers."""
    with opened(chromium, inspector.url, color_scheme="dark") as tab:
        tab.goto("/")
        assert luminance(tab, "body") < 40
        tab.emulate_media(color_scheme="light")
        assert luminance(tab, "body") > 220
        for words, dark in (("light", False), ("dark", True)):
            tab.keyboard.press("t")
            expect(tab.get_by_role("button", name=f"Theme: {words}")).to_be_visible()
            tab.emulate_media(color_scheme="light" if dark else "dark")
            assert (luminance(tab, "body") < 40) is dark
        tab.reload()
        assert luminance(tab, "body") < 40
        tab.click("#theme")
        assert luminance(tab, "body") > 220


def test_narrow(inspector: Inspector, chromium: Any) -> None:
    """At 375 px everything can be reached, and nothing has to be scrolled sideways."""
    with opened(chromium, inspector.url, viewport={"width": 375, "height": 700}, has_touch=True) as tab:

        def check() -> None:
            assert tab.evaluate("document.documentElement.scrollWidth") == 375
            wide = """[...document.querySelectorAll("body *")].filter((each) => {
              const box = each.getBoundingClientRect();
              return box.width && box.right > 376 && each.checkVisibility() && !each.closest(".row, .unseen");
            }).map((each) => each.outerHTML.slice(0, 99))"""
            assert tab.evaluate(wide) == []

        tab.goto("/")
        expect(tab.locator(".command")).to_have_count(4)
        check()
        monster = call(event="n" * 500, properties={"k" * 300: "v" * 9_000})
        fill(inspector.archive, [*shop_calls(60), monster], 100)
        tab.reload()
        expect(tab.locator(ROWS).first).to_be_visible()
        check()
        tab.locator("#more-filters").tap()
        check()
        tab.locator("#types [data-value=page]").tap()
        expect(tab.locator(f"{ROWS} .letter").first).to_have_text("P")
        tab.locator("#more-filters").tap()
        tab.get_by_role("button", name="Reset filters").tap()
        expect(tab.locator(f"{ROWS} .letter").first).to_have_text("T")
        tab.locator(ROWS).first.tap()
        expect(tab.locator(".tree")).to_contain_text("vvv")
        check()
        tab.get_by_role("button", name="Close", exact=True).tap()
        expect(tab.locator("#detail")).to_be_hidden()
        for name in ("Faults", "Clear", "Keyboard and help"):
            tab.get_by_role("button", name=name).tap()
            expect(tab.get_by_role("dialog")).to_be_visible()
            check()
            tab.keyboard.press("Escape")
