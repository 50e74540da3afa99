"""WSGI applications behind a real server in this process, and the events that arrive from them."""

import re
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from socketserver import ThreadingMixIn
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from opentelemetry._logs import _internal as logs_api
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.util._once import Once

import otel_segment
from otel_segment.inspector import LocalEndpoint

__all__ = [
    "BROWSER",
    "HOST",
    "Arrivals",
    "Reply",
    "Site",
    "arriving",
    "normal",
    "page",
    "received",
    "request",
    "serving",
]

HOST = "shop.example"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
SOMEBODY = "somebody"
_PSEUDONYM = re.compile("[0-9a-f]{32}")


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def cookie(self) -> str:
        """The first ``Set-Cookie`` header; empty where there is none."""
        return next((value for name, value in self.headers if name == "Set-Cookie"), "")


def request(path: str = "/", headers: Mapping[str, str] | None = None, method: str = "GET") -> bytes:
    """Write a request as a browser sends it; a header without a value is not sent."""
    every = {"Host": HOST, "User-Agent": BROWSER, "Connection": "close", **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items() if value)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Site:
    """A server to ask.

    Args:
        port: Its port on this machine.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str = "/", headers: Mapping[str, str] | None = None, method: str = "GET") -> Reply:
        """Send a request and wait until the server has done all that it does for it."""
        return self.send(request(path, headers, method), method)

    def send(self, raw: bytes, method: str = "GET") -> Reply:
        """Send the bytes of a request, as :meth:`ask`."""
        with self.connected() as connection:
            connection.sendall(raw)
            return received(connection, method)

    def connected(self) -> socket.socket:
        """Connect."""
        return socket.create_connection(("127.0.0.1", self.port), 30)


def received(connection: socket.socket, method: str = "GET") -> Reply:
    """Read an answer, up to where the server closes the connection."""
    with closing(HTTPResponse(connection, method=method)) as response:
        response.begin()
        reply = Reply(response.status, response.getheaders(), response.read())
        connection.recv(1)
        return reply


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass

    def get_stderr(self) -> Any:
        class Nowhere:
            def write(self, text: str) -> None: ...
            def writelines(self, lines: Iterable[str]) -> None: ...
            def flush(self) -> None: ...

        return Nowhere()


@contextmanager
def serving(application: Callable[..., Iterable[bytes]]) -> Iterator[Site]:
    """Serve an application, each request in a thread of its own."""
    with make_server("127.0.0.1", 0, application, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Site(server.server_port)
        finally:
            server.shutdown()
            thread.join()


class Arrivals:
    """What arrives at an endpoint.

    Args:
        endpoint: The endpoint.
    """

    def __init__(self, endpoint: LocalEndpoint) -> None:
        self._endpoint = endpoint

    def take(self) -> list[dict[str, Any]]:
        """Return what was emitted since the last time, but for what differs from run to run."""
        return [normal(message) for message in self._take()]

    def ids(self) -> list[str]:
        """Return the ids of the anonymous visitors of what was emitted since the last time."""
        return [message["anonymousId"] for message in self._take()]

    def people(self) -> list[tuple[str | None, str | None]]:
        """Return the user and the anonymous visitor of what was emitted since the last time."""
        return [(message.get("userId"), message.get("anonymousId")) for message in self.take()]

    def _take(self) -> list[dict[str, Any]]:
        assert otel_segment.flush(60), _stacks()
        messages = self._endpoint.received.messages
        self._endpoint.received.clear()
        return messages


def _stacks() -> str:
    """Say where every thread of this process is."""
    return "\n".join("".join(traceback.format_stack(frame)) for frame in sys._current_frames().values())


@contextmanager
def arriving(**settings: Any) -> Iterator[Arrivals]:
    """Let what is emitted in this process arrive at a local endpoint."""
    with pytest.MonkeyPatch.context() as patch, LocalEndpoint() as endpoint:
        patch.setattr(logs_api, "_LOGGER_PROVIDER", None)
        patch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
        patch.setenv("OTEL_INSTRUMENTATION_SEGMENT_SALT", "0123456789abcdef")
        provider = LoggerProvider(shutdown_on_exit=False)
        processor = otel_segment.SegmentLogRecordProcessor(
            write_key="wk-0123456789abcdef", endpoint=endpoint.url, **settings
        )
        provider.add_log_record_processor(processor)
        set_logger_provider(provider)
        yield Arrivals(endpoint)
        provider.shutdown()


def normal(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without what differs from run to run."""
    plain = {name: value for name, value in message.items() if name not in {"messageId", "timestamp", "sentAt"}}
    plain["context"] = {name: value for name, value in message["context"].items() if name not in {"library", "os"}}
    if _PSEUDONYM.fullmatch(plain.get("anonymousId", "")):
        plain["anonymousId"] = SOMEBODY
    return plain


def page(path: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the message of a page viewed by an anonymous visitor, as ``normal`` leaves it.

    Args:
        path: Its path, with a query where there is one.
        name: Its name; by default the path.
        **more: The other fields of ``context.page``; ``context``: more of it; ``trace``: what it is of;
            everything else as it is in the message, or None for what is not there.
    """
    bare, mark, query = path.partition("?")
    facts = {"path": bare, "url": f"http://{HOST}{path}", "search": mark + query}
    seen = {field: more.pop(field) for field in ("title", "referrer") if field in more}
    context = {"channel": "server", "ip": "127.0.0.1", "userAgent": BROWSER, "page": facts | {"host": HOST} | seen}
    name = name or bare
    message = {
        "type": "page",
        "name": name,
        "anonymousId": SOMEBODY,
        "properties": facts | seen | {"name": name},
        "context": context | more.pop("context", {}),
    }
    return {field: value for field, value in (message | more).items() if value is not None}
