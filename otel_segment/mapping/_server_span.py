"""Server spans that are page views, by the rules that the web instrumentation has for requests."""

import re
from functools import lru_cache

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._page import request_attributes
from otel_segment.mapping._privacy import Privacy
from otel_segment.mapping._record import merge_map

__all__ = ["PAGE", "ServerSpans"]

PAGE = "page"
"""The event name, and the call, of a page that is derived from a span."""

_REQUEST = semconv.HTTP_REQUEST_HEADER_PREFIX
_RESPONSE = semconv.HTTP_RESPONSE_HEADER_PREFIX
_HTML = "text/html"

# 2xx without those that have no body (RFC 9110, 15.3.5 and 15.3.6).
_SUCCESS = re.compile(r"2\d\d")
_EMPTY = frozenset({"204", "205"})

_AHEAD = re.compile("prefetch|prerender|preview")
_AHEAD_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")

# Cubot makes telephones.
_BOT = re.compile("(?<!cu)bot|crawl|spider")
_SYNTHETIC = frozenset({"bot", "test"})
_MOST_OF_AGENT = 1_024
"""Characters of a user agent that are looked at."""

_SUFFIXES = (
    "7z aac apk atom avi avif bin bmp bz2 cjs css csv dmg doc docx eot exe flac gif gz ico iso jpeg jpg js json "
    "jsonld m3u8 m4a m4v map md mjs mkv mov mp3 mp4 mpeg oga ogg ogv otf pdf png ppt pptx rar rss svg svgz tar tgz tif "
    " tiff ts ttf txt wasm wav weba webm webmanifest webp woff woff2 xls xlsx xml xz yaml yml zip zst"
)
_FILES = frozenset(_SUFFIXES.split())
"""Suffixes of paths at which no page is."""


class ServerSpans:
    """Finds the page views among spans of kind SERVER, under old and new names of the conventions for HTTP.

    What a request was is seen before privacy takes its part, and goes nowhere; what is told of it is seen after.

    Args:
        privacy: What may be told.
    """

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    def page(self, span: JsonObject) -> JsonObject | None:
        """Return the attributes that a span's page has of its own; None where the span is no page view.

        Args:
            span: The span's attributes.
        """
        if not _is_answered(span) or semconv.ANALYTICS_PAGE_SENT in span:
            return None
        place = request_attributes(span)
        path = place.get(semconv.URL_PATH) or span.get(semconv.URL_PATH)
        if not path and not span.get(semconv.HTTP_ROUTE):
            return None
        if not _is_html(span, path) or _is_ahead(span) or _is_bot(span) or _is_refused(span):
            return None
        told = self._privacy.attributes(span)
        given = {name: value for name, value in span.items() if name.startswith("analytics.")}
        given.pop(semconv.ANALYTICS_TYPE, None)
        return given | (place if told is span else request_attributes(told))


def _is_answered(span: JsonObject) -> bool:
    method = span.get(semconv.HTTP_REQUEST_METHOD) or span.get(semconv.HTTP_METHOD)
    status = str(span.get(semconv.HTTP_RESPONSE_STATUS_CODE) or span.get(semconv.HTTP_STATUS_CODE))
    return method == "GET" and _SUCCESS.fullmatch(status) is not None and status not in _EMPTY


def _is_html(span: JsonObject, path: object) -> bool:
    """Tell whether a page was asked for and answered, as far as headers were captured; else the path tells."""
    fetched = _header(span, _REQUEST, "sec-fetch-dest")
    if fetched and fetched != "document":
        return False
    if kind := _header(span, _RESPONSE, "content-type"):
        return kind.partition(";")[0].strip() == _HTML
    accepted = _header(span, _REQUEST, "accept")
    if accepted and not fetched and _HTML not in accepted:
        return False
    return not isinstance(path, str) or _suffix(path) not in _FILES


def _suffix(path: str) -> str:
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot else ""


def _is_ahead(span: JsonObject) -> bool:
    """Tell whether a browser asked ahead of a person who may never come."""
    return any(_AHEAD.search(_header(span, _REQUEST, name)) for name in _AHEAD_HEADERS)


def _is_bot(span: JsonObject) -> bool:
    if str(span.get(semconv.USER_AGENT_SYNTHETIC_TYPE)) in _SYNTHETIC:
        return True
    agent = span.get(semconv.USER_AGENT_ORIGINAL) or span.get(semconv.HTTP_USER_AGENT)
    if not isinstance(agent, str):
        agent = _header(span, _REQUEST, "user-agent")
    return _names_bot(agent[:_MOST_OF_AGENT])


@lru_cache(maxsize=1_024)
def _names_bot(agent: str) -> bool:
    return _BOT.search(agent.lower()) is not None


def _is_refused(span: JsonObject) -> bool:
    """Tell whether Global Privacy Control forbids it, and no consent of the person's says otherwise."""
    if _header(span, _REQUEST, "sec-gpc") != "1":
        return False
    consents: JsonObject = {}
    merge_map(consents, span, semconv.ANALYTICS_CONSENT)
    return not any(value is True for value in consents.values())


def _header(span: JsonObject, prefix: str, name: str) -> str:
    """Return a captured header in small letters, in either spelling of its name; empty where there is none."""
    value = span.get(prefix + name)
    if value is None and "-" in name:
        value = span.get(prefix + name.replace("-", "_"))
    if isinstance(value, list | tuple):
        value = ",".join(item for item in value if isinstance(item, str))
    return value.strip().lower() if isinstance(value, str) else ""
