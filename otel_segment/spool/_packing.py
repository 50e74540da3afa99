"""Messages as the bytes of a row, and back.

A row is its messages, joined by line breaks, which JSON as we write it has none of. Whether it is packed shows in the
first byte: a message begins with a brace, and zlib's format never does.
"""

import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

__all__ = ["PackingError", "pack", "unpack"]

_LEVEL = 1
_WORTH_PACKING = 400
_ZLIB = b"\x78"

PackingError = zlib.error
"""What is raised for packed bytes that have been damaged."""


def _compressor() -> Callable[[bytes], bytes]:
    try:
        faster: Any = import_module("isal.isal_zlib")
    except ImportError:
        return lambda data: zlib.compress(data, _LEVEL)
    return lambda data: bytes(faster.compress(data, _LEVEL))


_compress = _compressor()


def pack(messages: Sequence[bytes]) -> bytes:
    """Return messages as the bytes of one row."""
    joined = b"\n".join(messages)
    return _compress(joined) if len(joined) >= _WORTH_PACKING else joined


def unpack(body: bytes) -> list[bytes]:
    """Return the messages of a row.

    Raises:
        PackingError: They are damaged.
    """
    return (zlib.decompress(body) if body[:1] == _ZLIB else body).split(b"\n")
