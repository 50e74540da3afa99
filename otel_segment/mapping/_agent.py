"""The browser: user agent, client hints, operating system and language."""

from functools import lru_cache
from typing import Any

from otel_segment import semconv
from otel_segment._brands import brands_of
from otel_segment._types import JsonObject
from otel_segment.mapping._record import Record

__all__ = [
    "DATA_NAMES",
    "HINT_NAMES",
    "LOCALE_NAMES",
    "OS_HINT_NAMES",
    "OS_NAMES",
    "USER_AGENT_NAMES",
    "add_client_hints",
    "add_hinted_os",
    "add_locale",
    "add_os",
    "add_user_agent",
    "add_user_agent_data",
]

_HEADER = semconv.HTTP_REQUEST_HEADER_PREFIX
_PLATFORM = "sec-ch-ua-platform"
_PLATFORM_VERSION = "sec-ch-ua-platform-version"

# User-Agent Client Hints (https://wicg.github.io/ua-client-hints/) that are text, and Segment's names for them.
_TEXT_HINTS = (
    ("sec-ch-ua-arch", "architecture"),
    ("sec-ch-ua-bitness", "bitness"),
    ("sec-ch-ua-model", "model"),
    (_PLATFORM_VERSION, "platformVersion"),
)
_HINTS = (
    "sec-ch-ua",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-mobile",
    "sec-ch-ua-wow64",
    _PLATFORM,
    *(header for header, _ in _TEXT_HINTS),
)
_LONGEST_HINT = 2_048


def _headers(*names: str) -> tuple[str, ...]:
    return tuple(_HEADER + spelling for name in names for spelling in (name, name.replace("-", "_")))


USER_AGENT_NAMES = (semconv.USER_AGENT_ORIGINAL, semconv.HTTP_USER_AGENT, *_headers("user-agent"))
DATA_NAMES = (semconv.BROWSER_BRANDS, semconv.BROWSER_MOBILE, semconv.BROWSER_PLATFORM)
HINT_NAMES = _headers(*_HINTS)
OS_NAMES = (
    semconv.USER_AGENT_OS_NAME,
    semconv.USER_AGENT_OS_VERSION,
    semconv.OS_NAME,
    semconv.OS_TYPE,
    semconv.OS_VERSION,
    semconv.BROWSER_PLATFORM,
)
OS_HINT_NAMES = _headers(_PLATFORM, _PLATFORM_VERSION)
LOCALE_NAMES = (semconv.ANALYTICS_LOCALE, semconv.BROWSER_LANGUAGE, *_headers("accept-language"))


def add_user_agent(record: Record, context: JsonObject) -> None:
    """Add ``context.userAgent``."""
    agent = record.text(semconv.USER_AGENT_ORIGINAL, semconv.HTTP_USER_AGENT) or record.header("user-agent")
    if agent:
        context["userAgent"] = agent


def add_user_agent_data(record: Record, context: JsonObject) -> None:
    """Add ``context.userAgentData`` from ``browser.*`` attributes."""
    data: JsonObject = {}
    if brands := _brands(record.first(semconv.BROWSER_BRANDS)):
        data["brands"] = brands
    if isinstance(mobile := record.first(semconv.BROWSER_MOBILE), bool):
        data["mobile"] = mobile
    if platform := record.text(semconv.BROWSER_PLATFORM):
        data["platform"] = platform
    if data:
        context["userAgentData"] = data


def add_client_hints(record: Record, context: JsonObject) -> None:
    """Complete ``context.userAgentData`` from captured client hints."""
    data: JsonObject = {}
    if brands := _hinted_brands(record, "sec-ch-ua"):
        data["brands"] = brands
    if (mobile := _flag(record, "sec-ch-ua-mobile")) is not None:
        data["mobile"] = mobile
    if platform := _hint(record, _PLATFORM):
        data["platform"] = platform
    for header, field in _TEXT_HINTS:
        if hint := _hint(record, header):
            data[field] = hint
    if versions := _hinted_brands(record, "sec-ch-ua-full-version-list"):
        data["fullVersionList"] = versions
    if (wow64 := _flag(record, "sec-ch-ua-wow64")) is not None:
        data["wow64"] = wow64
    if data:
        context["userAgentData"] = {**data, **context.get("userAgentData", {})}


def add_os(record: Record, context: JsonObject) -> None:
    """Add ``context.os``: the person's system, never the server's."""
    system: JsonObject = {}
    name = record.text(semconv.USER_AGENT_OS_NAME, semconv.OS_NAME, semconv.OS_TYPE)
    if name := name or record.text(semconv.BROWSER_PLATFORM):
        system["name"] = name
    if version := record.text(semconv.USER_AGENT_OS_VERSION, semconv.OS_VERSION):
        system["version"] = version
    if system:
        context["os"] = system


def add_hinted_os(record: Record, context: JsonObject) -> None:
    """Complete ``context.os`` from captured client hints."""
    hinted = {"name": _hint(record, _PLATFORM), "version": _hint(record, _PLATFORM_VERSION)}
    if system := {field: value for field, value in hinted.items() if value}:
        context["os"] = {**system, **context.get("os", {})}


def add_locale(record: Record, context: JsonObject) -> None:
    """Add ``context.locale``; of an ``Accept-Language`` header the first language tag."""
    locale = record.text(semconv.ANALYTICS_LOCALE, semconv.BROWSER_LANGUAGE)
    if locale is None and (header := record.header("accept-language")):
        locale = header.partition(",")[0].partition(";")[0].strip()
    if locale and locale != "*":
        context["locale"] = locale


def _hint(record: Record, header: str) -> str | None:
    value = record.header(header)
    return value.strip().strip('"') if value else None


def _flag(record: Record, header: str) -> bool | None:
    """Return a structured-header boolean (RFC 9651): ``?0`` or ``?1``."""
    return {"?0": False, "?1": True}.get((record.header(header) or "").strip())


def _hinted_brands(record: Record, header: str) -> list[JsonObject]:
    value = record.header(header) or ""
    if len(value) > _LONGEST_HINT:
        return []
    return [{"brand": brand, "version": version} for brand, version in _parse_brands(value)]


@lru_cache(maxsize=256)
def _parse_brands(header: str) -> tuple[tuple[str, str], ...]:
    return tuple(brands_of(header))


def _brands(value: Any) -> list[JsonObject]:
    """Split ``browser.brands``, which the conventions write as the brand, a space and its version."""
    if not isinstance(value, list | tuple):
        return []
    pairs = (item.rpartition(" ") for item in value if isinstance(item, str))
    return [{"brand": brand, "version": version} for brand, _, version in pairs if brand]
