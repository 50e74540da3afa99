"""HTTP on one connection, with a bound on the time that a client may take for its headers."""

import asyncio
import socket
from typing import Any, Final

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from otel_segment.inspector._replies import RESET_ON_CLOSE

__all__ = ["CONNECTION", "PatientProtocol", "reset"]

CONNECTION: Final = "otel_segment.connection"
"""Under which key an application finds the transport of its connection."""

_HEADER_SECONDS: Final = 15.0


class PatientProtocol(H11Protocol):
    """Waits for headers, but not for ever, and lets the application see its connection."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.access_log = False
        self._served = self.app
        self.app = self._serve
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, or no longer."""
        super().data_received(data)
        self._await_headers()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of the next request, if a part of it is there."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_HEADER_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[CONNECTION] = self.transport
        await self._served(scope, receive, send)


async def reset(transport: asyncio.Transport, receive: Receive) -> None:
    """Reset a connection instead of answering.

    Args:
        transport: The connection.
        receive: What says when it is over.
    """
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
