"""Requests as servers hand them on, by WSGI and by ASGI."""

from collections.abc import Callable, Mapping

from otel_segment.instrumentation._request import AsgiRequest, Request, WsgiRequest

Maker = Callable[..., Request]


def wsgi(
    headers: Mapping[str, str] | None = None, *, method: str = "GET", peer: str = "203.0.113.9", scheme: str = "http"
) -> Request:
    """Make a request as a WSGI server gives it."""
    environ = {"REQUEST_METHOD": method, "wsgi.url_scheme": scheme, "REMOTE_ADDR": peer, "PATH_INFO": "/"}
    for name, value in {"Host": "shop.example", **(headers or {})}.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return WsgiRequest(environ)


def asgi(
    headers: Mapping[str, str] | None = None, *, method: str = "GET", peer: str = "203.0.113.9", scheme: str = "http"
) -> Request:
    """Make a request as an ASGI server gives it."""
    pairs = {"Host": "shop.example", **(headers or {})}.items()
    return AsgiRequest(
        {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": "/",
            "client": (peer, 50_000) if peer else None,
            "headers": [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in pairs],
        }
    )


MAKERS = (wsgi, asgi)
