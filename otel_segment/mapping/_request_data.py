"""Which attributes, and which fields of the context, hold what a request tells of a person."""

from enum import Enum

from otel_segment import semconv
from otel_segment.mapping._agent import DATA_NAMES, HINT_NAMES, USER_AGENT_NAMES

__all__ = ["CAMPAIGN_PREFIXES", "IDENTIFIERS", "REFERENCES", "Kind", "kind_of"]


class Kind(Enum):
    """What an attribute holds."""

    ADDRESS = "an IP address, or a list of them"
    AGENT = "a user agent"
    AGENT_NAME = "the name of a browser"
    AGENT_PART = "what is told by a user agent, or by what is sent in its place"
    URL = "a URL, or a reference to one"
    QUERY = "a query"
    SEARCH = "a query, or what somebody looked for"
    FRAGMENT = "a fragment"
    CAMPAIGN = "what was in a query about a campaign"


REFERENCES = frozenset({Kind.URL, Kind.QUERY, Kind.SEARCH, Kind.FRAGMENT})
"""What may hold a query."""

IDENTIFIERS = frozenset(
    {
        semconv.USER_ID,
        semconv.ENDUSER_ID,
        semconv.ENDUSER_PSEUDO_ID,
        semconv.ANALYTICS_ANONYMOUS_ID,
        semconv.ANALYTICS_PREVIOUS_ID,
        semconv.ANALYTICS_GROUP_ID,
        semconv.ANALYTICS_PARENT_EVENT_ID,
        semconv.APP_INSTALLATION_ID,
        semconv.DEVICE_ID,
        semconv.SESSION_ID,
        semconv.LOG_RECORD_UID,
        *(semconv.ANALYTICS_CONTEXT + name for name in (".device.id", ".groupId", ".sessionId")),
    }
)
"""Attributes that tell things apart: a number in there is an id, which must not become the same as another."""

CAMPAIGN_PREFIXES = (semconv.ANALYTICS_CAMPAIGN, semconv.ANALYTICS_CONTEXT + ".campaign")

_HEADER = semconv.HTTP_REQUEST_HEADER_PREFIX
_RESPONSE_HEADER = semconv.HTTP_RESPONSE_HEADER_PREFIX
_PAGE = "analytics.page."
_CONTEXT = semconv.ANALYTICS_CONTEXT + "."
_CONTEXT_PAGE = _CONTEXT + "page."

_ADDRESSES = (
    semconv.CLIENT_ADDRESS,
    semconv.HTTP_CLIENT_IP,
    semconv.NETWORK_PEER_ADDRESS,
    semconv.NET_SOCK_PEER_ADDR,
    semconv.NET_PEER_IP,
    "client.socket.address",
    "source.address",
    _CONTEXT + "ip",
    *(
        _HEADER + name
        for name in (
            *("forwarded", "x-forwarded-for", "x-original-forwarded-for", "x-real-ip", "x-client-ip"),
            *("x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "fastly-client-ip"),
            *("fly-client-ip", "do-connecting-ip", "x-envoy-external-address", "x-appengine-user-ip"),
        )
    ),
)
_URLS = (
    semconv.BROWSER_DOCUMENT_URL_FULL,
    semconv.URL_FULL,
    semconv.URL_PATH,
    "url.original",
    semconv.HTTP_URL,
    semconv.HTTP_TARGET,
    _HEADER + "referer",
    _HEADER + "referrer",
    _RESPONSE_HEADER + "location",
    *(_PAGE + field for field in ("url", "path", "referrer")),
    *(_CONTEXT_PAGE + field for field in ("url", "path", "referrer")),
    *(
        prefix + field
        for prefix in (semconv.ANALYTICS_REFERRER + ".", _CONTEXT + "referrer.")
        for field in ("url", "link")
    ),
)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_ADDRESSES, Kind.ADDRESS),
    **dict.fromkeys((*USER_AGENT_NAMES, _CONTEXT + "userAgent"), Kind.AGENT),
    **dict.fromkeys((*DATA_NAMES, *HINT_NAMES, _CONTEXT + "userAgentData"), Kind.AGENT_PART),
    **dict.fromkeys(_URLS, Kind.URL),
    **dict.fromkeys((semconv.URL_QUERY, _PAGE + "search", _CONTEXT_PAGE + "search"), Kind.QUERY),
    **dict.fromkeys((semconv.URL_FRAGMENT, _PAGE + "hash", _CONTEXT_PAGE + "hash"), Kind.FRAGMENT),
    **dict.fromkeys(CAMPAIGN_PREFIXES, Kind.CAMPAIGN),
    "user_agent.name": Kind.AGENT_NAME,
    # Properties that are called as a page's are, whatever the call.
    **dict.fromkeys(("url", "path", "referrer"), Kind.URL),
    "search": Kind.SEARCH,
    "ip": Kind.ADDRESS,
}
# That a robot or a test is at work is no one's secret, and rules may want to know it.
_OPEN = semconv.USER_AGENT_SYNTHETIC_TYPE
_CAMPAIGNS = tuple(prefix + "." for prefix in CAMPAIGN_PREFIXES)
_FAMILIES = (_HEADER, _RESPONSE_HEADER, "user_agent.", *_CAMPAIGNS)


def kind_of(path: str) -> Kind | None:
    """Return what an attribute, or what lies at a path in one, holds of a request; None for all others.

    Args:
        path: The attribute's name, for what lies in a map followed by the keys, with dots between.
    """
    if not path.startswith(_FAMILIES):
        return _KINDS.get(path)
    if path.startswith((_HEADER, _RESPONSE_HEADER)):
        path = path.lower()
        prefix = _HEADER if path.startswith(_HEADER) else _RESPONSE_HEADER
        # Some instrumentations write underscores where the conventions have hyphens.
        path = prefix + path[len(prefix) :].replace("_", "-")
        if path.startswith(_HEADER + "sec-ch-ua"):
            return Kind.AGENT_PART
    elif path.startswith("user_agent.") and path not in _KINDS and path != _OPEN:
        return Kind.AGENT_PART
    elif path.startswith(_CAMPAIGNS):
        return Kind.CAMPAIGN
    return _KINDS.get(path)
