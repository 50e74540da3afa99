"""Which processes are alive, told by locks that vanish with them.

Each process has a number, and holds the byte of that number in a file beside the database. The kernel lets go of the
lock when the process ends, however it ends, and gives none of it to a forked child: so there is no lease that lapses
too early, and none to renew.
"""

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

from otel_segment.spool._schema import NOBODY

__all__ = ["Owners", "is_used"]

_NAME = "owners.lock"
_ALONE = 0
"""The byte of who makes the database, or moves it aside."""
_LEAST = 1 << 32
_PATIENCE = 5.0
_PAUSE = 0.01

# Closing any descriptor of a file lets go of all locks that the process has in it: so each file is opened once, and
# what a fork copies serves the child, too.
_descriptors: dict[Path, int] = {}


def is_used(folder: Path) -> bool:
    """Tell whether any process has ever used a folder."""
    return (folder / _NAME).is_file()


class Owners:
    """The processes that use one folder.

    Args:
        folder: The folder, which is there.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._descriptor = _open(self._path)
        self.me = self._take_number()

    def _take_number(self) -> int:
        while True:
            number = _LEAST + secrets.randbelow(NOBODY - _LEAST)
            if _lock(self._descriptor, number):
                return number

    def is_alive(self, owner: int) -> bool:
        """Tell whether the process with a number is there."""
        # Testing takes the lock for a moment; our own would be lost that way.
        if owner == self.me:
            return True
        if _lock(self._descriptor, owner):
            _unlock(self._descriptor, owner)
            return False
        return True

    def renew(self) -> None:
        """Hold our number in the file that is there now, where the one that we know has been deleted."""
        if _is_at(self._descriptor, self._path):
            return
        self._descriptor = _open(self._path)
        deadline = time.monotonic() + _PATIENCE
        # Whoever tests whether we are alive has it for a moment.
        while not _lock(self._descriptor, self.me) and time.monotonic() < deadline:
            time.sleep(_PAUSE)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that makes the database or moves it, for as long as the block.

        Raises:
            TimeoutError: Another one is, and does not end.
        """
        deadline = time.monotonic() + _PATIENCE
        while not _lock(self._descriptor, _ALONE):
            if time.monotonic() > deadline:
                msg = f"another process holds {self._path}"
                raise TimeoutError(msg)
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            _unlock(self._descriptor, _ALONE)


def _open(path: Path) -> int:
    descriptor = _descriptors.get(path)
    if descriptor is None or not _is_at(descriptor, path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        _descriptors[path] = descriptor
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


if sys.platform == "win32":

    def _lock(descriptor: int, byte: int) -> bool:
        os.lseek(descriptor, byte, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int, byte: int) -> None:
        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _lock(descriptor: int, byte: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(descriptor: int, byte: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
