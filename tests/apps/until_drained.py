"""Emits nothing, and ends when nothing is left in the spool, or after so many seconds; says what became of it all."""

import json
import os
import sys
import time

import msgspec
from emitting import set_up

import otel_segment
from otel_segment.spool import spool_for


def events_in(folder: str) -> int:
    """Return how many events are in a spool."""
    return sum(destination.events for destination in spool_for(folder, 1 << 29).status(time.time()))


if __name__ == "__main__":
    set_up()
    folder = os.environ["OTEL_EXPORTER_SEGMENT_SPOOL"]
    deadline = time.monotonic() + float(sys.argv[1])
    while events_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    otel_segment.flush(10)
    said = {"left": events_in(folder), "stats": msgspec.to_builtins(otel_segment.stats())}
    sys.stdout.write(json.dumps(said) + "\n")
