"""Requests and answers on ASGI, as far as the taking in of events needs them."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import anyio
from starlette.types import Receive, Send

from otel_segment.inspector._body import MAX_BODY_BYTES, BodyError, length_of, too_large
from otel_segment.inspector._cors import cors_headers
from otel_segment.inspector._rules import MAX_BATCH_BYTES

__all__ = ["BodyReader", "Reply", "kept"]

_BODY_SECONDS: Final = 30.0
_LARGE_BODIES_BYTES: Final = 128 * 1024 * 1024
_LINGER_SECONDS: Final = 1.0
_MOST_KEPT: Final = 8_192
_SECRET: Final = re.compile("auth|cookie|credential|key|password|secret|token")
_SCHEMES: Final = frozenset({"basic", "bearer", "digest"})


class Reply:
    """Answers one request, with what a browser has to be told when its page is of another origin."""

    def __init__(self, receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
        self._receive = receive
        self._send = send
        self._headers = cors_headers(headers)

    async def __call__(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, unread: bool = False
    ) -> None:
        """Answer.

        Args:
            status: The HTTP status.
            body: The body, JSON.
            headers: More headers.
            unread: Whether a part of the request has not been read.
        """
        everything = {**self._headers, "Content-Type": "application/json", **(headers or {})}
        if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
            body = b""
        else:
            everything["Content-Length"] = str(len(body))
        if unread:
            everything["Connection"] = "close"
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in everything.items()]
        await self._send({"type": "http.response.start", "status": int(status), "headers": pairs})
        await self._send({"type": "http.response.body", "body": body, "more_body": unread})
        if unread:
            await self._linger()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _linger(self) -> None:
        # Closing with bytes unread resets the connection, and the client may lose the answer.
        with anyio.move_on_after(_LINGER_SECONDS):
            while (await self._receive()).get("more_body"):
                pass


class BodyReader:
    """Reads bodies as they are on the wire, of which those that Segment would not take have bounded room together."""

    def __init__(self) -> None:
        self._large = 0

    async def read(self, receive: Receive, headers: Mapping[str, str]) -> bytes | None:
        """Read a body; ``None`` when the client has gone.

        Raises:
            BodyError: If it is too large, or takes too long.
        """
        if (length_of(headers) or 0) > MAX_BODY_BYTES:
            raise too_large()
        pieces: list[bytes] = []
        size = large = 0
        try:
            with anyio.move_on_after(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
                    if size > MAX_BATCH_BYTES:
                        self._large += size - large
                        large = size
                    if size > MAX_BODY_BYTES or (large and self._large > _LARGE_BODIES_BYTES):
                        raise too_large()
                    if not message.get("more_body"):
                        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        finally:
            self._large -= large
        raise BodyError(HTTPStatus.REQUEST_TIMEOUT, "The body took too long.")


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what is kept of the headers: nothing that is secret, and 8,192 characters in all."""
    found: dict[str, str] = {}
    left = _MOST_KEPT
    for name, value in headers.items():
        text = (_mask(value) if _SECRET.search(name) else value)[: max(0, left - len(name))]
        left -= len(name) + len(text)
        if left < 0:
            break
        found[name] = text
    return found


def _mask(value: str) -> str:
    scheme = value.partition(" ")[0]
    return f"{scheme} ***" if scheme.lower() in _SCHEMES else "***"
