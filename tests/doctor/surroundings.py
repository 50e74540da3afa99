"""What a doctor may find around it: servers with certificates of all kinds, and proxies of all moods."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import trustme
from typing_extensions import Self

from otel_segment.cli.doctor._findings import Finding, State
from otel_segment.cli.doctor._report import Report
from otel_segment.inspector import LocalEndpoint

__all__ = ["HTML", "Diagnosis", "Doctor", "Proxy", "self_signed", "tls_endpoint"]

HTML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 47\r\nConnection: close\r\n\r\n"
    b"<!doctype html><title>Sign in, please</title>\r\n\r\n"
)

Doctor = Callable[..., "Diagnosis"]


@dataclass
class Diagnosis:
    """What the doctor says.

    Attributes:
        code: The exit code.
        report: The report.
        text: All that was printed.
    """

    code: int
    report: Report
    text: str

    def of(self, title: str) -> list[Finding]:
        """Return what was found of a subject."""
        return [each for section in self.report.sections if section.title == title for each in section.findings]

    def wrong(self, state: State = State.BROKEN) -> list[Finding]:
        """Return what is broken, or doubtful."""
        return [each for section in self.report.sections for each in section.findings if each.state is state]

    def only(self, state: State = State.BROKEN) -> Finding:
        """Return the one thing that is broken, or doubtful."""
        (finding,) = self.wrong(state)
        return finding


@contextmanager
def tls_endpoint(configure: Callable[[ssl.SSLContext], object]) -> Iterator[LocalEndpoint]:
    """Run an endpoint that speaks TLS.

    Args:
        configure: Gives the server its certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    configure(context)
    with LocalEndpoint() as endpoint:
        # The handshake is the connection's own: one that fails must not keep others waiting.
        endpoint._server.socket = context.wrap_socket(
            endpoint._server.socket, server_side=True, do_handshake_on_connect=False
        )
        yield endpoint


def self_signed(authority: trustme.CA) -> Callable[[ssl.SSLContext], object]:
    """Return what gives a server the certificate of the authority itself."""

    def configure(context: ssl.SSLContext) -> None:
        with authority.cert_pem.tempfile() as certificate, authority.private_key_pem.tempfile() as key:
            context.load_cert_chain(certificate, key)

    return configure


class Proxy:
    """Tunnels to hosts that nobody else knows, or says the same to everybody.

    Args:
        hosts: Where the hosts are, by name.
        answer: What it says instead of doing anything.
        secured: Has it speak TLS itself.
    """

    def __init__(
        self, hosts: Mapping[str, int] | None = None, answer: bytes = b"", secured: ssl.SSLContext | None = None
    ) -> None:
        self._secured = secured
        self._hosts = hosts or {}
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heads: list[str] = []
        """The first request on each connection."""

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
        if self._secured is not None:
            client = self._secured.wrap_socket(client, server_side=True)
        with closing(client), suppress(OSError, KeyError):
            head = b""
            while b"\r\n\r\n" not in head and (data := client.recv(65_536)):
                head += data
            self.heads.append(head.decode("latin-1"))
            if self._answer:
                client.sendall(self._answer)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):
                    pass
                return
            host = head.split(b" ")[1].decode().partition(":")[0]
            with closing(socket.create_connection(("127.0.0.1", self._hosts[host]))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
