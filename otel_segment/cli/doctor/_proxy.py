"""The proxy that requests go through, and who named it."""

import os
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

__all__ = ["Proxy", "proxy_for", "why_direct"]

_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1_080


class Proxy(NamedTuple):
    """A proxy."""

    scheme: str
    host: str
    port: int
    credentials: str
    """``user:password``, decoded; empty where there are none."""
    source: str
    """The variable that names it."""

    @property
    def shown(self) -> str:
        """The address, without a password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{'***@' if self.credentials else ''}{host}:{self.port}"


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy that is used for an address; ``None`` for none.

    Raises:
        ValueError: It is no address.
    """
    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    parts = urlsplit(found if "://" in found else f"http://{found}")
    port = parts.port or _PORTS.get(parts.scheme, _SOCKS_PORT)
    password = f":{unquote(parts.password)}" if parts.password is not None else ""
    credentials = unquote(parts.username or "") + password
    return Proxy(parts.scheme, parts.hostname or "", port, credentials, _variable(url) or "the system's settings")


def why_direct(url: str) -> str:
    """Say why a proxy that is named is not used for an address; empty where none is named."""
    variable = _variable(url)
    if not variable:
        return ""
    exceptions = "no_proxy" if os.environ.get("no_proxy") else "NO_PROXY"
    return f"{variable} is set, but {exceptions} leaves this host out"


def _variable(url: str) -> str:
    for name in (f"{urlsplit(url).scheme}_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            if os.environ.get(spelling):
                return spelling
    return ""
