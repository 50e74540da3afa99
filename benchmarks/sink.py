"""The endpoint that the contenders send to: it answers, counts, and does nothing else.

Run as a process of its own. It prints its port as a line of JSON; each line on its standard input asks for
the counts, which it prints as a line of JSON; it ends with its standard input.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb'"messageId":\s*"([^"]+)"')
_OTLP_PATHS = (b"POST /v1/logs ", b"POST /v1/traces ")

_BATCH_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"success":true}'
_OTLP_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


class Counts:
    """What has arrived so far."""

    def __init__(self, *, keep_ids: bool) -> None:
        self.events = 0
        self.requests = 0
        self.body_bytes = 0
        self.first_ns = 0
        self.last_ns = 0
        self._cpu_before = time.process_time()
        self._ids: set[bytes] | None = set() if keep_ids else None

    def add(self, body: bytes, *, otlp: bool) -> None:
        """Count one request's events."""
        self.last_ns = time.monotonic_ns()
        self.first_ns = self.first_ns or self.last_ns
        self.requests += 1
        self.body_bytes += len(body)
        self.events += body.count(b"Order Completed" if otlp else b'"messageId"')
        if self._ids is not None:
            self._ids.update(_MESSAGE_ID.findall(body))

    def report(self) -> dict[str, float]:
        """Return the counts, with the processor time that the sink itself has used."""
        return {
            "events": self.events,
            "requests": self.requests,
            "body_bytes": self.body_bytes,
            "distinct": len(self._ids or ()),
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "cpu_seconds": time.process_time() - self._cpu_before,
        }


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, counts: Counts, delay: float) -> None:
        self._counts = counts
        self._delay = delay
        self._buffer = bytearray()
        self._need = 0
        self._body_start = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what arrived and serve every request that is whole."""
        self._buffer += data
        while self._whole():
            otlp = self._buffer.startswith(_OTLP_PATHS)
            self._counts.add(bytes(self._buffer[self._body_start : self._need]), otlp=otlp)
            self._answer(_OTLP_ANSWER if otlp else _BATCH_ANSWER)
            del self._buffer[: self._need]
            self._need = 0

    def _whole(self) -> bool:
        if not self._need:
            end = self._buffer.find(_HEAD_END)
            if end < 0:
                return False
            length = _LENGTH.search(self._buffer, 0, end)
            self._body_start = end + len(_HEAD_END)
            self._need = self._body_start + (int(length[1]) if length else 0)
        return len(self._buffer) >= self._need

    def _answer(self, answer: bytes) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _say(message: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def serve(counts: Counts, delay: float) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def asked() -> None:
        lines = os.read(sys.stdin.fileno(), 4096)
        if lines:
            _say(counts.report())
        elif not ended.done():
            ended.set_result(None)

    server = await loop.create_server(lambda: Connection(counts, delay), "127.0.0.1", 0, backlog=512)
    loop.add_reader(sys.stdin.fileno(), asked)
    _say({"port": server.sockets[0].getsockname()[1]})
    await ended


def main() -> None:
    """Run the sink."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--keep-ids", action="store_true", help="count distinct messageIds too")
    arguments = parser.parse_args()
    asyncio.run(serve(Counts(keep_ids=arguments.keep_ids), arguments.delay))


if __name__ == "__main__":
    main()
