"""What a browser reports of a page, as far as it can be so: a client may send anything."""

import json
import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from otel_segment.semconv import ANALYTICS_LOCALE, ANALYTICS_PAGE_TITLE, ANALYTICS_SCREEN, ANALYTICS_TIMEZONE

__all__ = ["MOST_BYTES", "Place", "Report", "report_of"]

MOST_BYTES = 8_192
"""Bytes of a report."""

_LONGEST_TITLE = 512
_LONGEST_PATH = 2_048
_MOST_PIXELS = 65_535
_MOST_DENSITY = 64

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}")
_TIMEZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
# One slash at its beginning, not two: that would be a host. Nothing that a URL cannot have as it stands.
_PATH = re.compile(r"/(?!/)[^\s#\\\x00-\x1f\x7f-\x9f]*")
_SIZES = ("width", "height", "density", "innerWidth", "innerHeight")


class Place(NamedTuple):
    """Where on the site a page is.

    Attributes:
        path: Its path, decoded.
        query: Its query, without the question mark, as it is in the URL.
    """

    path: str
    query: str


class Report(NamedTuple):
    """What a browser reports.

    Attributes:
        page: What the server named the page that the browser loaded; not looked at yet.
        attributes: The attributes that an event gets of it.
        place: The page that a script has moved on to; None where the report is of the page that was loaded.
        before: The page before that one.
    """

    page: object
    attributes: dict[str, Any]
    place: Place | None
    before: Place | None


def report_of(body: bytes) -> Report | None:
    """Read a report.

    Args:
        body: JSON, as the script sends it.

    Returns:
        The report without what is not as it should be; None where nothing is left.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    place = _place(said.get("path")) if said.get("soft") is True else None
    if place is None and "soft" in said:
        return None
    return Report(said.get("id"), dict(_attributes(said)), place, _place(said.get("from")))


def _attributes(said: dict[str, Any]) -> "list[tuple[str, Any]]":
    found = (
        (ANALYTICS_PAGE_TITLE, _title(said.get("title"))),
        (ANALYTICS_LOCALE, _matching(_LANGUAGE, said.get("language"))),
        (ANALYTICS_TIMEZONE, _matching(_TIMEZONE, said.get("timezone"))),
        (ANALYTICS_SCREEN, _screen(said.get("screen"))),
    )
    return [(name, value) for name, value in found if value]


def _title(value: object) -> str | None:
    return " ".join(_sound(value).split())[:_LONGEST_TITLE].rstrip() if isinstance(value, str) else None


def _matching(form: "re.Pattern[str]", value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def _screen(value: object) -> dict[str, float]:
    if not isinstance(value, list) or len(value) != len(_SIZES):
        return {}
    return {
        name: size
        for name, size in zip(_SIZES, value, strict=True)
        if type(size) in {int, float} and 0 < size <= (_MOST_DENSITY if name == "density" else _MOST_PIXELS)
    }


def _place(value: object) -> Place | None:
    if not isinstance(value, str) or len(value) > _LONGEST_PATH or not _PATH.fullmatch(value):
        return None
    path, _, query = _sound(value).partition("?")
    return Place(unquote(path, errors="replace"), query)


def _sound(text: str) -> str:
    """Return a text without halves of characters, which JSON can have and nothing can send on."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
