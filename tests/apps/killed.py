"""Emits numbered events until it is killed, and notes of each, when its ``emit()`` has returned, the number and when.

The arguments: the folder of the notes, the events a second, and names. Each name but the first is a process that is
forked, as web servers fork their workers, from one that is set up and has emitted.
"""

import itertools
import os
import sys
import time
from pathlib import Path

from emitting import emit, set_up

BEFORE_FORK = 20


def work(folder: str, name: str, rate: float, first: int = 0) -> None:
    """Emit for ever; the file of the notes begins with the number of the process."""
    notes = os.open(Path(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    note(notes, os.getpid())
    began = time.monotonic()
    for number in itertools.count(first):
        emit(name, 1, number)
        note(notes, number)
        if number % 10 == 9:
            time.sleep(max(0.0, began + (number - first) / rate - time.monotonic()))


def note(notes: int, number: int) -> None:
    """Write a number down, and the moment, at once: what is in the file outlives the process."""
    os.write(notes, b"%d %.6f\n" % (number, time.monotonic()))


if __name__ == "__main__":
    folder, rate, name, *children = sys.argv[1:]
    set_up()
    emit(name, BEFORE_FORK)
    for child in children:
        if os.fork() == 0:
            work(folder, child, float(rate))
    work(folder, name, float(rate), BEFORE_FORK)
