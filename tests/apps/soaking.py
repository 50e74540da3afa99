"""Emits so many events a second, the first argument, for so many seconds, the second; says what it held meanwhile."""

import json
import os
import sys
import time
from pathlib import Path

import msgspec
from emitting import emit, set_up
from numbered import settle

import otel_segment

OWN = Path("/proc/self")


def soak(rate: float, seconds: float) -> tuple[int, list[dict[str, int]]]:
    """Emit; return how many emits returned, and what the process held, second by second."""
    held = []
    number = 0
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if passed >= len(held):
            held.append(holding())
        while number < passed * rate:
            emit("program", 1, number)
            number += 1
        time.sleep(0.02)
    return number, held


def holding() -> dict[str, int]:
    """Return the bytes of memory, the threads and the open files of this process."""
    pages = int((OWN / "statm").read_text(encoding="ascii").split()[1])
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "threads": len(list((OWN / "task").iterdir())),
        "files": len(list((OWN / "fd").iterdir())),
    }


if __name__ == "__main__":
    set_up()
    returned, held = soak(float(sys.argv[1]), float(sys.argv[2]))
    settled = settle(float(os.environ["SETTLE"]))
    said = {"returned": returned, "settled": settled, "held": held}
    said["stats"] = msgspec.to_builtins(otel_segment.stats())
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
