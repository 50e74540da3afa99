"""Signals that end a process are no business of our threads."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["signals_held"]

_NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
_HELD = {getattr(signal, name) for name in _NAMES if hasattr(signal, name)}


@contextmanager
def signals_held() -> Iterator[None]:
    """Keep the threads that are started meanwhile from ever getting the signals that end a process.

    A signal is meant for the main thread, but a thread that is just starting, or starts another, can take it first.
    uWSGI then ends on that thread, and waits there for the main thread without end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
