"""The lock on an open file, where the system has one; it ends with the file, and with the process."""

import errno
import sys
import time

if sys.platform != "win32":
    import fcntl

__all__ = ["lock_alone", "lock_with_readers", "unlock"]

_PATIENCE = 5.0
"""Seconds to wait for another process that is writing."""
_PAUSE = 0.005
_TAKEN = {errno.EWOULDBLOCK, errno.EACCES}


def lock_alone(fd: int) -> bool:
    """Wait until nobody else has the file locked.

    Returns:
        Whether it is locked now. One write at the end of a file is whole without that, too; only moving it needs it.
    """
    return sys.platform != "win32" and _lock(fd, fcntl.LOCK_EX)


def lock_with_readers(fd: int) -> bool:
    """Wait until nobody is in the middle of a write; return whether the file is locked now."""
    return sys.platform != "win32" and _lock(fd, fcntl.LOCK_SH)


def unlock(fd: int) -> None:
    """Let go of the lock, if it is held."""
    if sys.platform != "win32":
        _lock(fd, fcntl.LOCK_UN)


def _lock(fd: int, kind: int) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while (code := _try(fd, kind)) in _TAKEN and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    # Some file systems have no locks, and a process that was halted never lets go of its own.
    return not code


def _try(fd: int, kind: int) -> int:
    """Lock a file if nobody else has; return the number of the error, or 0."""
    if sys.platform != "win32":
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno or -1
    return 0
