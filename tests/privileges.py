"""What a process may do: root may do everything, and so finds nothing forbidden."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["unprivileged"]

_NOBODY = 65_534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody in particular for a while, in all threads, where this process is root's."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
