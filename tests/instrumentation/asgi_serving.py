"""ASGI applications behind real servers: uvicorn in this process, and any server in a process of its own."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from ports import free_port
from running import APPS, environment
from serving import Reply, Site, normal

from otel_segment.inspector import LocalEndpoint

__all__ = ["InThread", "Remote", "in_process", "in_thread"]

_OTHERS = "asgi,fastapi,starlette"


class InThread(Site):
    """A server in a thread, with an event loop of its own.

    Args:
        port: Its port.
        server: uvicorn's.
    """

    def __init__(self, port: int, server: Any) -> None:
        super().__init__(port)
        self._server = server

    def send(self, raw: bytes, method: str = "GET") -> Reply:
        """Send a request and wait until its task has ended."""
        reply = super().send(raw, method)
        self.settle()
        return reply

    def settle(self) -> None:
        """Wait until no request is being served."""
        _wait_until(lambda: not self._server.server_state.tasks)


@contextmanager
def in_thread(app: Any, **options: Any) -> Iterator[InThread]:
    """Serve an application with uvicorn, in a thread of this process."""
    uvicorn = pytest.importorskip("uvicorn")
    listening = create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **options))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        _wait_until(lambda: server.started or not thread.is_alive())
        yield InThread(port, server)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


class Remote(Site):
    """A server in a process of its own, under ``opentelemetry-instrument``, and what arrives from it.

    Attributes:
        sends_files: Whether it is given the paths of files, and reads them itself.
    """

    def __init__(self, port: int, endpoint: LocalEndpoint, *, sends_files: bool) -> None:
        super().__init__(port)
        self._endpoint = endpoint
        self.sends_files = sends_files

    def take(self, count: int) -> list[dict[str, Any]]:
        """Return what was emitted since the last time: so many events, and no more before one that is asked for now."""
        self.ask("/last")
        *before, _ = self.taken(count + 1)
        return before

    def taken(self, count: int) -> list[dict[str, Any]]:
        """Return the next events, which are so many; the last one is a page of ``/last``."""
        seen = self._endpoint.received
        assert seen.wait_for(_has_last, 30), seen.messages
        messages = [normal(message) for message in seen.messages]
        seen.clear()
        assert len(messages) == count, messages
        return sorted(messages, key=_is_last)


def _is_last(message: dict[str, Any]) -> bool:
    return str(message.get("name")).endswith("/last")


def _has_last(found: Any) -> bool:
    return any(_is_last(event.message) for event in found)


@contextmanager
def in_process(*command: str, is_traced: bool = False, **variables: str) -> Iterator[Remote]:
    """Serve an application under ``opentelemetry-instrument``.

    Args:
        *command: The server's; ``{port}`` stands for the port.
        is_traced: Whether OpenTelemetry's own instrumentations of ASGI and what is built on it are at work.
        **variables: More of the environment.
    """
    launcher = Path(sys.executable).with_name("opentelemetry-instrument")
    if not launcher.exists():
        pytest.skip("needs opentelemetry-distro")
    port = free_port()
    settings = {
        "OTEL_LOGS_EXPORTER": "segment",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_BLRP_SCHEDULE_DELAY": "50",
        "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.1",
        "OTEL_INSTRUMENTATION_SEGMENT_SALT": "0123456789abcdef",
        "OTEL_INSTRUMENTATION_SEGMENT_CAPTURE_TITLE": "true",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "" if is_traced else _OTHERS,
        "PYTHONPATH": str(APPS),
    }
    with LocalEndpoint() as endpoint:
        process = subprocess.Popen(
            [str(launcher), sys.executable, "-m", *(part.format(port=port) for part in command)],
            env=environment(endpoint.url, **settings | variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _wait_until(lambda: _answers(port) or process.poll() is not None)
            assert process.poll() is None, process.communicate()
            yield Remote(port, endpoint, sends_files=command[0] == "granian")
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=60)
        # What fails on purpose fails with this error.
        assert output.count("Traceback") <= output.count("LookupError"), output


def _answers(port: int) -> bool:
    try:
        return Site(port).ask("/last", {"User-Agent": ""}).status > 0
    except OSError:
        return False


def _wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
