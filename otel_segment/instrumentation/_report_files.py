"""Reports of browsers for pages that another process of this machine holds, each in a file of the shared folder.

A file has the report as it came, and nothing of who views the page: that stays with the process that holds it.
"""

import logging
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from otel_segment._log import say_once
from otel_segment.instrumentation._browser_report import MOST_BYTES
from otel_segment.instrumentation._salt_files import given_folder, private_folder

__all__ = ["ReportFiles"]

_PREFIX = "browser-report-"
_UNFINISHED = ".browser-report-"
_KEPT = 60
"""Seconds after which a file that nobody has taken is deleted."""

# A link in the file's place is not followed, and a pipe in its place is not waited for. Not all systems have these.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class ReportFiles:
    """Hands reports over.

    Args:
        folder: The folder; by default a private one of this user's among the temporary files.
    """

    def __init__(self, folder: str | None) -> None:
        self._given = folder
        self._folder: Path | None = None
        self._swept = -float(_KEPT)

    def put(self, uid: str, report: bytes) -> None:
        """Leave a report to whoever holds a page; nothing happens where the folder cannot be used.

        Args:
            uid: The page's id, which was made here.
            report: The report.
        """
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
        """Delete what nobody has taken, now and then."""
        if time.monotonic() - self._swept < _KEPT:
            return
        self._swept = time.monotonic()
        too_old = time.time() - _KEPT
        try:
            for path in self._found().iterdir():
                if path.name.startswith((_PREFIX, _UNFINISHED)):
                    with suppress(FileNotFoundError):
                        if path.lstat().st_mtime < too_old:
                            path.unlink()
        except OSError as error:
            _say(error)

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
