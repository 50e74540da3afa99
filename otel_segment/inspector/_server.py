"""The endpoint as a whole: a server on a background thread."""

import socket
import socketserver
import sys
import threading
from contextlib import suppress
from functools import partial
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from typing_extensions import Self

from otel_segment.inspector._behaviour import Behaviour
from otel_segment.inspector._endpoint import EndpointHandler, EndpointState
from otel_segment.inspector._received import ReceivedStore, RequestFacts

__all__ = ["EndpointServer", "LocalEndpoint"]

_CHECK_SECONDS = 0.02


class EndpointServer(ThreadingHTTPServer):
    """A thread for each connection; knows all connections, so that it can end them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1_024

    def __init__(self, address: tuple[str, int], state: EndpointState) -> None:
        self._state = state
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, partial(EndpointHandler, state))

    def server_bind(self) -> None:
        """Bind, without looking up the host's name, which can take seconds where there is no network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection on a thread of its own."""
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless it is only a client that went away."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """Stop listening and end every connection, served or not."""
        self._state.closing.set()
        self.shutdown()
        # shutdown() and not only close(): a forked child may hold the same sockets.
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class LocalEndpoint:
    """A Segment-compatible endpoint on this machine, which listens as soon as it exists.

    It takes ``/v1/batch`` (also ``/v1/b``, ``/batch`` and ``/v1/import``) and the paths of the single calls,
    with the write key in any of the usual places, packed or not, from pages of any site as well; it enforces
    Segment's limits and remembers what arrived, with what Segment would have dropped in silence.

    It is a context manager that closes itself::

        with LocalEndpoint() as endpoint:
            send_to(endpoint.url)
            assert endpoint.received.wait_for(lambda seen: len(seen) == 3, timeout=5)
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, write_key: str | None = None, *, keep: int = 200_000
    ) -> None:
        """Start listening.

        Args:
            host: The address to listen on.
            port: The port; 0 takes any free one.
            write_key: The only key to let in, others are answered 401. By default every key is let in, and a
                request without one is only reported, since Segment would answer it 200.
            keep: How many events are remembered at most.

        Raises:
            OSError: If it cannot listen there.
        """
        self.received = ReceivedStore(keep)
        self._state = EndpointState(self.received, write_key)
        self._server = EndpointServer((host, port), self._state)
        self._closed = threading.Lock()
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_CHECK_SECONDS,),
            name="otel-segment-endpoint",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = self._server.server_name
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def requests(self) -> list[RequestFacts]:
        """The last 10,000 requests, in the order of their arrival; those still unanswered included."""
        return self.received.requests

    def behave(self, behaviour: Behaviour | None) -> None:
        """Have faults from now on.

        Args:
            behaviour: Is given each request as soon as its headers are read, on the thread of its connection,
                and says what to do: an ``Answer``, a ``Cut``, a ``Reset``, a ``Wait``, seconds to wait before it
                is handled as usual, or ``None`` to handle it as usual. ``None`` instead ends all faults.
        """
        self._state.behaviour = behaviour

    def close(self) -> None:
        """Stop listening and end all connections; what was received stays readable."""
        if self._closed.acquire(blocking=False):
            self._server.end()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
