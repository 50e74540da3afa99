"""The way to a server, one step after the other: name, connection, proxy, TLS."""

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from urllib3.util.ssltransport import SSLTransport

from otel_segment.cli.doctor._deadline import Deadline, in_time
from otel_segment.cli.doctor._proxy import Proxy

__all__ = ["Address", "ProxyRefusedError", "Secured", "addresses_of", "connect", "secure", "secure_through", "tunnel"]

Secured: TypeAlias = ssl.SSLSocket | SSLTransport

STEP = 5.0
"""Seconds that one step may take."""
_MOST_HEAD = 65_536
_PORTS = {"http": 80, "https": 443}
_ESTABLISHED = 200


class Address(NamedTuple):
    """Where a server is."""

    host: str
    port: int
    is_safe: bool
    """Whether TLS is spoken with it."""

    @classmethod
    def of(cls, url: str) -> "Address":
        """Return the address in a URL."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or _PORTS[parts.scheme], parts.scheme == "https")


class ProxyRefusedError(OSError):
    """A proxy does not let us through.

    Attributes:
        status: The status that it answers; 0 where it does not speak HTTP.
        is_page: Whether it answers with a page for people.
        is_silent: Whether it answers nothing at all.
    """

    def __init__(self, status: int, is_page: bool, is_silent: bool = False) -> None:
        super().__init__(f"the proxy answered {status or 'nothing that is HTTP'}")
        self.status = status
        self.is_page = is_page
        self.is_silent = is_silent


def addresses_of(address: Address, deadline: Deadline) -> list[str]:
    """Look a name up.

    Raises:
        OSError: It has no address, or the look-up takes too long.
    """
    found = in_time(
        lambda: socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM), deadline.at_most(STEP)
    )
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def connect(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first of the addresses that can be reached.

    Raises:
        OSError: None of them can.
    """
    failure: OSError = TimeoutError("no time left")
    step = Deadline(deadline.at_most(STEP))
    for number, address in enumerate(addresses):
        # Each gets its share of the time: where the first does not answer, another may.
        share = max(0.001, step.left / (len(addresses) - number))
        try:
            return socket.create_connection((address, port), timeout=share)
        except OSError as error:
            failure = error
    raise failure


def tunnel(connection: socket.socket, proxy: Proxy, target: Address, deadline: Deadline) -> None:
    """Ask a proxy for a connection to a server.

    Raises:
        ProxyRefusedError: It does not want to, or does not answer.
    """
    host = f"[{target.host}]:{target.port}" if ":" in target.host else f"{target.host}:{target.port}"
    head = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n"
    if proxy.credentials:
        head += f"Proxy-Authorization: Basic {b64encode(proxy.credentials.encode()).decode()}\r\n"
    connection.settimeout(max(0.001, deadline.at_most(STEP)))
    try:
        connection.sendall(f"{head}\r\n".encode())
        answer = b"".join(_until_empty_line(connection, Deadline(deadline.at_most(STEP))))
    except OSError as error:
        raise ProxyRefusedError(0, is_page=False, is_silent=True) from error
    status = _status(answer)
    if status != _ESTABLISHED or b"text/html" in answer.lower():
        raise ProxyRefusedError(status, b"text/html" in answer.lower() or b"<html" in answer.lower())


def _until_empty_line(connection: socket.socket, deadline: Deadline) -> Iterator[bytes]:
    """Read an answer's head, and nothing that comes after it."""
    read = b""
    while not read.endswith(b"\r\n\r\n") and len(read) < _MOST_HEAD:
        connection.settimeout(max(0.001, deadline.left))
        byte = connection.recv(1)
        if not byte:
            break
        read += byte
        yield byte


def _status(answer: bytes) -> int:
    with suppress(ValueError, IndexError):
        first = answer.split(b"\r\n", 1)[0].split(b" ")
        if first[0].startswith(b"HTTP/"):
            return int(first[1])
    return 0


def secure(connection: socket.socket, context: ssl.SSLContext, host: str, deadline: Deadline) -> ssl.SSLSocket:
    """Shake hands.

    Raises:
        ssl.SSLError: The certificate is no good, or the other side speaks no TLS.
        OSError: There is no answer.
    """
    connection.settimeout(max(0.001, deadline.at_most(STEP)))
    return context.wrap_socket(connection, server_hostname=host)


def secure_through(connection: ssl.SSLSocket, context: ssl.SSLContext, host: str, deadline: Deadline) -> SSLTransport:
    """Shake hands with who is behind a proxy that is itself spoken to by TLS.

    Raises:
        ssl.SSLError: The certificate is no good, or the other side speaks no TLS.
        OSError: There is no answer.
    """
    connection.settimeout(max(0.001, deadline.at_most(STEP)))
    return SSLTransport(connection, context, server_hostname=host)
