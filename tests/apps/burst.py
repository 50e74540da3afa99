"""Emits as many events as the argument says, as fast as it can or so many a second, and ends; no flush by hand.

Without a door it takes the provider that is set, as ``opentelemetry-instrument`` does it.
"""

import os
import sys
import time

from emitting import emit, set_up

if __name__ == "__main__":
    if os.environ.get("DOOR"):
        set_up()
    count, rate = int(sys.argv[1]), float(sys.argv[2])
    began = time.monotonic()
    for number in range(count):
        emit("burst", 1, number)
        if rate and number % 30 == 29:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
