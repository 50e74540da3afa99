"""Who may see what has arrived."""

import hmac
import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from otel_segment._loopback import is_loopback

__all__ = ["COOKIE", "MARK", "Access"]

COOKIE: Final = "otel_segment_token"
"""How the cookie begins that a browser shows the token with; the port follows, which cookies are not kept apart by."""
MARK: Final = "x-otel-segment"
"""The header without which nothing is changed: no page of another site can send it."""

_CHANGING: Final = frozenset({"PUT", "POST", "PATCH", "DELETE"})


class Access:
    """Lets in whoever has the token, or calls the server by its own name where there is none.

    It is an ASGI application around another.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        """Stand before an application.

        Args:
            app: The application.
            host: The address that the server listens on.
            token: What has to be shown; ``None`` for nothing.
        """
        self._app = app
        self._token = token
        self._is_everywhere = _is_unspecified(host)
        self._names = {"localhost", host.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or turn away."""
        answer = self._turned_away(Request(scope)) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    def _turned_away(self, request: Request) -> Response | None:
        # A foreign name that was made to lead here has no token to show; one given by its owner has.
        if self._token is None and not self._is_own(request.headers.get("host", "")):
            return PlainTextResponse(
                "This server goes by another name: use localhost, or start it with a token.\n", 421
            )
        if self._token is not None:
            shown = request.query_params.get("token") if request.scope["path"] == "/" else None
            if shown is not None and _same(shown, self._token):
                return self._admitted(request)
            if not any(_same(each, self._token) for each in _tokens(request)):
                return _unauthorised()
        if request.method in _CHANGING and MARK not in request.headers:
            return PlainTextResponse(f"A change needs the header {MARK}: 1.\n", 403)
        return None

    def _admitted(self, request: Request) -> Response:
        answer = RedirectResponse("/", 303)
        assert self._token is not None  # noqa: S101
        answer.set_cookie(_cookie(request), self._token, httponly=True, samesite="strict")
        return answer

    def _is_own(self, host: str) -> bool:
        name = _name(host)
        if name in self._names or is_loopback(name):
            return True
        # What a name leads to can be changed by whoever owns it; an address leads to itself.
        return self._is_everywhere and _is_address(name)


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _tokens(request: Request) -> Iterable[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield token.strip()
    yield request.cookies.get(_cookie(request), "")


def _cookie(request: Request) -> str:
    return f"{COOKIE}_{request.scope['server'][1]}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _unauthorised() -> Response:
    text = "The token is missing or not the right one: open the address that was printed at the start.\n"
    return PlainTextResponse(text, 401, {"WWW-Authenticate": "Bearer"})


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_unspecified(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified
