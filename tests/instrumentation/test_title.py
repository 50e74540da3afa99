"""The title, read off the beginning of a page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._title import MOST_READ, title_of

DRAWING = "<svg viewBox='0 0 1 1'><title>Logo</title></svg>"


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<!doctype html><html><head><title>Shoes</title></head><body>", "Shoes"),
        ("<TITLE lang=en>\n  Red \t shoes\r\n </TITLE >", "Red shoes"),
        ("<title>Tom &amp; Jerry &lt;3 &#233;&nbsp;&euro;</title>", "Tom & Jerry <3 é €"),
        ("<title>A</title><title>B</title>", "A"),
        ("<title>1 < 2 <b>really</b></title>", "1 < 2 <b>really</b>"),
        ("<title>a</titlex></title>", "a</titlex>"),
        ("<title></title>", None),
        ("<title> \n </title><title>B</title>", None),
        ("<title>never ends", None),
        ("<title", None),
        ("<title></title", None),
        ("<titles>no</titles>", None),
        ("", None),
        ("no HTML at all", None),
        ("<!-- <title>Old</title> --><title>New</title>", "New"),
        ("<!--><title>New</title>-->", "New"),
        ("<!-- <title>Old</title>", None),
        (f"{DRAWING}<title>Page</title>", "Page"),
        (f"<title>Page</title>{DRAWING}", "Page"),
        (f"<body>{DRAWING}</body>", None),
        (DRAWING, None),
        ("<script>document.write('<title>Script</title>')</script><title>Page</title>", "Page"),
        ("<script>'<body>'</script><style>/*<title>x</title>*/</style><title>Page</title>", "Page"),
        ("<template><title>T</title></template><title>Page</title>", "Page"),
        ("<script>never ends <title>Page</title>", None),
        ("<head><title>Page</title><body>", "Page"),
        ("<title>" + "x" * 600 + "</title>", "x" * 512),
        ("<title>" + "x" * 511 + " y</title>", "x" * 511),
        ("<title>" + "x" * 100_000 + "</title>", None),
        ("<title>&#" + "9" * 6_000 + ";</title>", "\N{REPLACEMENT CHARACTER}"),
        ("<title>&#xD800;</title>", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_titles(html: str, title: str | None) -> None:
    """The title is the text of the first title element of the head, as a browser shows it."""
    assert title == title_of(html.encode(), "utf-8")


@pytest.mark.parametrize(
    ("charset", "written_in"),
    [
        ("utf-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("", "utf-8"),
        ("iso-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("no-such-charset", "utf-8"),
        ("unicode_escape", "utf-8"),
        ("rot13", "utf-8"),
        ("hex", "utf-8"),
        ("idna", "utf-8"),
        ("a\0b", "utf-8"),
        ("\ud800", "utf-8"),
        ("x" * 100_000, "utf-8"),
    ],
)
def test_charsets(charset: str, written_in: str) -> None:
    """The title is read in the charset of the answer, in UTF-8 where that is none for pages."""
    assert title_of("<title>Schön</title>".encode(written_in), charset) == "Schön"


def test_wrong_charset() -> None:
    """Bytes that the charset does not have are replaced."""
    assert title_of("<title>Schön</title>".encode("latin-1"), "utf-8") == "Sch\N{REPLACEMENT CHARACTER}n"


def test_end_of_what_is_read() -> None:
    """A title behind the first 64 KB is not read."""
    assert title_of(b" " * (MOST_READ - 50) + b"<title>Page</title>") == "Page"
    assert title_of(b" " * MOST_READ + b"<title>Page</title>") is None


@pytest.mark.parametrize(
    "filling",
    [
        *(
            b"<title",
            b"<title>",
            b"<title ",
            b"</title",
            b"<title></titl",
            b"<!--",
            b"<!---->",
            b"<svg>",
            b"<svg></svg>",
        ),
        *(b"<script", b"<script></script>", b"<", b"<!", b"&#9", b"&", b" ", b"\xff"),
    ],
)
def test_hostile_pages(filling: bytes) -> None:
    """Ten megabytes of whatever begins something end soon, with no title but what is one."""
    large = filling * (10_000_000 // len(filling))

    assert title_of(large, "utf-8") is None
    assert title_of(large, "utf-16") is None
    assert title_of(b"<title>" + large[:60_000].replace(b"<", b"") + b"</title>", "utf-8") != ""


PARTS = st.sampled_from(
    [
        "<title>",
        "</title>",
        "<title",
        "<!--",
        "-->",
        "<svg>",
        "</svg>",
        "<script>",
        "</script>",
        "<body>",
        "&amp;",
        "&#",
        "x ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=500) | st.lists(PARTS, max_size=20).map(lambda parts: "".join(parts).encode()),
    charset=st.text(max_size=30)
    | st.sampled_from(("utf-8", "utf-16", "utf-7", "punycode", "zlib", "undefined", "mbcs")),
)
def test_never_raises(body: bytes, charset: str) -> None:
    """Any bytes in any charset give a title of bounded length, or none, and never an error."""
    title = title_of(body, charset)

    assert title is None or 0 < len(title) <= 512
    assert title is None or title == " ".join(title.split())
