"""The shop as a process of its own, started the way that any application would be."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import requests
from typing_extensions import Self

__all__ = ["MAPPING", "RESOURCE", "SALT", "ShopError", "ShopProcess"]

MAPPING: Final = Path(__file__).parent / "shop" / "mapping.yaml"
"""The file that turns the shop's own words into Segment's."""
RESOURCE: Final = {"service.name": "demo-shop", "service.version": "1.0.0"}
"""What the shop's events say of the shop."""
SALT: Final = "a secret that is none, since it stands here"

_SHOP = "otel_segment.demo.shop"
_WEB = {
    "GET_USER": f"{_SHOP}:account_id",
    "GET_ANONYMOUS_ID": f"{_SHOP}:browser_id",
    "GET_CONSENT": f"{_SHOP}:given_consent",
    "CAPTURE_TITLE": "true",
    # The load balancer's address, and the terminal by the door, whose screens are no pages.
    "EXCLUDED_URLS": "/health$,/kiosk",
}
_START_SECONDS = 30.0
_STOP_SECONDS = 1.2
_INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"


class ShopError(Exception):
    """The shop did not start, or does not answer."""


class ShopProcess:
    """The shop under ``opentelemetry-instrument``, with environment variables alone to say what happens to its events.

    They choose exporter and mapping, and say how the instrumentation of its framework knows a visitor.

    A context manager that ends the process. Should this process die first, the shop notices and ends itself.
    """

    def __init__(self, endpoint: str, write_key: str, port: int = 0) -> None:
        """Start the shop and wait until it listens.

        Args:
            endpoint: The base URL that its events go to.
            write_key: The write key that they carry.
            port: The shop's port; 0 takes any free one.

        Raises:
            ShopError: If it does not listen within half a minute.
        """
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        module = ["-m", "otel_segment.demo._witness", "--end-with-stdin", "--port", str(port)]
        try:
            self._process = _launch(module, _environment(endpoint, write_key), self._log)
        except OSError:
            self._log.close()
            raise
        try:
            self.url = self._first_line()
        except BaseException:
            self.stop()
            raise
        if not self.url.startswith("http://"):
            self.stop()
            msg = f"the shop did not start: {self.complaints() or 'it gave no reason'}"
            self._log.close()
            raise ShopError(msg)

    @property
    def pid(self) -> int:
        """The id of the shop's process."""
        return self._process.pid

    def running(self) -> bool:
        """Say whether the shop has not ended by itself."""
        return self._process.poll() is None

    def ledger(self, timeout: float = 5.0) -> list[dict[str, Any]]:
        """Ask for all events that the shop, and the instrumentation of its framework, told of.

        Args:
            timeout: Seconds to wait for the answer.

        Raises:
            ShopError: If it does not answer.
        """
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer: list[dict[str, Any]] = session.get(f"{self.url}/_ledger", timeout=timeout).json()
        except requests.RequestException as error:
            msg = f"the shop does not answer: {error}"
            raise ShopError(msg) from error
        return answer

    def complaints(self) -> str:
        """Give the last line that the shop wrote on its standard error."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def stop(self) -> None:
        """End the shop: it sends what is waiting; if it takes longer than 1.2 seconds, it is killed."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._log.close()

    def _first_line(self) -> str:
        lines: list[bytes] = []
        stream: Any = self._process.stdout
        reader = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
        reader.start()
        reader.join(_START_SECONDS)
        return lines[0].decode().strip() if lines else ""


def _launch(module: list[str], environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _INSTRUMENT, sys.executable, *module],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        # A Ctrl-C in the terminal is the parent's to handle.
        start_new_session=True,
    )


def _environment(endpoint: str, write_key: str) -> dict[str, str]:
    # What the person's own shell says about telemetry is about their applications, not about this one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "SEGMENT_"))}
    return {
        **inherited,
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{name}={value}" for name, value in RESOURCE.items()),
        "OTEL_LOGS_EXPORTER": "segment",
        "OTEL_TRACES_EXPORTER": "segment",
        "OTEL_METRICS_EXPORTER": "none",
        # The shop makes its spans itself.
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask",
        **{f"OTEL_INSTRUMENTATION_SEGMENT_{name}": value for name, value in _WEB.items()},
        "OTEL_EXPORTER_SEGMENT_ENDPOINT": endpoint,
        "OTEL_EXPORTER_SEGMENT_WRITE_KEY": write_key,
        "OTEL_EXPORTER_SEGMENT_MAPPING": str(MAPPING),
        "OTEL_EXPORTER_SEGMENT_PRIVACY_SALT": SALT,
        "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1",
        # The processors of the SDK hold events back for seconds by default; here someone is watching.
        "OTEL_BLRP_SCHEDULE_DELAY": "100",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
