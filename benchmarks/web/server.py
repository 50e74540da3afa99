"""A site in a process of its own."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from types import TracebackType

from typing_extensions import Self

from benchmarks.processes import environment
from benchmarks.web.frameworks import FRAMEWORKS

__all__ = ["Server"]

_PATIENCE = 60.0

_COMMANDS = {
    "gunicorn": ("--worker-class=gthread", "--workers=1", "--threads=4", "--keep-alive=75", "--bind=127.0.0.1:{port}"),
    "uvicorn": ("--log-level=warning", "--no-access-log", "--timeout-keep-alive=75", "--port={port}"),
}


class Server:
    """One site behind one worker process; use it in a ``with`` block.

    Args:
        framework: What the site is made with.
        variant: Who instruments it.
        endpoint: The base URL of the sink.
    """

    def __init__(self, framework: str, variant: str, endpoint: str) -> None:
        self.port = _free_port()
        server = FRAMEWORKS[framework].server
        options = [option.format(port=self.port) for option in _COMMANDS[server]]
        self._command = [sys.executable, "-m", server, *options, "benchmarks.web.application:application"]
        self._site = json.dumps({"framework": framework, "variant": variant, "endpoint": endpoint})

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=environment(BENCHMARK_SITE=self._site), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        said = self._process.communicate()[1]
        if error is not None:
            sys.stderr.write(said.decode(errors="replace"))

    def stop(self) -> None:
        """Have the server end, without waiting for it."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until the server takes connections.

        Raises:
            RuntimeError: It does not.
        """
        end = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        message = "a server did not start"
        raise RuntimeError(message)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
