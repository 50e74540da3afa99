"""A small real forward proxy."""

import socket
import threading
from collections.abc import Mapping
from contextlib import closing, suppress

from typing_extensions import Self


class ForwardProxy:
    """Forwards HTTP requests, and tunnels where it is asked to; knows hosts that nobody else knows.

    Args:
        hosts: Where the hosts are, by name.
    """

    def __init__(self, hosts: Mapping[str, tuple[str, int]]) -> None:
        self._hosts = hosts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[tuple[str, dict[str, str]]] = []
        """The first line and the headers of the first request on each connection."""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError, KeyError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65_536)
            line, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            headers = dict(header.lower().split(": ", 1) for header in lines)
            self.requests.append((line, {name: _as_sent(lines, name) for name in headers}))
            method, target, _ = line.split(" ")
            host = target.removeprefix("http://").partition("/")[0].partition(":")[0]
            with closing(socket.create_connection(self._hosts[host])) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = "/" + target.removeprefix("http://").partition("/")[2]
                    server.sendall(head.replace(target.encode(), path.encode(), 1))
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _as_sent(lines: list[str], name: str) -> str:
    return next(line.partition(": ")[2] for line in lines if line.lower().startswith(name + ":"))


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
