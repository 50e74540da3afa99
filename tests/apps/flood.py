"""Emits events of some 600 bytes as fast as it can where nothing can be delivered, and says how much it grew."""

import json
import os
import sys
import time
from pathlib import Path

import msgspec
from emitting import set_up
from opentelemetry._logs import LogRecord, get_logger

import otel_segment

PADDING = "x" * 350


def emit(first: int, last: int) -> None:
    """Emit numbered events."""
    logger = get_logger("tests")
    for number in range(first, last):
        attributes = {"analytics.type": "track", "user.id": "u-1", "number": number, "padding": PADDING}
        logger.emit(LogRecord(event_name="Counted", attributes=attributes))


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    set_up()
    count = int(sys.argv[1])
    emit(0, 1_000)
    time.sleep(1)
    before = most = resident()
    for first in range(0, count, 1_000):
        emit(first, first + 1_000)
        most = max(most, resident())
    said = {"grown": most - before, "stats": msgspec.to_builtins(otel_segment.stats())}
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)
