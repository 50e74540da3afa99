"""The callers whose word on the visitor is believed."""

from collections.abc import Callable
from typing import TypeAlias

from opentelemetry.baggage import get_all, remove_baggage
from opentelemetry.context import Context

from otel_segment.emit import Visitor
from otel_segment.instrumentation._handed_on import HEADER, NAMES, read
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._trust import Seen, Trust, parse_trust

__all__ = ["NOBODY", "Callers", "parse_callers", "take_over", "without_ours"]

Callers: TypeAlias = Trust
NOBODY = Trust()

_WAYS = ("forwarded", "x-forwarded-for")
"""What proxies tell the client's address in, as ``trusted_proxies`` reads it."""
_FURTHER_SIGNS = (
    *("via", "x-real-ip", "client-ip", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-remote-ip"),
    *("x-forwarded", "x-forwarded-by", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix"),
    *("x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl"),
    *("front-end-https", "x-original-forwarded-for", "x-original-host", "x-original-uri", "x-original-url", "x-scheme"),
    *("proxy-client-ip", "wl-proxy-client-ip", "x-proxyuser-ip", "x-envoy-external-address", "x-varnish"),
    *("cdn-loop", "cf-connecting-ip", "cf-connecting-ipv6", "cf-ray", "x-amz-cf-id", "cloudfront-viewer-address"),
    *("fastly-client-ip", "fly-client-ip", "do-connecting-ip", "x-nf-client-connection-ip", "x-vercel-forwarded-for"),
    *("x-appengine-remote-addr", "x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "x-arr-log-id"),
)
"""What else proxies add. Identifiers of requests and traces are not among it: services add them themselves."""


def parse_callers(value: object) -> Callers:
    """Parse the setting ``trusted_callers``: networks, as ``trusted_proxies`` takes them.

    Raises:
        ValueError: It is not that; a number of callers says nothing of who they are.
    """
    if isinstance(value, int) or (isinstance(value, str) and value.strip().isdecimal()):
        message = "a number, which says nothing of who calls; write networks, such as 10.0.0.0/8 or private"
        raise ValueError(message)
    return parse_trust(value)


def take_over(request: Request, callers: Callers, seen: Callable[[Request], Seen]) -> tuple[Visitor | None, bool]:
    """Take the visitor that a caller hands on out of a request, so that nobody else finds it there.

    Who may not be believed is not, and nobody's word may be carried on by an application that just passes its baggage
    along.

    Args:
        request: The request.
        callers: Who is believed.
        seen: Tells what the request looks like from in front of all proxies.

    Returns:
        The visitor, where there is one to believe; and whether the request held any at all.
    """
    header = request.header(HEADER)
    if not header:
        return None, False
    visitor, rest = read(header)
    if rest is None:
        return None, False
    request.rewrite(HEADER, rest)
    return (visitor if visitor is not None and _is_believed(request, callers, seen) else None), True


def without_ours(context: Context) -> Context:
    """Return a context without what was read of the header before this code had its turn."""
    for name in NAMES.intersection(get_all(context)):
        context = remove_baggage(name, context)
    return context


def _is_believed(request: Request, callers: Callers, seen: Callable[[Request], Seen]) -> bool:
    if callers is NOBODY:
        return False
    if not any(map(request.header, _WAYS)):
        # With any other sign of a proxy, nobody knows whose request it is that the proxy passed on.
        return callers.believes(request.peer) and not any(map(request.header, _FURTHER_SIGNS))
    # Somebody's request that was passed on: a proxy's own address is not the caller's, whether or not it is known
    # to be a proxy.
    client = seen(request).address
    return client not in ("", Trust().client(request).address) and callers.believes(client)
