"""The file as it is read back: line by line, as it stands at the moment of opening."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

import msgspec

from otel_segment.dead_letter._lock import lock_with_readers, unlock

__all__ = ["MAX_LINE_BYTES", "Letter", "read_lines"]

MAX_LINE_BYTES = 64 * 2**20
"""Bytes of a line, at most, that are looked at; a longer one is passed over."""

_CHUNK = 2**20


class Letter(NamedTuple):
    """One line of the file.

    Attributes:
        number: Its number, from 1.
        raw: The line as it stands there, without its end; empty where it is longer than ``MAX_LINE_BYTES``.
        size: Its length in bytes.
        message: The event, as JSON; ``None`` where the line is none that we wrote.
        reason: Why it was not delivered.
        status: The HTTP status of the last answer, ``None`` where there was none.
        answer: What the endpoint said, or what else was known.
        time: When it was given up, by ISO 8601.
    """

    number: int
    raw: bytes
    size: int
    message: bytes | None = None
    reason: str = ""
    status: int | None = None
    answer: str = ""
    time: str = ""


class _Line(msgspec.Struct, gc=False):
    message: msgspec.Raw
    time: Any = ""
    reason: Any = ""
    status: Any = None
    answer: Any = ""


_decode = msgspec.json.Decoder(_Line).decode


def read_lines(path: str | os.PathLike[str]) -> Iterator[Letter]:
    """Read a dead-letter file, one line at a time.

    What others write to it, or make of it, after it was opened is not read. Empty lines are passed over.

    Raises:
        OSError: If it cannot be read, or is no file.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - a path of any kind
        for number, (raw, size) in enumerate(_lines(file, _size(file)), 1):
            if size:
                yield _letter(number, raw, size)


def _size(file: BinaryIO) -> int:
    """Return how much of the file is whole lines; what is being written is not read."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        message = "not a regular file"
        raise OSError(message)
    lock_with_readers(file.fileno())
    try:
        return os.fstat(file.fileno()).st_size
    finally:
        unlock(file.fileno())


def _lines(file: BinaryIO, left: int) -> Iterator[tuple[bytes, int]]:
    """Yield each line without its end, and its length; of one too long only that."""
    while line := file.readline(min(left, MAX_LINE_BYTES + 1)):
        size, last = len(line), line
        while len(last) > _CHUNK and size > MAX_LINE_BYTES and not last.endswith(b"\n"):
            line = b""
            last = file.readline(min(left - size, _CHUNK + 1))
            size += len(last)
        left -= size
        yield line.removesuffix(b"\n"), size - last.endswith(b"\n")


def _letter(number: int, raw: bytes, size: int) -> Letter:
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        line = _decode(raw)
        status = line.status if isinstance(line.status, int) else None
        return Letter(
            number, raw, size, bytes(line.message), str(line.reason), status, str(line.answer), str(line.time)
        )
    return Letter(number, raw, size)
