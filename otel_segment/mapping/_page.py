"""The page: URL, path, query, host, title, referrer and campaign."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._record import Record, place_header, place_values
from otel_segment.mapping._values import text

__all__ = ["PAGE_NAMES", "add_campaign", "add_page", "add_queried_campaign", "page_hash", "request_attributes"]

_URL_NAMES = (semconv.BROWSER_DOCUMENT_URL_FULL, semconv.URL_FULL, semconv.HTTP_URL)
_PATH_NAMES = (semconv.URL_PATH, semconv.HTTP_TARGET)
_SCHEME_NAMES = (semconv.URL_SCHEME, semconv.HTTP_SCHEME)
_MOST_REMEMBERED = 2_048
"""Characters of a URL up to which it is worth the memory to remember its parts."""
_CREDENTIALS = re.compile(r"((?:^|[?&])(?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*")
_DEFAULT_PORTS = {"http": "80", "https": "443"}

# Where the host is named, and where its port is; a Host header is taken as it stands.
_HOST_NAMES = (
    (semconv.SERVER_ADDRESS, semconv.SERVER_PORT),
    (semconv.URL_DOMAIN, semconv.URL_PORT),
    (semconv.HTTP_HOST, None),
    (semconv.NET_HOST_NAME, semconv.NET_HOST_PORT),
    (semconv.HTTP_SERVER_NAME, semconv.NET_HOST_PORT),
)

PAGE_NAMES = (
    *_URL_NAMES,
    *_PATH_NAMES,
    semconv.ANALYTICS_PAGE_TITLE,
    semconv.ANALYTICS_PAGE_REFERRER,
    semconv.HTTP_REQUEST_HEADER_PREFIX + "referer",
)


class _Url(NamedTuple):
    """A URL in the parts that matter here, without user and password."""

    full: str
    scheme: str
    host: str
    path: str
    query: str
    fragment: str
    hostname: str


def add_page(record: Record, context: JsonObject) -> None:
    """Add ``context.page``."""
    page = _location(record)
    if title := record.text(semconv.ANALYTICS_PAGE_TITLE):
        page["title"] = title
    if referrer := _referrer(record):
        url = _split(referrer)
        page["referrer"] = url.full if url else referrer
        if url and url.hostname:
            page["referring_domain"] = url.hostname
    if page:
        context["page"] = page


def add_queried_campaign(_: Record, context: JsonObject) -> None:
    """Add ``context.campaign`` from the query's ``utm_`` keys.

    The names follow Segment's browser library: what comes after ``utm_``, and ``name`` for ``campaign``.
    """
    if (page := context.get("page")) and (search := page.get("search")) and (campaign := _utm(search)):
        context["campaign"] = campaign


def add_campaign(record: Record, context: JsonObject) -> None:
    """Lay ``analytics.campaign`` over ``context.campaign``."""
    if campaign := {**context.get("campaign", {}), **record.merged(semconv.ANALYTICS_CAMPAIGN)}:
        context["campaign"] = campaign


def page_hash(record: Record) -> str | None:
    """Return the fragment of the page's URL, with its ``#``."""
    fragment = record.text(semconv.URL_FRAGMENT)
    if fragment is None:
        for place in record.places:
            for name in _URL_NAMES:
                given = place.get(name)
                if isinstance(given, str) and given and (url := _split(given)):
                    return "#" + url.fragment if url.fragment else None
    return "#" + fragment.removeprefix("#") if fragment else None


def request_attributes(span: JsonObject) -> JsonObject:
    """Return where a request went, under the stable names, as far as its server span has others or none for it.

    Args:
        span: The attributes of the span.
    """
    found: JsonObject = {}
    # A server span has its host by guess, unless the header was captured: behind a proxy it is the socket's address.
    host = place_header(span, "host")
    if not span.get(semconv.URL_PATH):
        given = next(filter(_is_text, place_values(span, _URL_NAMES)), None)
        url = _split(given) if given else None
        path, query = _path_and_query(span, url)
        if path:
            found[semconv.URL_PATH] = path
        if query:
            found[semconv.URL_QUERY] = query
        if url is not None:
            host = host or url.host
            if url.scheme and not span.get(semconv.URL_SCHEME):
                found[semconv.URL_SCHEME] = url.scheme
    if host:
        found[semconv.SERVER_ADDRESS] = host
    return found


def _referrer(record: Record) -> str | None:
    return record.text(semconv.ANALYTICS_PAGE_REFERRER) or record.header("referer")


def _location(record: Record) -> JsonObject:
    """Return URL, path, search and host, as far as one place knows them."""
    for place in record.places:
        given = next(filter(_is_text, place_values(place, _URL_NAMES)), None)
        url = _split(given) if given else None
        path, query = _path_and_query(place, url)
        if url is None and path is None:
            continue
        host = url.host if url and url.host else _host(record)
        page: JsonObject = {}
        if full := url.full if url and url.host else _build(record, host, path, query):
            page["url"] = full
        if path is not None:
            page["path"] = path
        page["search"] = "?" + query if query else ""
        if host:
            page["host"] = host
        return page
    return {}


def _path_and_query(place: JsonObject, url: _Url | None) -> tuple[str | None, str]:
    path = place.get(semconv.URL_PATH)
    query = place.get(semconv.URL_QUERY)
    if not isinstance(path, str) or not path:
        target = place.get(semconv.HTTP_TARGET)
        if url is not None:
            path, target_query = url.path, url.query
        elif isinstance(target, str) and target:
            path, _, target_query = target.partition("?")
        else:
            return None, ""
        query = query if isinstance(query, str) and query else target_query
    elif url is not None and not query:
        query = url.query
    return path, _redacted(query.removeprefix("?")) if isinstance(query, str) else ""


def _build(record: Record, host: str | None, path: str | None, query: str) -> str | None:
    """Build the URL from its parts; nothing is guessed, so without a scheme or a host there is none."""
    scheme = record.text(*_SCHEME_NAMES)
    if not scheme or not host or path is None:
        return None
    return f"{scheme}://{host}{path}" + ("?" + query if query else "")


def _host(record: Record) -> str | None:
    """Return the host that the page was asked for, with its port unless that is the default one."""
    for place in record.places:
        for name, port_name in _HOST_NAMES:
            address = place.get(name)
            if isinstance(address, str) and address:
                return address if port_name is None else _with_port(record, place, address, port_name)
    return None


def _with_port(record: Record, place: JsonObject, address: str, port_name: str) -> str:
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    hostname, _, own_port = address.rpartition(":") if not address.endswith("]") else (address, "", "")
    if hostname and own_port:
        return address
    # The port of the listening socket is not the one that the person asked for where a proxy stands between; a
    # Host header knows better.
    header = place.get(semconv.HTTP_HOST) or place_header(place, "host")
    if isinstance(header, str) and _without_port(header).lower() == address.lower():
        return header
    port = place.get(port_name)
    if not isinstance(port, int | str) or isinstance(port, bool) or port == "":
        return address
    scheme = record.text(*_SCHEME_NAMES)
    default = {_DEFAULT_PORTS[scheme]} if scheme in _DEFAULT_PORTS else set(_DEFAULT_PORTS.values())
    return address if str(port) in default else f"{address}:{port}"


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[: host.find("]") + 1] or host
    return host.partition(":")[0]


def _redacted(text: str) -> str:
    """Take out the credentials that the semantic conventions for ``url.full`` and ``url.query`` name."""
    return _CREDENTIALS.sub(r"\1REDACTED", text) if "=" in text else text


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _split(url: str) -> _Url | None:
    """Take a URL apart; None for what is none."""
    return _split_often(url) if len(url) <= _MOST_REMEMBERED else _split_once(url)


def _split_once(url: str) -> _Url | None:
    url = _redacted(url)
    try:
        parts = urlsplit(url)
        hostname = parts.hostname or ""
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if host != parts.netloc:
        url = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default and host.endswith(":" + default):
        host = host.removesuffix(":" + default)
    if not host and not parts.path:
        return None
    return _Url(url, parts.scheme, host, parts.path, parts.query, parts.fragment, hostname)


_split_often = lru_cache(maxsize=1024)(_split_once)


def _utm_pairs(search: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True)
    except ValueError:
        return ()
    return tuple((key.partition("utm_")[2], value) for key, value in pairs if "utm_" in key)


def _utm(search: object) -> JsonObject:
    if not isinstance(search, str) or "utm_" not in search:
        return {}
    return {"name" if key == "campaign" else text(key): value for key, value in _utm_pairs(search) if key}
