"""Where a request is from, and what it is for: what holds for whoever makes it."""

from otel_segment.emit import Visitor
from otel_segment.instrumentation._browser import language_of
from otel_segment.instrumentation._location import full_url
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._trust import Seen

__all__ = ["surroundings_of"]

_LONGEST_URL = 4_096


def surroundings_of(request: Request, seen: Seen) -> Visitor:
    """Return the visitor of a request without the person.

    Args:
        request: The request.
        seen: What it looks like from in front of all trusted proxies.
    """
    path, query = request.path, request.query
    page = {"path": path}
    if url := full_url(seen.scheme, seen.host, path, query):
        page["url"] = url[:_LONGEST_URL]
    if query:
        page["search"] = query
    if referrer := request.header("referer"):
        page["referrer"] = referrer[:2_048]
    return Visitor(
        page=page,  # type: ignore[arg-type]
        ip=seen.address or None,
        user_agent=request.header("user-agent")[:1_024] or None,
        locale=language_of(request.header("accept-language")),
    )
