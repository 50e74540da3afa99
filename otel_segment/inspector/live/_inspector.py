"""The inspector as a whole: a server on a thread of this process."""

import asyncio
import contextlib
import logging
import re
import socket
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from typing_extensions import Self

from otel_segment._version import __version__
from otel_segment.inspector.live._access import Access
from otel_segment.inspector.live._api import Api
from otel_segment.inspector.live._archive import Archive
from otel_segment.inspector.live._database import ArchiveError
from otel_segment.inspector.live._faults import Faults
from otel_segment.inspector.live._feed import Feed
from otel_segment.inspector.live._forwarding import Forwarder, base_of
from otel_segment.inspector.live._protocol import PatientProtocol
from otel_segment.inspector.live._receiving import Intake
from otel_segment.inspector.live._site import Site, home

__all__ = ["Inspector"]

_BACKLOG = 1_024
_KEEP_ALIVE_SECONDS = 75
_LAST_WORD_SECONDS = 1
_THREAD = "otel-segment-inspector"
_TOKEN = re.compile(r"[!-~]{1,500}")


class Inspector:
    """A Segment-compatible endpoint with a page that shows what arrives; it listens as soon as it exists.

    It is a context manager that closes itself::

        with Inspector() as inspector:
            send_to(inspector.url)

    Attributes:
        archive: What has arrived.
        faults: What goes wrong on demand.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        write_key: str | None = None,
        *,
        store: Path | None = None,
        keep: int = 100_000,
        faults: str = "",
        forward: str = "",
        token: str | None = None,
    ) -> None:
        """Start listening.

        Args:
            host: The address to listen on.
            port: The port; 0 takes any free one.
            write_key: The only key to let in; by default every one is.
            store: The file to keep the events in; ``None`` keeps them in memory.
            keep: How many events are kept at most.
            faults: What goes wrong on demand, such as ``status=503,share=0.1``, with semicolons in between.
            forward: The address of an endpoint to pass on to what is accepted; ``""`` for none.
            token: What has to be shown to see anything; ``None`` for nothing.

        Raises:
            OSError: If it cannot listen there.
            ArchiveError: If the file cannot be used.
            FaultError: If a fault is wrong.
            ValueError: If the address to pass on to is none, or the token cannot be one.
        """
        if token is not None and not _TOKEN.fullmatch(token):
            msg = "the token cannot stand in a header: take letters, digits and signs of ASCII, without spaces"
            raise ValueError(msg)
        self.faults = Faults(faults)
        forward = base_of(forward) if forward else ""
        self._socket = _listen(host, port)
        try:
            self.archive = Archive(store, keep)
        except BaseException:
            self._socket.close()
            raise
        self._host: str = self._socket.getsockname()[0]
        self._port: int = self._socket.getsockname()[1]
        self._write_key = write_key
        self._forwarder = Forwarder(forward, self._settle) if forward else None
        self._feed = Feed(self.summary, lambda: (self.archive.version, self.faults.text))
        self.archive.listen(self._feed.publish)
        intake = Intake(self.archive, self.faults, self._forwarder, write_key)
        api = Api(self.archive, self._feed, self.faults, self.summary)
        site = Site(intake, Access(home(self.summary, api.routes), host, token))
        self._server = _Server(_config(site))
        self._closing = threading.Lock()
        logging.getLogger("uvicorn.error").addFilter(_QUIET)
        self._thread = threading.Thread(target=self._run, name=_THREAD, daemon=True)
        self._thread.start()
        self._server.ready.wait()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    def summary(self) -> dict[str, Any]:
        """Say what there is as a whole."""
        return {
            **self.archive.summary(),
            "faults": self.faults.text,
            "forward": self._forwarder.url if self._forwarder else "",
            "url": self.url,
            "write_key_needed": self._write_key is not None,
            "version": __version__,
        }

    def close(self) -> None:
        """Stop listening, end all connections and close the archive."""
        if self._closing.acquire(blocking=False):
            self._server.end()
            self._thread.join()
            if self._forwarder:
                self._forwarder.close()
            self.archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settle(self, number: int, status: int, body: str) -> None:
        # What cannot be noted is told of when the next request comes.
        with contextlib.suppress(ArchiveError):
            self.archive.settle(number, status, body)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._server.ready.set()

    async def _serve(self) -> None:
        feeding = asyncio.create_task(self._feed.run())
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await asyncio.wait([serving, asyncio.create_task(self._server.ended())], return_when=asyncio.FIRST_COMPLETED)
        self._feed.close()
        await serving
        feeding.cancel()


class _Server(uvicorn.Server):
    """Says when it listens, and can be ended from another thread without delay."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._end = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and end all connections, those too that came in the meantime."""
        await super().shutdown(sockets)
        # A client that is let in while the others are sent away would wait for its answer for ever.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    async def ended(self) -> None:
        """Wait for the end."""
        await self._end.wait()

    def end(self) -> None:
        """End, from any thread."""
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._end.set)


class _Quiet(logging.Filter):
    """Has the server's words on its coming and going left out of the application's log, but not its failures.

    The application may have servers of its own that log under the same name.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether something is to be logged."""
        return record.threadName != _THREAD or record.exc_info is not None


_QUIET = _Quiet()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, the protocol has asyncio send answers without waiting for more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows, two could listen on one port then.
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _config(site: Site) -> uvicorn.Config:
    return uvicorn.Config(
        site,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_WORD_SECONDS,
        backlog=_BACKLOG,
    )
