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
    peer = request.peer
    if not (request.header("forwarded") or request.header("x-forwarded-for")):
        return callers.believes(peer)
    # Somebody's request that was passed on: a proxy's own address is not the caller's, whether or not it is known
    # to be a proxy.
    client = seen(request).address
    return client not in ("", Trust().client(request).address) and callers.believes(client)
