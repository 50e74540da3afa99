"""The folder of a spool, and the files in it."""

import os
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

__all__ = ["BESIDE", "DATABASE", "has_spool", "lacking_room", "make_folder", "move_aside"]

DATABASE = "spool.db"
BESIDE = ("-wal", "-shm")
"""What SQLite adds to the name of a database for the files that it keeps beside it."""

_RESERVE = 16 << 20
_RESERVED_SHARE = 16


def has_spool(folder: Path | str) -> bool:
    """Tell whether there is a spool in a folder; making none."""
    return Path(folder, DATABASE).is_file()


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone; one that is there is left as it is.

    Raises:
        OSError: It cannot be made.
    """
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)


def lacking_room(folder: Path) -> int:
    """Return how many bytes would have to be free on the disk before anything is written; 0 where they are.

    What is in the spool can only be sent and deleted where a little more can be written: a spool that fills its disk
    to the last block would be stuck.
    """
    if not hasattr(os, "statvfs"):
        return 0
    disk = os.statvfs(folder)
    reserve = min(_RESERVE, disk.f_blocks * disk.f_frsize // _RESERVED_SHARE)
    return reserve if disk.f_bavail * disk.f_frsize < reserve else 0


def move_aside(path: Path) -> Path:
    """Give a damaged database another name, and return it; to be called by one process at a time.

    Raises:
        OSError: It cannot be moved.
    """
    aside = _free_name(path)
    # The log first: a fresh database must never meet the log of the damaged one.
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    path.replace(aside)
    return aside


def _free_name(path: Path) -> Path:
    moment = datetime.now(tz=timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    name = path.with_name(f"{path.name}.damaged-{moment}")
    number = 1
    while name.exists():
        number += 1
        name = path.with_name(f"{path.name}.damaged-{moment}-{number}")
    return name
