"""Whether a request comes from a page of the very site that it is for."""

from urllib.parse import urlsplit

from otel_segment.instrumentation._location import clean_host
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._trust import Seen

__all__ = ["is_same_origin"]

_LONGEST = 4_096


def is_same_origin(request: Request, seen: Seen) -> bool:
    """Tell whether a request comes from a page of its own site.

    Browsers say so in ``Sec-Fetch-Site``, ``Origin`` and ``Referer``, which no script can forge. Each that is there
    must agree, and one must be there. The scheme of ``Origin`` is not compared: behind a proxy that nobody has called
    trusted, the one that the person used is not known.

    Args:
        request: The request.
        seen: What it looks like to the person.
    """
    site, origin = request.header("sec-fetch-site"), request.header("origin")
    if site and site.strip().lower() != "same-origin":
        return False
    if origin:
        return _is_of(origin, seen.host)
    if referrer := request.header("referer"):
        return _is_of(referrer, seen.host)
    return bool(site)


def _is_of(url: str, host: str) -> bool:
    try:
        parts = urlsplit(url[:_LONGEST])
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(host)
        and _bare(clean_host(parts.netloc, parts.scheme)) == _bare(host)
    )


def _bare(host: str) -> str:
    # The port of either scheme, where the other one was assumed.
    return host.removesuffix(":443").removesuffix(":80") if not host.endswith("]") else host
