"""Which answers a shared cache may store and hand to others, by RFC 9111 (HTTP caching)."""

import re
import time
from collections.abc import Iterable, Mapping
from email.utils import mktime_tz, parsedate_tz
from functools import lru_cache

__all__ = ["may_be_shared"]

_PARTIAL = 206
_NOT_MODIFIED = 304
# What may be stored although nothing says how long (RFC 9110, section 15.1), and is no page that was found.
_KEPT = frozenset((_PARTIAL, 300, 301, 308, 404, 405, 410, 414, 501))

_CONTROL = "cache-control"
_VALIDATORS = ("etag", "last-modified")
_TELLING = frozenset((_CONTROL, "expires", "vary", "surrogate-control", *_VALIDATORS))
# RFC 9213 and its forms for one vendor: what is said to one network of caches alone.
_TARGETED = "cdn-cache-control"

_DIRECTIVE = re.compile(r'([^\s,;="]+)(?:\s*=\s*("[^"]*"|[^\s,;"]*))?')


def may_be_shared(headers: Iterable[tuple[str, str]], status: int) -> bool:
    """Tell whether a shared cache may hand an answer to others than the one it was made for.

    It may not where ``Cache-Control`` says ``private`` or ``no-store``, or where ``Vary: *`` lets no request match
    (section 4.1), unless ``public`` or ``s-maxage`` contradict. Otherwise it may where

    - it is a 304, whose headers go into an answer that was stored before (section 3.2);
    - it is fresh for a time: ``public``, ``s-maxage``, ``max-age`` above 0, ``stale-while-revalidate``,
      ``stale-if-error``, ``Expires`` in the future, or a header for CDNs that forbids nothing (sections 3 and 4.2);
    - it has ``ETag`` or ``Last-Modified``: what is not fresh is handed on when a 304 confirms it (section 4.3), and
      where no time is said a cache may guess one (section 4.2.2);
    - its status is stored by default, and is none of a page that was found.

    ``Vary: Cookie`` prevents nothing: all first visits have the same cookies, none. A page that says nothing of
    caching at all counts as not shared, for there is nothing to be fresh or to be confirmed by.

    Args:
        headers: The headers of the answer.
        status: Its status.
    """
    said = _said(headers)
    control = _directives(said.get(_CONTROL, ""))
    if status == _NOT_MODIFIED or "public" in control or "s-maxage" in control or _is_for_networks(said):
        return True
    if "private" in control or "no-store" in control or "*" in said.get("vary", ""):
        return False
    if any(name in said for name in _VALIDATORS) or status in _KEPT or _is_fresh(control):
        return True
    return "max-age" not in control and _is_future(said.get("expires", ""))


def _said(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    said: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _TELLING or lower.endswith(_TARGETED):
            said[lower] = f"{said[lower]}, {value}" if lower in said else value
    return said


@lru_cache(256)
def _directives(value: str) -> Mapping[str, str]:
    """Split ``Cache-Control``; what is said of some fields alone, as in ``private="x"``, is left out."""
    found = {name.lower(): argument.strip('"') for name, argument in _DIRECTIVE.findall(value)}
    return {name: argument for name, argument in found.items() if name not in {"private", "no-store"} or not argument}


def _is_fresh(control: Mapping[str, str]) -> bool:
    # A number that cannot be read counts as one above 0: a cache may read it in its own way.
    return bool(control.keys() & {"stale-while-revalidate", "stale-if-error"}) or control.get("max-age", "0") != "0"


def _is_for_networks(said: Mapping[str, str]) -> bool:
    return any(
        not _directives(value).keys() & {"private", "no-store"}
        for name, value in said.items()
        if name == "surrogate-control" or name.endswith(_TARGETED)
    )


def _is_future(expires: str) -> bool:
    # What is no date is in the past (section 5.3).
    try:
        moment = parsedate_tz(expires)
        return moment is not None and mktime_tz(moment) > time.time()
    except (ValueError, OverflowError, IndexError, TypeError):
        return False
