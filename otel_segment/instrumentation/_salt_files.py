"""The file in which the processes of one machine share the salt of the day.

Each day's file has a name of its own. It is written under another name and then linked, which succeeds for one process
alone and never shows half a salt; all others read what is there.
"""

import os
import secrets
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["agree", "given_folder", "private_folder"]

_DAY = 86_400
_SIZE = 32
_PREFIX = "visitor-salt-"
_UNFINISHED = ".visitor-salt-"
_MOST_TRIES = 20

# A link in the file's place is not followed, and a pipe in its place is not waited for. Not all systems have these.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def given_folder(folder: str) -> Path:
    """Return the folder that somebody chose, making it for its owner alone where it is missing.

    Raises:
        OSError: It cannot be made.
    """
    path = Path(folder)
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
    return path


def private_folder() -> Path:
    """Return this user's own folder among the temporary files, making it where it is missing.

    Raises:
        OSError: It cannot be made, or what has its name is not this user's alone: anybody may make things there.
    """
    name = f"otel_segment-{os.geteuid()}" if hasattr(os, "geteuid") else "otel_segment"
    path = Path(tempfile.gettempdir(), name)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or not _is_ours_alone(found):
        message = f"{path} is not a folder of this user's alone"
        raise PermissionError(message)
    return path


def agree(folder: Path, day: int) -> tuple[int, bytes]:
    """Return the salt that holds on a day, the same one for all who ask, and delete those of days before.

    Args:
        folder: The folder.
        day: The number of the day, counted from 1970.

    Returns:
        The day that the salt is of, which is the next one where another process has seen that begin, and the salt.

    Raises:
        OSError: The folder or the file cannot be used.
    """
    for _ in range(_MOST_TRIES):
        # The day after comes first: its file shows that this day's salt is deleted, and must not come up again.
        for each in (day + 1, day):
            if (salt := _read(folder / _name(each))) is not None:
                _delete_others(folder, each)
                return each, salt
        _make(folder, _name(day))
    message = f"the files in {folder} change all the time"
    raise OSError(message)


def _name(day: int) -> str:
    return _PREFIX + time.strftime("%Y-%m-%d", time.gmtime(day * _DAY))


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != _SIZE or not _is_ours_alone(found):
            message = f"{path} is not as it was written, or can be read by others; delete it"
            raise PermissionError(message)
        return os.read(descriptor, _SIZE)
    finally:
        os.close(descriptor)


def _make(folder: Path, name: str) -> None:
    unfinished = folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
    try:
        descriptor = os.open(unfinished, _WRITE, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(_SIZE))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # Somebody else may have been faster, and may have swept up what is unfinished, too.
        with suppress(FileExistsError, FileNotFoundError):
            os.link(unfinished, folder / name)
    finally:
        unfinished.unlink(missing_ok=True)


def _delete_others(folder: Path, day: int) -> None:
    """Delete what is left of other salts; the next day's stays, for somebody may just have begun it."""
    kept = {_name(day), _name(day + 1)}
    for path in folder.iterdir():
        if path.name.startswith((_PREFIX, _UNFINISHED)) and path.name not in kept:
            path.unlink(missing_ok=True)


def _is_ours_alone(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o077)
