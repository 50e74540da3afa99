"""Sees to it that the counts of a program add up, at any moment and at its end; the environment names the file to tell.

The file gets a line for each process that is watched, and one for each snapshot that does not add up.
"""

import atexit
import os
import threading
import time

import otel_segment

__all__ = ["check", "watch"]

_EVERY = 0.005
"""Seconds between two looks."""

_files: list[int] = []


def watch() -> None:
    """Begin to look, in this process and in those that are forked from it."""
    if _files or "WATCH_COUNTS" not in os.environ:
        return
    _files.append(os.open(os.environ["WATCH_COUNTS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666))
    # Before the SDK's own: so it is called after them.
    atexit.register(check)
    os.register_at_fork(after_in_child=_begin)
    _begin()


def check() -> None:
    """Look once; also for programs whose server lets no thread run."""
    if _files and (stats := otel_segment.stats()).unaccounted:
        _tell(f"wrong {os.getpid()} {stats}")


def _begin() -> None:
    _tell(f"watched {os.getpid()}")
    check()
    threading.Thread(target=_look, daemon=True).start()


def _look() -> None:
    while True:
        time.sleep(_EVERY)
        check()


def _tell(line: str) -> None:
    os.write(_files[0], f"{line}\n".encode())
