"""How much the endpoint of ``otel-segment inspect`` takes in while somebody looks on, and how soon it is told."""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

__all__ = ["measure_inspector"]

_BATCH = 100
_SENDERS = 2
_RATE = 200
_WARM_UP = 2_000
_HEADERS = {"Content-Type": "application/json", "X-Write-Key": "bench"}
_TIMEOUT = 60


class _Viewer:
    """Looks on like a page, and notes when it was told of each event."""

    def __init__(self, port: int) -> None:
        self.told: dict[str, float] = {}
        self.skipped = 0
        self.last = 0
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        self._connection.request("GET", "/api/live")
        self._answer = self._connection.getresponse()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def wait(self, number: int) -> None:
        """Wait until everything up to that number was told."""
        deadline = time.monotonic() + _TIMEOUT
        while self.last < number:
            if time.monotonic() > deadline:
                message = f"only {self.last} of {number} events were told"
                raise TimeoutError(message)
            time.sleep(0.005)

    def _look(self) -> None:
        name = b""
        for line in iter(self._answer.readline, b""):
            if line.startswith(b"event:"):
                name = line
            elif name == b"event: events\n" and line.startswith(b"data: "):
                now = time.perf_counter()
                data = json.loads(line[6:])
                self.told.update((row["messageId"], now) for row in data["events"])
                self.skipped += data["skipped"]
                self.last = data["events"][-1]["number"] if data["events"] else self.last


@contextmanager
def _inspector() -> Iterator[int]:
    command = [sys.executable, "-m", "otel_segment", "inspect", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if line.startswith("endpoint"))
            yield int(line.rpartition(":")[2])
        finally:
            process.terminate()


def _event(message_id: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"user-{hash(message_id) % 1_000}",
        "anonymousId": "7f0c1e5e-9d11-4a52-b2ee-0c1f2a7be0a3",
        "messageId": message_id,
        "timestamp": "2026-01-02T03:04:05.678Z",
        "properties": {"order_id": message_id, "total": 42.5, "currency": "EUR", "coupon": None, "items": [1, 2, 3]},
        "context": {
            "library": {"name": "bench", "version": "1.0.0"},
            "page": {"path": "/checkout", "url": "https://shop.example/checkout", "title": "Checkout"},
            "trace": {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"},
        },
    }


def _bodies(prefix: str, events: int) -> list[bytes]:
    return [
        json.dumps({"batch": [_event(f"{prefix}-{number}") for number in range(start, start + _BATCH)]}).encode()
        for start in range(0, events, _BATCH)
    ]


def _poster(port: int) -> Callable[[str, bytes], None]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)

    def post(path: str, body: bytes) -> None:
        connection.request("POST", path, body, _HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            message = f"answered {answer.status}"
            raise OSError(message)

    return post


def _send(port: int, bodies: list[bytes]) -> None:
    post = _poster(port)
    for body in bodies:
        post("/v1/batch", body)


def _rate(port: int, viewer: _Viewer, events: int) -> dict[str, float]:
    _send(port, _bodies("warm", _WARM_UP))
    viewer.wait(_WARM_UP)
    bodies = _bodies("rate", events)
    begin = time.perf_counter()
    with ThreadPoolExecutor(_SENDERS) as senders:
        list(senders.map(lambda which: _send(port, bodies[which::_SENDERS]), range(_SENDERS)))
    answered = time.perf_counter() - begin
    viewer.wait(_WARM_UP + events)
    return {
        "events_per_second": events / answered,
        "told_per_second": events / (time.perf_counter() - begin),
        "skipped": viewer.skipped,
    }


def _delays(port: int, viewer: _Viewer, seconds: float, before: int) -> dict[str, float]:
    post = _poster(port)
    sent: dict[str, float] = {}
    begin = time.perf_counter()
    for number in range(int(seconds * _RATE)):
        time.sleep(max(0.0, begin + number / _RATE - time.perf_counter()))
        body = json.dumps(_event(f"delay-{number}")).encode()
        sent[f"delay-{number}"] = time.perf_counter()
        post("/v1/track", body)
    viewer.wait(before + len(sent))
    # From before the request to after the frame: more than what is asked for, and never less.
    delays = [(viewer.told[name] - moment) * 1_000 for name, moment in sent.items()]
    centiles = statistics.quantiles(delays, n=100)
    return {"told_p50_ms": centiles[49], "told_p95_ms": centiles[94], "told_max_ms": max(delays)}


def measure_inspector(events: int, seconds: float) -> dict[str, float]:
    """Measure both with one server in a process of its own.

    Args:
        events: Events of a burst in batches of a hundred.
        seconds: Seconds at 200 events a second, each in a request of its own.
    """
    with _inspector() as port:
        viewer = _Viewer(port)
        figures = _rate(port, viewer, events)
        return figures | _delays(port, viewer, seconds, _WARM_UP + events)
