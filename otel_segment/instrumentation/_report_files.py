"""Reports of browsers for pages that another process of this machine holds, each in a file of the shared folder.

A file has the report as it came, and nothing of who views the page: that stays with the process that holds it.
"""

import logging
import os
import secrets
import stat
import threading
import time
from contextlib import suppress
from contextvars import Context
from pathlib import Path
from typing import NamedTuple

from otel_segment._log import say_once
from otel_segment._signals import signals_held
from otel_segment.instrumentation._browser_report import MOST_BYTES
from otel_segment.instrumentation._salt_files import given_folder, private_folder

__all__ = ["ReportFiles"]

_PREFIX = "browser-report-"
_UNFINISHED = ".browser-report-"
_KEPT = 120
"""Seconds after which a file that nobody has taken is deleted: no page is held so long."""

_MOST_FILES = 4_096
_MOST_TOTAL = 8 * 1_024 * 1_024
"""What the reports in the folder may be, of all processes together: how many, and how many bytes."""
_SHARE = 8
"""The part of the room that one process takes before it looks again: so much more there may be for each other process
that takes the same at the same time."""
_PAUSE = 1.0
_MINUTE = 60.0
"""Seconds between two looks at the folder: where there is little room left, and where there is enough."""

# A link in the file's place is not followed, and a pipe in its place is not waited for. Not all systems have these.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class _Amount(NamedTuple):
    files: int
    total: int


class ReportFiles:
    """Hands reports over.

    Args:
        folder: The folder; by default a private one of this user's among the temporary files.
    """

    def __init__(self, folder: str | None) -> None:
        self._given = folder
        self._folder: Path | None = None
        self._looked = -_MINUTE
        self._put = _Amount(0, 0)
        self._may_put = _Amount(_MOST_FILES // _SHARE, _MOST_TOTAL // _SHARE)

    def put(self, uid: str, report: bytes) -> None:
        """Leave a report to whoever holds a page; nothing happens where the folder cannot be used, or is full.

        Args:
            uid: The page's id, which was made here.
            report: The report.
        """
        if not self._has_room(len(report)):
            return
        try:
            folder = self._found()
            unfinished = folder / f"{_UNFINISHED}{secrets.token_hex(8)}"
            descriptor = os.open(unfinished, _WRITE, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(report)
                unfinished.replace(folder / f"{_PREFIX}{uid}")
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            _say(error)

    def take(self, uid: str) -> bytes | None:
        """Return the report that was left for a page, once; None where there is none."""
        try:
            path = self._found() / f"{_PREFIX}{uid}"
            try:
                descriptor = os.open(path, _READ)
            except FileNotFoundError:
                return None
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                report = file.read(MOST_BYTES) if _is_ours(found) else None
            path.unlink(missing_ok=True)
        except OSError as error:
            _say(error)
            return None
        return report

    def sweep(self) -> None:
        """Delete what nobody has taken and see how much is there, once a minute; a thread of its own does so."""
        self._look(_MINUTE)

    def _has_room(self, size: int) -> bool:
        """Take a file out of this process's part of the room; look again in time."""
        put, may_put = self._put, self._may_put
        self._put = put = _Amount(put.files + 1, put.total + size)
        files, total = may_put.files - put.files, may_put.total - put.total
        is_little = files < _MOST_FILES // _SHARE // 2 or total < _MOST_TOTAL // _SHARE // 2
        self._look(_PAUSE if is_little else _MINUTE)
        return files >= 0 and total >= 0

    def _look(self, seconds: float) -> None:
        now = time.monotonic()
        if now - self._looked < seconds:
            return
        self._looked = now
        # Nobody who is served waits for it: with a folder full of files it takes a while.
        looker = threading.Thread(target=Context().run, args=(self._count,), name="otel-segment-reports", daemon=True)
        # The interpreter may be ending, and start no more threads.
        with suppress(RuntimeError), signals_held():
            looker.start()

    def _count(self) -> None:
        too_old = time.time() - _KEPT
        put, files, total = self._put, 0, 0
        try:
            with os.scandir(self._found()) as found:
                for entry in found:
                    if not entry.name.startswith((_PREFIX, _UNFINISHED)):
                        continue
                    # Whoever it is for may just have taken it; and some other thing of the name is nobody's to take.
                    with suppress(OSError):
                        status = entry.stat(follow_symlinks=False)
                        if status.st_mtime < too_old:
                            Path(entry.path).unlink()
                        else:
                            files, total = files + 1, total + status.st_size
        except OSError as error:
            _say(error)
            return
        # From when the count began: what was put since may have been counted, or not.
        may_put = put.files + (_MOST_FILES - files) // _SHARE, put.total + (_MOST_TOTAL - total) // _SHARE
        self._may_put = _Amount(*may_put)

    def _found(self) -> Path:
        if self._folder is None:
            self._folder = private_folder() if self._given is None else given_folder(self._given)
        return self._folder


def _is_ours(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and (not hasattr(os, "geteuid") or found.st_uid == os.geteuid())


def _say(error: OSError) -> None:
    say_once(
        "web reports",
        logging.WARNING,
        "what browsers report of pages reaches the process that served them alone, as the shared folder cannot be used"
        " (%s); set salt_folder to a folder of this user's alone",
        error,
    )
