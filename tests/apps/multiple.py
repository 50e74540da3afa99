"""Starts processes as ``multiprocessing`` does by the method given; each emits and returns, without a flush."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from emitting import emit, set_up

set_up()


def work(name: str) -> None:
    """Emit, and leave the rest to the library."""
    emit(name, 20)


def processes() -> None:
    """Run two processes."""
    emit("parent", 20)
    started = [multiprocessing.Process(target=work, args=(f"child {number}",)) for number in range(2)]
    for process in started:
        process.start()
    for process in started:
        process.join()


def executor() -> None:
    """Run tasks in a pool."""
    emit("parent", 20)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(work, [f"task {number}" for number in range(4)]))


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[2])
    globals()[sys.argv[1]]()
