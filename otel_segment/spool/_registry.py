"""The spools of this process, one for each folder, and what a fork does to them."""

import os
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

from otel_segment.spool._store import Spool

__all__ = ["spool_for"]

_FORK_PATIENCE = 1.0
"""Seconds that a fork may wait for calls on spools to end, all of them together."""

# Spools of the parent stay here for ever in a child: what SQLite has open in them is never to be freed by chance.
_spools: dict[tuple[int, Path], Spool] = {}
# Each process has a lock of its own: a fork could leave the parent's locked.
_locks: dict[int, AbstractContextManager[bool]] = {}
_let_go: list[Spool] = []


def spool_for(folder: Path | str, max_bytes: int) -> Spool:
    """Return this process's spool in a folder; nothing is opened yet.

    Args:
        folder: The folder.
        max_bytes: Bytes that its database may have; the first to ask in this process has the say.
    """
    path = Path(folder).resolve()
    spool = _spools.get((os.getpid(), path))
    return spool if spool is not None else _begin(path, max_bytes)


def _begin(path: Path, max_bytes: int) -> Spool:
    me = os.getpid()
    with _locks.setdefault(me, threading.RLock()):
        if (me, path) not in _spools:
            inherited = [spool for (_, where), spool in _spools.items() if where == path]
            abandoned = [spool.abandon() for spool in inherited]
            _spools[me, path] = Spool(path, max_bytes, is_torn=not all(abandoned))
        return _spools[me, path]


def _before_fork() -> None:
    deadline = time.monotonic() + _FORK_PATIENCE
    me = os.getpid()
    _let_go.clear()
    for (pid, _), spool in list(_spools.items()):
        if pid == me and spool.let_go(max(0.0, deadline - time.monotonic())):
            _let_go.append(spool)


def _after_fork() -> None:
    while _let_go:
        _let_go.pop().resume()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
