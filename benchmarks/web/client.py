"""A client that takes next to no processor time: kept connections, prepared requests, nothing parsed."""

import itertools
import socket
import time
from collections.abc import Iterator

from typing_extensions import Self

from benchmarks.web.page import END, PAGE_PATH, SETTLED_PATH

__all__ = ["Client"]

_CONNECTIONS = 16
"""Enough that a server has requests left while the client waits for its turn on a busy machine."""

_PATIENCE = 60.0
_END = END.encode()

_ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
_ACCEPTED = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
_VERSIONS = range(130, 146)
_SYSTEMS = (("Windows", "Windows NT 10.0; Win64; x64"), ("macOS", "Macintosh; Intel Mac OS X 10_15_7"))
_LANGUAGES = ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "en-GB,en;q=0.9")


def _asking(path: str, version: int, platform: str, system: str, languages: str) -> bytes:
    """Return what a browser sends to open a page."""
    headers = (
        f"GET {path} HTTP/1.1",
        "Host: shop.example",
        "Connection: keep-alive",
        f'sec-ch-ua: "Not;A=Brand";v="99", "Google Chrome";v="{version}", "Chromium";v="{version}"',
        "sec-ch-ua-mobile: ?0",
        f'sec-ch-ua-platform: "{platform}"',
        "Upgrade-Insecure-Requests: 1",
        f"User-Agent: Mozilla/5.0 ({system}) {_ENGINE} Chrome/{version}.0.0.0 Safari/537.36",
        f"Accept: {_ACCEPTED}",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-User: ?1",
        "Sec-Fetch-Dest: document",
        "Referer: http://shop.example/products",
        "Accept-Encoding: gzip, deflate, br, zstd",
        f"Accept-Language: {languages}",
        "Cookie: _ga=GA1.1.1201973264.1755680000; basket=6f1a2b; theme=dark",
    )
    return "\r\n".join((*headers, "", "")).encode()


_PAGES = tuple(
    _asking(PAGE_PATH, version, *system, languages)
    for version, system, languages in itertools.product(_VERSIONS, _SYSTEMS, _LANGUAGES)
)
_SETTLED = _asking(SETTLED_PATH, 140, *_SYSTEMS[0], _LANGUAGES[0])


class Client:
    """Kept connections to one server, each with one request under way; use it in a ``with`` block."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._telling = _connected(port)
        self._connections: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._telling, *self._connections):
            connection.close()

    def ask(self, seconds: float) -> int:
        """Ask for pages for a time, as fast as the server answers.

        Returns:
            How many pages were answered.
        """
        pages = itertools.cycle(_PAGES)
        # Not before there is something to send: a thread of gunicorn's waits for seconds at a connection without it.
        opened = _CONNECTIONS - len(self._connections)
        for _ in range(opened):
            self._connections.append(_connected(self._port))
            self._connections[-1].sendall(next(pages))
            _take_page(self._connections[-1])
        for connection in self._connections:
            connection.sendall(next(pages))
        asked = self._keep_asking(pages, time.monotonic() + seconds)
        for connection in self._connections:
            _take_page(connection)
        return opened + asked + len(self._connections)

    def _keep_asking(self, pages: Iterator[bytes], end: float) -> int:
        asked = 0
        clock = time.monotonic
        while clock() < end:
            for connection in self._connections:
                _take_page(connection)
                connection.sendall(next(pages))
            asked += len(self._connections)
        return asked

    def settled(self) -> int:
        """Have the server deliver what is under way.

        Returns:
            Nanoseconds of processor time that the server's process has used since its start.

        Raises:
            RuntimeError: The site does not work.
        """
        self._telling.sendall(_SETTLED)
        answer = b""
        while not answer.partition(b"\r\n\r\n")[2]:
            answer += _received(self._telling)
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            message = f"a site fails: {head.decode(errors='replace')}"
            raise RuntimeError(message)
        return int(body)


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _received(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        message = "the server closed a connection"
        raise ConnectionError(message)
    return received


def _take_page(connection: socket.socket) -> None:
    answer = _received(connection)
    while not answer.endswith(_END):
        answer += _received(connection)
