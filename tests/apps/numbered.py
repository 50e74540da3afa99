"""Emits as many numbered events as the first argument says, so many a second, and says what became of them.

The environment may ask for more: ``FIRST`` events at once, after which it waits for an answer; ``SPECIAL``, attributes
of single events by their numbers, as JSON; ``SETTLE``, the seconds that it waits at the end until everything is
delivered, 0 for none; and ``EXPECT``, the events that it waits to see delivered besides, from a spool.
"""

import json
import os
import sys
import time

import msgspec
from emitting import emit, set_up
from opentelemetry._logs import LogRecord, get_logger

import otel_segment

SPECIAL = {int(number): attributes for number, attributes in json.loads(os.environ.get("SPECIAL", "{}")).items()}
EXPECT = int(os.environ.get("EXPECT", "0"))


def emit_all(count: int, rate: float) -> int:
    """Emit; return how many emits returned."""
    returned = 0
    began = time.monotonic()
    for number in range(count):
        if number in SPECIAL:
            emit_special(number)
        else:
            emit("program", 1, number)
        returned += 1
        if returned == int(os.environ.get("FIRST", "0")):
            wait_for_answer()
        if rate and number % 10 == 9:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
    return returned


def emit_special(number: int) -> None:
    """Emit an event that has more than its number."""
    attributes = {"analytics.type": "track", "user.id": "u-1", "from": "program", "number": number}
    get_logger("tests").emit(LogRecord(event_name="Counted", attributes=attributes | SPECIAL[number]))


def wait_for_answer() -> None:
    """Wait until a request has been answered."""
    while not otel_segment.stats().requests:
        time.sleep(0.005)


def settle(seconds: float) -> bool:
    """Wait until everything is delivered or dropped; what is in a spool is neither."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if otel_segment.flush(deadline - time.monotonic()) and otel_segment.stats().delivered >= EXPECT:
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    set_up()
    returned = emit_all(int(sys.argv[1]), float(sys.argv[2]))
    settled = settle(float(os.environ.get("SETTLE", "100")))
    said = {"returned": returned, "settled": settled, "stats": msgspec.to_builtins(otel_segment.stats())}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
