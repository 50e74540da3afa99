"""HTTP clients that hand the visitor on.

A header is added where a request goes onto its connection: the host is known there, and a redirect is a request of its
own, to which nothing is copied. Whatever instrumentation for traces injects has been injected by then, and is kept.
"""

import logging
from collections.abc import Callable
from importlib.util import find_spec
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_current

from otel_segment._log import say_once
from otel_segment.emit import current_stay, request_stay
from otel_segment.instrumentation._handed_on import HEADER, entries_of, joined
from otel_segment.instrumentation._hooks import Hooks
from otel_segment.instrumentation._hosts import Hosts

__all__ = ["start", "stop"]

_HEADER = HEADER.encode()
_PENDING = "_otel_segment_baggage"
_PORTS = {"http": 80, "https": 443}

_lock = RLock()
_hooks: Hooks | None = None
_listed: tuple[Hosts, ...] = ()


def start(hosts: Hosts) -> None:
    """Hand visitors on to some hosts: those of requests that belong to them, and those of no request at all."""
    global _hooks, _listed  # noqa: PLW0603 - clients are the process's
    with _lock:
        _listed = (*_listed, hosts)
        if _hooks is None:
            _hooks = Hooks()
            for client, wrap in _CLIENTS.items():
                _try(client, wrap, _hooks)


def stop(hosts: Hosts) -> None:
    """Take :func:`start` back; the clients are as before when all of it is taken back."""
    global _hooks, _listed  # noqa: PLW0603
    with _lock:
        _listed = tuple(each for each in _listed if each is not hosts)
        if _hooks is not None and not _listed:
            _hooks.undo()
            _hooks = None


def _entries(host: str, port: int | None) -> str:
    """Return what a request to a host is to carry of the current visitor; empty for nothing. Never raises."""
    try:
        context = get_current()
        stay = current_stay(context)
        if stay is None or context.get(_SUPPRESS_INSTRUMENTATION_KEY):
            return ""
        request = request_stay(stay)
        listed: Any = _listed if request is None else (request.owner,)
        if not any(hosts is not None and hosts.has(host, port) for hosts in listed):
            return ""
        return entries_of(stay.visitor, is_asked=request is not None)
    except Exception as error:  # noqa: BLE001 - never the application's problem
        say_once("web clients", logging.ERROR, "a visitor could not be handed on: %s", type(error).__name__)
        return ""


def _http_client(hooks: Hooks) -> None:
    """Wrap what urllib, urllib3 and requests are made of."""
    hooks.wrap("http.client", "HTTPConnection.putrequest", _begin)
    hooks.wrap("http.client", "HTTPConnection.putheader", _put)
    hooks.wrap("http.client", "HTTPConnection.endheaders", _end)


def _begin(wrapped: Any, connection: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    url = arguments[1] if len(arguments) > 1 else keywords.get("url")
    setattr(connection, _PENDING, _entries(*_target(connection, url)))
    return wrapped(*arguments, **keywords)


def _target(connection: Any, url: object) -> tuple[str, int | None]:
    """Return where a request goes in the end, which by a proxy is not where the connection goes."""
    if isinstance(url, str) and url.startswith("http"):
        try:
            parts = urlsplit(url)
            return parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return "", None
    if tunnel := getattr(connection, "_tunnel_host", None):
        return str(tunnel), connection._tunnel_port  # noqa: SLF001 - there is no other way to know
    return str(connection.host), connection.port


def _put(wrapped: Any, connection: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    name = arguments[0] if arguments else ""
    if len(name) != len(HEADER) or _text(name).lower() != HEADER:
        return wrapped(*arguments, **keywords)
    value = joined(",".join(map(_text, arguments[1:])), connection.__dict__.pop(_PENDING, ""))
    return wrapped(name, value) if value else None


def _end(wrapped: Any, connection: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    if connection.__dict__.get(_PENDING):
        connection.putheader(HEADER, "")
    return wrapped(*arguments, **keywords)


def _httpcore(hooks: Hooks) -> None:
    """Wrap what httpx is made of."""
    hooks.wrap("httpcore", "ConnectionPool.handle_request", _pass)
    hooks.wrap("httpcore", "AsyncConnectionPool.handle_async_request", _pass)


def _pass(wrapped: Any, _: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    request = arguments[0] if arguments else keywords["request"]
    url = request.url
    scheme = url.scheme.decode("latin-1")
    entries = _entries(url.host.decode("latin-1"), url.port or _PORTS.get(scheme))
    given = [value.decode("latin-1") for name, value in request.headers if name.lower() == _HEADER]
    if given or entries:
        others = [pair for pair in request.headers if pair[0].lower() != _HEADER]
        value = joined(",".join(given), entries)
        request.headers = [*others, (_HEADER, value.encode("latin-1"))] if value else others
    return wrapped(*arguments, **keywords)


def _aiohttp(hooks: Hooks) -> None:
    """Wrap aiohttp's client."""
    hooks.wrap("aiohttp.client_reqrep", "ClientRequest.send", _send)


def _send(wrapped: Any, request: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    headers = request.headers
    # What asks a proxy for a tunnel is for the proxy.
    is_tunnel = request.method == "CONNECT"
    entries = "" if is_tunnel else _entries(request.url.host or "", request.url.port)
    given = headers.getall(HEADER, ())
    if given or entries:
        headers.popall(HEADER, None)
        if value := joined(",".join(given), entries):
            headers[HEADER] = value
    return wrapped(*arguments, **keywords)


def _try(client: str, wrap: Callable[[Hooks], None], hooks: Hooks) -> None:
    try:
        if find_spec(client) is not None:
            wrap(hooks)
    except Exception as error:  # noqa: BLE001 - clients are foreign code
        message = "%s is not as expected, so that no visitor is handed on by it: %s"
        say_once(f"web client {client}", logging.ERROR, message, client, type(error).__name__)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_CLIENTS: dict[str, Callable[[Hooks], None]] = {"http.client": _http_client, "httpcore": _httpcore, "aiohttp": _aiohttp}
