"""The address of the batch call, from every spelling of it that people use."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["REGIONS", "absolute_path", "normalize"]

REGIONS: Final[Mapping[str, str]] = {
    "us": "https://api.segment.io",
    "eu": "https://events.eu1.segmentapis.com",
}
"""The base URL of Segment's Tracking API in each of its regions."""

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_HIGHEST_PORT = 65_535
_VERSION = "v1"
_CALLS = frozenset(("batch", "import", "track", "identify", "page", "screen", "group", "alias", *"btipsga"))

_STRAY = re.compile(r"[^!-~]|[\\\"<>^`{|}]")
_SCHEME = re.compile(r"(?:([a-z][a-z0-9+.-]*):)?//", re.IGNORECASE)
_BROKEN_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(\d*))?")
_HOST_NAME = re.compile(r"(?:[a-z0-9_][a-z0-9_-]*\.)*[a-z0-9_][a-z0-9_-]*\.?")
_THIS_MACHINE = re.compile(r"(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]")

_CURE = "write the base URL, such as https://api.segment.io or http://localhost:8080"


def normalize(endpoint: str, path: str) -> tuple[str, str]:
    """Bring an endpoint and the path of the batch call into the one form that they have.

    Without a scheme it is ``https``, or ``http`` on this machine. What the endpoint says of the path already
    (``/v1``, ``/v1/batch``, another call) is not said twice; what comes before it, such as the prefix of a
    proxy, is kept.

    Args:
        endpoint: The base URL in any spelling.
        path: The path of the batch call.

    Returns:
        The base URL (scheme, host and any port that is not the scheme's own) and the whole path.

    Raises:
        ValueError: One of them cannot be used; the text says why and what to write, and quotes neither.
    """
    path = absolute_path(path)
    scheme, rest = _split_scheme(endpoint.strip())
    authority, _, prefix = rest.partition("/")
    host, port = _split_authority(authority)
    scheme = scheme or ("http" if _THIS_MACHINE.fullmatch(host) else "https")
    if port and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    return f"{scheme}://{host}", _join(prefix, path)


def absolute_path(path: str) -> str:
    """Give the path of the batch call with the slash at its front.

    Raises:
        ValueError: It cannot be a path; the text says why and what to write, and does not quote it.
    """
    path = path.strip()
    cure = "write a path, such as /v1/batch"
    if not path:
        message = f"empty; {cure}"
        raise ValueError(message)
    if "://" in path:
        message = f"a whole URL; {cure}, and the rest in endpoint"
        raise ValueError(message)
    if "?" in path or "#" in path:
        message = f"it has a query or a fragment, which the batch call does not take; {cure}"
        raise ValueError(message)
    if _STRAY.search(path):
        message = f"it has a character that no path may hold (percent-encode it); {cure}"
        raise ValueError(message)
    return "/" + path.lstrip("/")


def _split_scheme(endpoint: str) -> tuple[str, str]:
    """Part an endpoint into its scheme, empty if there is none, and what follows."""
    if "?" in endpoint or "#" in endpoint:
        message = f"it has a query or a fragment, which the Tracking API does not take; {_CURE}"
        raise ValueError(message)
    if _STRAY.search(endpoint):
        message = f"it has a space or another character that no URL may hold; {_CURE}"
        raise ValueError(message)
    if found := _SCHEME.match(endpoint):
        scheme = (found[1] or "").lower()
        if scheme and scheme not in _DEFAULT_PORTS:
            message = f"its scheme is neither https nor http; {_CURE}"
            raise ValueError(message)
        return scheme, endpoint[found.end() :]
    if _BROKEN_SCHEME.match(endpoint):
        message = f"two slashes must follow its scheme; {_CURE}"
        raise ValueError(message)
    return "", endpoint


def _split_authority(authority: str) -> tuple[str, str]:
    """Part what stands between scheme and path into a checked host and a port, empty if there is none."""
    if "@" in authority:
        message = (
            "it has a user name or password; leave both out: "
            "the write key belongs in write_key, what a proxy asks for in headers"
        )
        raise ValueError(message)
    found = _AUTHORITY.fullmatch(authority)
    if not found:
        message = f"its host and port cannot be told apart (an IPv6 address needs brackets, [::1]:8080); {_CURE}"
        raise ValueError(message)
    return _checked_host(found[1].lower()), _checked_port(found[2] or "")


def _checked_host(host: str) -> str:
    if not host:
        message = f"it has no host; {_CURE}"
        raise ValueError(message)
    if host.startswith("["):
        return f"[{_ipv6(host[1:-1])}]"
    if not _HOST_NAME.fullmatch(host):
        message = f"its host is not a host name; {_CURE}"
        raise ValueError(message)
    return host


def _ipv6(address: str) -> ipaddress.IPv6Address:
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        parsed = None
    if parsed is None or "%" in address:
        message = f"what stands in brackets is not an IPv6 address; {_CURE}"
        raise ValueError(message)
    return parsed


def _checked_port(port: str) -> str:
    if not port:
        return ""
    number = int(port) if len(port) <= len(str(_HIGHEST_PORT)) else 0
    if not 0 < number <= _HIGHEST_PORT:
        message = f"its port is not between 1 and {_HIGHEST_PORT}; {_CURE}"
        raise ValueError(message)
    return str(number)


def _join(prefix: str, path: str) -> str:
    """Put a path behind a prefix that may say the beginning of it already."""
    before = _without_call([segment for segment in prefix.split("/") if segment])
    after = path[1:].split("/")
    while overlap := _overlap(before, after):
        before = before[:-overlap]
    return "/" + "/".join(before + after)


def _without_call(segments: list[str]) -> list[str]:
    """Drop the name of a call that was copied along with the base URL."""
    lowered = [segment.lower() for segment in segments]
    if lowered == ["batch"] or (lowered[-2:-1] == [_VERSION] and lowered[-1] in _CALLS):
        return segments[:-1]
    return segments


def _overlap(before: list[str], after: list[str]) -> int:
    """Count the segments at the end of one path that are the beginning of the other."""
    for count in range(min(len(before), len(after)), 0, -1):
        if [segment.lower() for segment in before[-count:]] == [segment.lower() for segment in after[:count]]:
            return count
    return 0
