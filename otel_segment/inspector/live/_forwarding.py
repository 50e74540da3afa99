"""What was accepted is passed on, as it came, to another endpoint, and its answer noted."""

import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from otel_segment.transport import Client, Reply
from otel_segment.wire import retry_after

__all__ = ["Forwarder", "base_of"]

_MAX_WAITING: Final = 1_000
_MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
_THREADS: Final = 4
_PAUSES: Final = (0.5, 2.0)
_LONGEST_PAUSE: Final = 10.0
_TIMEOUT: Final = 15.0
_LAST_SECONDS: Final = 3.0
_LAST_WORD_SECONDS: Final = 0.5
_RETRIED: Final = frozenset({0, 408, 429})
_SERVER_ERROR: Final = 500
# What belongs to one connection, or would have the answer packed.
_OWN: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "cookie", "expect", "host", "keep-alive"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


class _Waiting(NamedTuple):
    number: int
    path: str
    headers: dict[str, str]
    body: bytes


class Forwarder:
    """Passes requests on from a bounded queue, on threads of its own; tries each a few times."""

    def __init__(self, url: str, settle: Callable[[int, int, str], None]) -> None:
        """Begin.

        Args:
            url: The other endpoint, as ``base_of`` gives it.
            settle: Is given the number of each request with status and body of the answer; status 0 where none came.
        """
        self.url = url
        self._settle = settle
        self._client = Client(url, None, _THREADS, 4_096)
        self._queue: queue.Queue[_Waiting | None] = queue.Queue()
        self._lock = threading.Lock()
        self._bytes = 0
        self._closed = threading.Event()
        self._name = f"1.1 otel-segment-{secrets.token_hex(4)}"
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_THREADS)]
        for thread in self._threads:
            thread.start()

    def submit(self, number: int, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Pass a request on, if there is room for it, and it has not been passed on already.

        Args:
            number: Its number.
            path: Its path.
            headers: Its headers, secrets included.
            body: Its body as it came over the wire.
        """
        via = headers.get("via", "")
        if self._name in via:
            self._settle(number, 0, "Not passed on: it was, and has come back.")
            return
        with self._lock:
            has_room = self._queue.qsize() < _MAX_WAITING and self._bytes + len(body) <= _MAX_WAITING_BYTES
            self._bytes += len(body) if has_room else 0
        if has_room:
            own = {name: value for name, value in headers.items() if name not in _OWN}
            own["via"] = f"{via}, {self._name}" if via else self._name
            self._queue.put(_Waiting(number, path, own, body))
        else:
            self._settle(number, 0, "Not passed on: too much is waiting for that.")

    def close(self) -> None:
        """Pass on what is waiting, for a few seconds at most, and end."""
        for _ in self._threads:
            self._queue.put(None)
        self._join(_LAST_SECONDS)
        self._closed.set()
        self._join(_LAST_WORD_SECONDS)
        self._client.close()

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (waiting := self._queue.get()) and not self._closed.is_set():
            reply = self._send(waiting)
            with self._lock:
                self._bytes -= len(waiting.body)
            if not self._closed.is_set():
                self._settle(waiting.number, reply.status, reply.text)

    def _send(self, waiting: _Waiting) -> Reply:
        reply = self._try(waiting)
        for pause in _PAUSES:
            asked = retry_after(reply.headers, time.time())
            wait = pause if asked is None else min(asked, _LONGEST_PAUSE)
            if not _may_pass(reply.status) or self._closed.wait(wait):
                break
            reply = self._try(waiting)
        return reply

    def _try(self, waiting: _Waiting) -> Reply:
        deadline = time.monotonic() + _TIMEOUT
        return self._client.post(self.url + waiting.path, waiting.body, waiting.headers, deadline)


def base_of(url: str) -> str:
    """Give the address that paths are put behind.

    Args:
        url: An address as people write it: with or without a slash, ``/v1`` or ``/v1/batch`` at its end, no key.

    Raises:
        ValueError: If it is no address.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_address = urlsplit(""), False
    # A key in it would take the place of the one that a request came with, and be shown to all viewers.
    if not is_address or parts.query or parts.fragment or "@" in parts.netloc:
        msg = f"{url} is no address to pass events on to: write it like https://api.segment.io"
        raise ValueError(msg)
    path = parts.path.rstrip("/").removesuffix("/batch").removesuffix("/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _may_pass(status: int) -> bool:
    return status in _RETRIED or status >= _SERVER_ERROR
