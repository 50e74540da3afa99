"""What lets the pages of other sites send events from a browser, and read the answers."""

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["cors_headers", "preflight_headers"]

_ORIGIN: Final = re.compile(r"[\x21-\x7e]{1,1000}")
_NAMES: Final = re.compile(r"[A-Za-z0-9_, -]{1,4000}")


def cors_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what an answer says so that the page that asked may read it; nothing where no page asked.

    Meant for the paths that take events, and what clients ask before they send: whoever may send to Segment may send
    here, cookies or not.

    Args:
        headers: The headers of the request, by lower-case names.
    """
    origin = headers.get("origin", "")
    if not _ORIGIN.fullmatch(origin):
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        # A beacon carries credentials, whether there are any or not.
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }


def preflight_headers(headers: Mapping[str, str], methods: str) -> dict[str, str]:
    """Give what the answer to an ``OPTIONS`` request says: that the page may send what it is about to.

    Args:
        headers: The headers of the request, by lower-case names.
        methods: The methods that the path takes, with commas in between.
    """
    allowed = {"Allow": f"{methods}, OPTIONS"}
    shared = cors_headers(headers)
    if not shared:
        return allowed
    allowed |= shared | {"Access-Control-Allow-Methods": methods, "Access-Control-Max-Age": "600"}
    names = headers.get("access-control-request-headers", "")
    if _NAMES.fullmatch(names):
        allowed["Access-Control-Allow-Headers"] = names
    if headers.get("access-control-request-private-network") == "true":
        allowed["Access-Control-Allow-Private-Network"] = "true"
    return allowed
