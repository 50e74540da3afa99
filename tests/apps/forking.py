"""Forks with ``os.fork`` at the moment that the first argument names; every process emits."""

import os
import sys
import time
from collections.abc import Callable

from emitting import emit, set_up

import otel_segment


def in_child(work: Callable[[], None]) -> None:
    """Do something in a forked process, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0 if otel_segment.flush(20) else 1)
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"the child ended with {os.waitstatus_to_exitcode(status)}")


def before_any_emit() -> None:
    """Fork what has not emitted anything yet."""
    in_child(lambda: emit("child", 20))
    emit("parent", 20)


def while_events_wait() -> None:
    """Fork while the parent's events wait for company."""
    emit("parent", 20)
    in_child(lambda: emit("child", 20))
    in_child(lambda: emit("second child", 20))
    emit("parent", 20, first=20)


def during_a_request() -> None:
    """Fork while the parent waits for an answer that comes only after the child's events."""
    emit("parent", 20)
    while not otel_segment.stats().in_flight:
        time.sleep(0.01)
    in_child(lambda: emit("child", 20))


def twice() -> None:
    """Fork a child that forks."""

    def child() -> None:
        emit("child", 20)
        in_child(lambda: emit("grandchild", 20))

    emit("parent", 20)
    in_child(child)


def to_its_end() -> None:
    """Fork a child that ends as its parent does, by its own exit."""
    emit("parent", 20)
    if os.fork():
        os.wait()
    else:
        emit("child", 20)


if __name__ == "__main__":
    set_up()
    globals()[sys.argv[1]]()
