"""What a browser says of itself: the language that the person wants, and client hints."""

import re
from functools import lru_cache
from typing import Any

from otel_segment import semconv
from otel_segment._brands import brands_of
from otel_segment.instrumentation._request import Request

__all__ = ["hints", "language_of"]

_LONGEST_LANGUAGES = 512
_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}")
_WEIGHT = re.compile(r"[01](?:\.[0-9]{0,3})?")

_LONGEST_HINT = 2_048
_LONGEST_PLATFORM = 64
# User-Agent Client Hints (https://wicg.github.io/ua-client-hints/). Every browser that has them sends the first three,
# unasked; the others only to who asks for them.
_FIRST_HINT = "sec-ch-ua"
_ASKED_HINTS = tuple(
    (name, semconv.HTTP_REQUEST_HEADER_PREFIX + name)
    for name in (
        "sec-ch-ua-arch",
        "sec-ch-ua-bitness",
        "sec-ch-ua-full-version-list",
        "sec-ch-ua-model",
        "sec-ch-ua-platform-version",
        "sec-ch-ua-wow64",
    )
)
_FLAGS = {"?0": False, "?1": True}


def hints(request: Request) -> dict[str, Any]:
    """Return the client hints of a request as attributes.

    Args:
        request: The request.

    Returns:
        ``browser.brands``, ``browser.mobile`` and ``browser.platform``, and what else was asked for under the names of
        captured headers, each a list of one value; nothing where the browser sends none, as Firefox and Safari do.
    """
    header = request.header
    brands = header(_FIRST_HINT)
    if not brands or len(brands) > _LONGEST_HINT:
        return {}
    found = {**_first_hints(brands, header("sec-ch-ua-mobile")[:2], header("sec-ch-ua-platform")[:_LONGEST_PLATFORM])}
    for name, attribute in _ASKED_HINTS:
        if (value := header(name)) and len(value) <= _LONGEST_HINT:
            found[attribute] = [value]
    return found


@lru_cache(maxsize=256)
def _first_hints(brands: str, mobile: str, platform: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if pairs := [f"{brand} {version}" for brand, version in brands_of(brands)]:
        found[semconv.BROWSER_BRANDS] = pairs
    if (is_mobile := _FLAGS.get(mobile.strip())) is not None:
        found[semconv.BROWSER_MOBILE] = is_mobile
    if name := platform.strip().strip('"'):
        found[semconv.BROWSER_PLATFORM] = name
    return found


def language_of(accept_language: str) -> str | None:
    """Return the language tag that the person wants most.

    Args:
        accept_language: The ``Accept-Language`` header (RFC 9110, section 12.5.4); its first 512 characters count.

    Returns:
        The tag of the highest weight, of several the first; None where there is none but ``*``.
    """
    return _language_of(accept_language[:_LONGEST_LANGUAGES]) if accept_language else None


@lru_cache(maxsize=512)
def _language_of(header: str) -> str | None:
    best, most = None, 0.0
    for item in header.split(","):
        tag, _, parameter = item.partition(";")
        weight = _weight(parameter)
        if weight > most and _TAG.fullmatch(tag := tag.strip()):
            best, most = tag, weight
    return best


def _weight(parameter: str) -> float:
    """Return the weight in ``q=0.8``: one where none is said, zero where it cannot be read."""
    name, mark, value = parameter.partition("=")
    if not mark:
        return 1.0 if not name.strip() else 0.0
    is_weight = name.strip().lower() == "q" and _WEIGHT.fullmatch(value := value.strip())
    return min(float(value), 1.0) if is_weight else 0.0
