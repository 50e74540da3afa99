"""What an HTTP request says, whichever way the server hands it on.

Nothing in here raises, whatever a client sends: text that is no UTF-8 is read with replacement characters, and what is
missing is the empty text.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, MutableMapping
from functools import cached_property
from typing import Any, TypeAlias

__all__ = ["AsgiRequest", "Environ", "Request", "Scope", "WsgiRequest"]

Environ: TypeAlias = dict[str, Any]
"""The environment of a WSGI request."""
Scope: TypeAlias = MutableMapping[str, Any]
"""The scope of an ASGI connection."""

_LONGEST_PATH = 1_024
_LONGEST_QUERY = 2_048
"""Characters that are kept: with the longest path and query that some clients send, no event would be accepted."""
_MOST_COOKIES = 16_384
"""Characters of the Cookie header that are looked at: browsers keep some 4 KB for each cookie, servers take 8 or 16."""


class Request(ABC):
    """One request.

    Attributes:
        native: The request as the framework has it, where one is known; what callbacks are given.
    """

    native: Any

    @property
    @abstractmethod
    def method(self) -> str:
        """The method, in capitals."""

    @property
    @abstractmethod
    def scheme(self) -> str:
        """``http`` or ``https``, as the server sees it."""

    @property
    @abstractmethod
    def host(self) -> str:
        """The ``Host`` header, else the server's name and port; with the port where one is said."""

    @property
    @abstractmethod
    def path(self) -> str:
        """The whole path, mount point included, decoded."""

    @property
    @abstractmethod
    def query(self) -> str:
        """The query, without its ``?``, as it was sent."""

    @property
    @abstractmethod
    def peer(self) -> str:
        """The address at the other end of the connection, which may be a proxy's; empty for sockets without one."""

    @abstractmethod
    def header(self, name: str) -> str:
        """Return a header of the request; several of one name are joined with commas.

        Args:
            name: In small letters, with hyphens.

        Returns:
            The value; empty where there is none.
        """

    @abstractmethod
    def rewrite(self, name: str, value: str) -> None:
        """Let everybody who reads a header from now on, here or in the application, find another value.

        Args:
            name: As in :meth:`header`.
            value: The value; empty to take the header away.
        """

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name; of several of one name the first, which is the one with the longest path."""
        return _cookies(self.header("cookie")[:_MOST_COOKIES])


class _Variables(dict[str, str]):
    """The variables of CGI (RFC 3875) by the names of headers; we ask for few, and always the same."""

    def __missing__(self, name: str) -> str:
        self[name] = variable = "HTTP_" + name.upper().replace("-", "_")
        return variable


class _Keys(dict[str, bytes]):
    """The names of headers as ASGI has them."""

    def __missing__(self, name: str) -> bytes:
        self[name] = key = name.encode("latin-1", "replace")
        return key


_QUOTES = 2
_ESCAPE = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)

_VARIABLES = _Variables()
_KEYS = _Keys()


class WsgiRequest(Request):
    """A request that came by WSGI, or one of which somebody kept the same variables.

    Args:
        environ: The environment.
        native: The request as the framework has it; by default the environment.
    """

    def __init__(self, environ: Mapping[str, Any], native: Any = None) -> None:
        self._environ = environ
        self._path: str | None = None
        self.native = environ if native is None else native

    @property
    def method(self) -> str:
        return _text(self._environ.get("REQUEST_METHOD"))

    @property
    def scheme(self) -> str:
        return _text(self._environ.get("wsgi.url_scheme")) or "http"

    @property
    def host(self) -> str:
        environ = self._environ
        if host := _text(environ.get("HTTP_HOST")):
            return host
        name, port = _text(environ.get("SERVER_NAME")), _text(environ.get("SERVER_PORT"))
        return _with_port(name, port, self.scheme)

    @property
    def path(self) -> str:
        if self._path is None:
            path = (_text(self._environ.get("SCRIPT_NAME")) + _text(self._environ.get("PATH_INFO")))[:_LONGEST_PATH]
            if not path.isascii():
                # PEP 3333: text holds the bytes of the request, one in each character.
                path = path.encode("latin-1", "replace").decode("utf-8", "replace")
            self._path = path or "/"
        return self._path

    @property
    def query(self) -> str:
        return _text(self._environ.get("QUERY_STRING"))[:_LONGEST_QUERY]

    @property
    def peer(self) -> str:
        return _text(self._environ.get("REMOTE_ADDR"))

    def header(self, name: str) -> str:
        """Return a header of the request."""
        value = self._environ.get(_VARIABLES[name])
        return value if type(value) is str else ""

    def rewrite(self, name: str, value: str) -> None:
        """Let everybody who reads a header from now on find another value."""
        environ: Any = self._environ
        variable = _VARIABLES[name]
        if value:
            environ[variable] = value
        else:
            environ.pop(variable, None)


class AsgiRequest(Request):
    """A request that came by ASGI.

    Args:
        scope: The connection's scope, of type ``http``.
        native: The request as the framework has it; by default the scope.
    """

    def __init__(self, scope: Scope, native: Any = None) -> None:
        self._scope = scope
        self._headers: dict[bytes, bytes] | None = None
        self._path: str | None = None
        self.native = scope if native is None else native

    @property
    def method(self) -> str:
        return _text(self._scope.get("method"))

    @property
    def scheme(self) -> str:
        return _text(self._scope.get("scheme")) or "http"

    @property
    def host(self) -> str:
        if host := self.header("host"):
            return host
        server = self._scope.get("server") or ("", None)
        return _with_port(_text(server[0]), str(server[1] or ""), self.scheme)

    @property
    def path(self) -> str:
        if self._path is None:
            path, root = _text(self._scope.get("path")), _text(self._scope.get("root_path"))
            # Servers differ in whether the path has the mount point; the specification says that it does.
            self._path = (path if path.startswith(root) else root + path)[:_LONGEST_PATH]
        return self._path

    @property
    def query(self) -> str:
        query = self._scope.get("query_string", b"")
        return (query.decode("latin-1") if isinstance(query, bytes) else _text(query))[:_LONGEST_QUERY]

    @property
    def peer(self) -> str:
        client = self._scope.get("client")
        return _text(client[0]) if client else ""

    def header(self, name: str) -> str:
        """Return a header of the request."""
        headers = self._headers
        if headers is None:
            headers = self._headers = self._read_headers()
        found = headers.get(_KEYS[name])
        return found.decode("latin-1") if found else ""

    def rewrite(self, name: str, value: str) -> None:
        """Let everybody who reads a header from now on find another value."""
        key = _KEYS[name]
        headers = [pair for pair in self._scope.get("headers", ()) if pair[0] != key]
        if value:
            headers.append((key, value.encode("latin-1", "replace")))
        self._scope["headers"] = headers
        self._headers = None

    def _read_headers(self) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {}
        again: dict[bytes, list[bytes]] = {}
        for name, value in self._scope.get("headers", ()):
            if name in headers:
                again.setdefault(name, [headers[name]]).append(value)
            else:
                headers[name] = value
        for name, values in again.items():
            headers[name] = (b"; " if name == b"cookie" else b", ").join(values)
        return headers


def _text(value: object) -> str:
    return value if type(value) is str else ""


def _with_port(name: str, port: str, scheme: str) -> str:
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    is_usual = not name or not port or (scheme, port) in {("http", "80"), ("https", "443")}
    return name if is_usual else f"{name}:{port}"


def _cookies(header: str) -> dict[str, str]:
    cookies: dict[str, str] = {}
    for part in header.split(";"):
        name, separator, value = part.partition("=")
        if separator and (name := name.strip()) and name not in cookies:
            cookies[name] = _unquoted(value.strip())
    return cookies


def _unquoted(value: str) -> str:
    """Return the value of a cookie; some are written as quoted strings, as by Python's own ``http.cookies``."""
    if len(value) < _QUOTES or value[0] != '"' or value[-1] != '"':
        return value
    inner = value[1:-1]
    return _ESCAPE.sub(_unescaped, inner) if "\\" in inner else inner


def _unescaped(found: "re.Match[str]") -> str:
    octal, character = found.groups()
    return chr(int(octal, 8)) if octal else character
