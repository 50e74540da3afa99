"""The file as it is written: whole lines by any number of processes, rotated by size."""

import errno
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import msgspec

from otel_segment._log import say
from otel_segment._types import JsonObject, Payload
from otel_segment.dead_letter._lock import lock_alone
from otel_segment.mapping import TooManyValues, iso_time, mended
from otel_segment.reasons import DropReason

__all__ = ["ROTATED_FILES", "DeadLetter"]

ROTATED_FILES = 9
"""Older files that are kept beside the one that is written."""

_MODE = 0o600
_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)

_encode = msgspec.json.Encoder().encode


class DeadLetter:
    """Writes events that can never be delivered to a file of JSON Lines, one event a line.

    The file is opened for each call: nothing of it crosses a fork, and a file that was moved away is not written on.
    Only its owner can read it. When it would outgrow its bound it becomes ``path.1``, what that was becomes
    ``path.2``, and so on to ``path.9``; only then the oldest goes, which is said.

    Args:
        path: The file; its folder is made where it is not there.
        max_bytes: Bytes that each of the files may have; one call's lines stay together, however many they are.
    """

    def __init__(self, path: str | os.PathLike[str], max_bytes: int) -> None:
        self._path = Path(path)
        self._max_bytes = max_bytes

    def write(self, reason: DropReason, messages: Sequence[JsonObject], status: int, answer: str, time: float) -> bool:
        """Write events down. Never raises.

        Args:
            reason: Why they cannot be delivered.
            messages: The events.
            status: The HTTP status of the last answer; 0 where there was none.
            answer: What the endpoint said, or what else is known about the reason.
            time: The time, in seconds since 1970.

        Returns:
            Whether they are in the file; where not, one log line says why.
        """
        try:
            head = {
                "time": iso_time(round(time * 1_000) * 1_000_000),
                "reason": str(reason),
                "status": status or None,
                "answer": answer,
            }
            self._append(b"".join(_lines(head, messages)))
        except Exception as error:  # noqa: BLE001 - a bad event or a bad disk must not end the sender
            say(
                f"dead letter {self._path}",
                logging.ERROR,
                "cannot write to the dead-letter file %s: %s; %d event(s) are not in it",
                self._path,
                error,
                len(messages),
            )
            return False
        return True

    def _append(self, data: bytes) -> None:
        while True:
            with _opened(self._path) as fd:
                is_locked = lock_alone(fd)
                size = os.fstat(fd).st_size
                if not _is_at(self._path, fd):
                    continue  # somebody has rotated it in the meantime
                if not (is_locked and size and size + len(data) > self._max_bytes):
                    _write(fd, data, size, is_locked)
                    return
                lost = _rotate(self._path)
            if lost:
                say(
                    f"dead letter rotated {self._path}",
                    logging.WARNING,
                    "the dead-letter file %s is full: the %d bytes of the oldest events made room",
                    self._path,
                    lost,
                )


def _lines(head: JsonObject, messages: Iterable[JsonObject]) -> Iterator[bytes]:
    for message in messages:
        yield _encoded({**head, "message": message}) + b"\n"


def _encoded(line: JsonObject) -> bytes:
    try:
        return _encode(line)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        # A message that was dropped before it was checked may hold anything.
        message = _tame(cast("Payload", line["message"]))
        return _encode({**_tame(cast("Payload", {**line, "message": None})), "message": message})


def _tame(payload: Payload) -> Payload:
    try:
        return mended(payload)
    except TooManyValues:
        return mended(cast("Payload", {key: value for key, value in payload.items() if isinstance(value, str)}))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = _open(path)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            message = "not a regular file"
            raise OSError(message)
        yield fd
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    """Open the file, or make it, for its owner alone whatever the umask."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        try:
            return os.open(path, _FLAGS)
        except FileNotFoundError:
            pass
        try:
            fd = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _MODE)
        except FileExistsError:
            if path.is_symlink():
                raise  # to nowhere
            continue
        path.chmod(_MODE)
        return fd


def _write(fd: int, data: bytes, size: int, is_locked: bool) -> None:
    # A line without an end is all that a process left which was killed, or had no room.
    if size and _last_byte(fd, size) != b"\n":
        data = b"\n" + data
    written = os.write(fd, data)
    if written != len(data):
        if is_locked:
            os.ftruncate(fd, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _last_byte(fd: int, size: int) -> bytes:
    os.lseek(fd, size - 1, os.SEEK_SET)
    return os.read(fd, 1)


def _rotate(path: Path) -> int:
    """Move the files on by one; return the bytes of the one that went.

    The file itself is moved last: until then nobody else gets past its lock, or finds another one in its place.
    """
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, ROTATED_FILES + 1)]
    last = next((place for place, file in enumerate(older) if not file.exists()), ROTATED_FILES - 1)
    lost = _size(older[last])
    for place in range(last, 0, -1):
        older[place - 1].replace(older[place])
    path.replace(older[0])
    return lost


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _is_at(path: Path, fd: int) -> bool:
    """Tell whether an open file is the one that stands at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
