"""The title of a page, read off the beginning of its HTML."""

import codecs
import re
from functools import lru_cache
from html import unescape

__all__ = ["MOST_READ", "title_of"]

MOST_READ = 65_536
"""Bytes of the body in which the title is looked for."""

_LONGEST_TITLE = 512
# Before entities are read; with fewer digits than Python refuses to make a number of.
_LONGEST_RAW = 4_096
_LONGEST_CHARSET = 40

# Where a title begins, and what may hold another one's: comments, scripts, templates, drawings. It is in the head.
_START = re.compile(
    r"<(?=[!bmnst])(?:(!--)|(title|body|svg|math|script|style|template|noscript|textarea)(?=[\t\n\f\r />]))",
    re.IGNORECASE,
)
_ENDS = {
    name: re.compile(f"</{name}(?=[\t\n\f\r />])", re.IGNORECASE)
    for name in ("title", "svg", "math", "script", "style", "template", "noscript", "textarea")
}

# Codecs of Python that no page is written in: slow, or loud about what they cannot read.
_NO_CHARSETS = frozenset(("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"))


def title_of(body: bytes, charset: str = "") -> str | None:
    """Return the title of a page.

    Args:
        body: The body, or its beginning; its first 64 KB are read.
        charset: The charset of its ``Content-Type``; UTF-8 where there is none, or none that is known.

    Returns:
        What stands in the first ``<title>``, with entities read and white space collapsed, at most 512 characters;
        None where there is none or nothing in it.
    """
    text = body[:MOST_READ].decode(_codec(charset), "replace")
    # Each step goes on behind the last one or is the last, so that the time is linear in the length of the text.
    position = 0
    while found := _START.search(text, position):
        name = (found[2] or "").lower()
        if name == "title":
            return _content(text, found.end())
        position = _behind(text, found, name)
        if position < 0:
            return None
    return None


def _content(text: str, position: int) -> str | None:
    start = text.find(">", position) + 1
    end = _ENDS["title"].search(text, start) if start else None
    if end is None:
        return None
    raw = text[start : min(end.start(), start + _LONGEST_RAW)]
    return " ".join(unescape(raw).split())[:_LONGEST_TITLE].rstrip() or None


def _behind(text: str, found: re.Match[str], name: str) -> int:
    """Return where what was found ends; less than zero where it is the last thing of interest."""
    if not name:
        # A comment may close at once, as in "<!-->".
        end = text.find("-->", found.start() + 2)
        return end + 3 if end >= 0 else -1
    if name == "body":
        return -1
    closing = _ENDS[name].search(text, found.end())
    return closing.end() if closing else -1


@lru_cache(maxsize=64)
def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset.strip("\"' ")[:_LONGEST_CHARSET] or "utf-8").name
        b" ".decode(name, "replace")  # which fails for a codec that makes no text
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name in _NO_CHARSETS else name
