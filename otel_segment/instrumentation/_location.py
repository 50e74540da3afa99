"""Where a page is: its host and its whole URL, made of what the request says."""

import re
from functools import lru_cache
from urllib.parse import quote

__all__ = ["clean_host", "full_url"]

_LONGEST_HOST = 255
"""Characters of a host with its port: a DNS name has at most 253."""

_HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?", re.ASCII)
_DEFAULT_PORTS = {"http": "80", "https": "443"}

# What RFC 3986 lets stand in a path without an escape. The path arrives decoded, so a percent sign stands for itself.
_PATH_SAFE = "/:@!$&'()*+,;=~"
# The query arrives as it was sent; what no sender may write in it is escaped, and all else is left alone.
_SOUND_QUERY = re.compile(r'[!"$-~]*')
_QUERY_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")


def clean_host(host: str, scheme: str) -> str:
    """Return a host in the form that a URL has.

    Args:
        host: The ``Host`` header, or what a proxy says that it was.
        scheme: ``http`` or ``https``.

    Returns:
        The host in small letters, with its port unless that is the scheme's own and without a user's name; empty for
        what is no host, which is thus as good as absent.
    """
    return _clean_host(host, scheme) if 0 < len(host) <= _LONGEST_HOST else ""


@lru_cache(maxsize=1024)
def _clean_host(host: str, scheme: str) -> str:
    found = _HOST.fullmatch(host.rpartition("@")[2].lower())
    if found is None:
        return ""
    name, port = found.groups()
    return f"{name}:{port}" if port and port != _DEFAULT_PORTS.get(scheme) else name


def full_url(scheme: str, host: str, path: str, query: str) -> str:
    """Return the URL of a page.

    Args:
        scheme: ``http`` or ``https``.
        host: A host that :func:`clean_host` gave.
        path: The path, decoded.
        query: The query as it was sent, without its ``?``; bytes that are no ASCII as Latin-1.

    Returns:
        The URL; empty without a host, as nothing is guessed.
    """
    if not host:
        return ""
    url = f"{scheme}://{host}{quote(path, _PATH_SAFE, errors='replace')}"
    if not query:
        return url
    if not _SOUND_QUERY.fullmatch(query):
        query = quote(query.encode("latin-1", "replace"), _QUERY_SAFE)
    return f"{url}?{query}"
