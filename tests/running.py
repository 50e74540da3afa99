"""Real processes for tests: programs that run against a local endpoint, and what arrives from them."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stderr, redirect_stdout
from http.client import HTTPConnection
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest import mock

import pytest
from ports import free_port
from typing_extensions import Self

from otel_segment.cli import main
from otel_segment.inspector import LocalEndpoint

__all__ = [
    "APPS",
    "KEY",
    "Numbered",
    "Server",
    "arrived",
    "commanded",
    "emitted",
    "environment",
    "instrumented",
    "run",
    "unmeasured",
]

APPS = Path(__file__).parent / "apps"
KEY = "wk-0123456789abcdef-f3a1"
_FOREIGN = ("OTEL_", "SEGMENT_")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}

Numbered = Counter[tuple[str, int]]


def environment(endpoint: str, **variables: str) -> dict[str, str]:
    """Return the environment of a program: this process's, but for what would set up OpenTelemetry otherwise."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name.lower() not in _PROXIES
    }
    # Since Python 3.12 a fork beside threads is warned of, whatever the threads do.
    ours = {"PYTHONWARNINGS": "ignore:This process:DeprecationWarning", "SEGMENT_WRITE_KEY": KEY}
    return kept | ours | {"OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint} | variables


def unmeasured() -> dict[str, str]:
    """Return the environment of a program whose coverage is not to be measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def run(*command: str, env: dict[str, str], seconds: float = 180) -> subprocess.CompletedProcess[str]:
    """Run a Python program of ``apps`` to its end."""
    full = [sys.executable, str(APPS / command[0]), *command[1:]]
    return subprocess.run(full, env=env, capture_output=True, text=True, timeout=seconds, check=False)


def commanded(*arguments: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``otel-segment`` with these arguments in this process, which it does not change."""
    argv = [*map(str, arguments)]
    told, said = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with mock.patch.dict(os.environ, env, clear=True), redirect_stdout(told), redirect_stderr(said):
        try:
            code = main(argv)
        except SystemExit as end:
            code = int(str(end.code))
    texts = [stream.buffer.getvalue().decode() for stream in (told, said) if isinstance(stream.buffer, BytesIO)]
    return subprocess.CompletedProcess(argv, code, *texts)


def instrumented(*command: str, env: dict[str, str], seconds: float = 180) -> subprocess.CompletedProcess[str]:
    """Run a Python program of ``apps`` to its end under ``opentelemetry-instrument``."""
    launcher = Path(sys.executable).with_name("opentelemetry-instrument")
    if not launcher.exists():
        pytest.skip("needs opentelemetry-distro")
    full = [str(launcher), sys.executable, str(APPS / command[0]), *command[1:]]
    return subprocess.run(full, env=env, capture_output=True, text=True, timeout=seconds, check=False)


def arrived(endpoint: LocalEndpoint) -> Numbered:
    """Return the numbered events that have arrived, by where they are from, repeats included."""
    found = (event.message["properties"] for event in endpoint.received.after(0, 0))
    return Counter((properties["from"], properties["number"]) for properties in found)


def emitted(counts: Mapping[str, int]) -> Numbered:
    """Return what should arrive: so many numbered events from each place, each once."""
    return Counter((place, number) for place, count in counts.items() for number in range(count))


class Server:
    """A web server of ``apps`` with several processes; ends with the ``with`` block, as on SIGTERM.

    Args:
        command: The command; ``{port}`` in it stands for the port.
        env: The environment.
    """

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        self._port = free_port()
        self._command = [part.format(port=self._port) for part in command]
        self._env = env | {"PYTHONPATH": os.pathsep.join(filter(None, (str(APPS), env.get("PYTHONPATH"))))}
        self.answers: set[tuple[str, int]] = set()
        self.output = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        try:
            self.output, _ = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            # Its workers are its group; all of them hold the pipe.
            os.killpg(self._process.pid, signal.SIGKILL)
            self.output, _ = self._process.communicate()
            raise

    def ask_all(self, workers: int, least: int = 40, seconds: float = 180) -> None:
        """Send requests until every worker has answered one, and so many have been answered in all."""
        deadline = time.monotonic() + seconds
        with ThreadPoolExecutor(8) as pool:
            while len(self.answers) < least or len(self.workers) < workers:
                assert time.monotonic() < deadline, self.answers
                assert self._process.poll() is None, self._process.communicate()
                self.answers.update(answer for answer in pool.map(self._ask, range(8)) if answer)

    @property
    def workers(self) -> set[str]:
        """Which workers have answered."""
        return {process for process, _ in self.answers}

    def _ask(self, _: int) -> tuple[str, int] | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        with closing(connection):
            try:
                connection.request("GET", "/")
                process, number = connection.getresponse().read().decode().split()
            except OSError:
                time.sleep(0.05)  # it is not listening yet
                return None
        return process, int(number)
