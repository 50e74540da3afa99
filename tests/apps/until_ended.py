"""Emits numbered events until it is ended, and says of each, when its ``emit()`` has returned, the number and when.

The first argument says how SIGTERM finds it: ``handled`` raises SystemExit, ``unhandled`` leaves it to the system. With
``threads`` the events come from daemon threads, and the main program ends when its input does.
"""

import os
import signal
import sys
import threading
import time
from typing import Any

from emitting import emit, set_up


def emit_on(place: str) -> None:
    """Emit for ever."""
    number = 0
    while True:
        emit(place, 1, number)
        say(place, number, time.monotonic())
        number += 1
        time.sleep(0.001)


def say(*words: object) -> None:
    """Write a line, at once and whole: nothing of it is lost with the process."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def leave(*_: Any) -> None:
    """End the program as a handler of SIGTERM usually does."""
    say("ending", 0, time.monotonic())
    sys.exit(0)


if __name__ == "__main__":
    set_up()
    if sys.argv[1] == "handled":
        signal.signal(signal.SIGTERM, leave)
    if sys.argv[1] == "threads":
        for thread in range(3):
            threading.Thread(target=emit_on, args=(f"thread {thread}",), daemon=True).start()
        sys.stdin.read()
        leave()
    emit_on("script")
