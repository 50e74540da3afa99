"""A way to an endpoint on which answers break off."""

import http.client
import socketserver
import threading
from collections.abc import Iterable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any

from typing_extensions import Self

__all__ = ["ShortAnswers"]


class ShortAnswers:
    """Passes requests on, and hands back only the beginning of the first answers.

    Args:
        port: The port that the endpoint listens on.
        lengths: How many bytes of each answer come through; negative, how many do not.
    """

    def __init__(self, port: int, lengths: Iterable[int]) -> None:
        left = iter(lengths)
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                with lock:
                    length = next(left, None)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.wfile.write(_answer(port, self.path, dict(self.headers), body)[:length])
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(port: int, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Return the endpoint's whole answer, as it goes over the wire."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.getheaders())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + text
