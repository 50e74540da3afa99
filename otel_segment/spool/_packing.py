"""Messages as the bytes of a row, and back.

A row is its messages, joined by line breaks, which JSON as we write it has none of. Whether it is packed shows in the
first byte: a message begins with a brace, and zlib's format never does.
"""

import zlib
from collections.abc import Callable, Sequence

__all__ = ["PackingError", "pack", "unpack"]

_LEVEL = 1
_WORTH_PACKING = 400
_ZLIB = b"\x78"

PackingError = zlib.error
"""What is raised for packed bytes that have been damaged."""


def _compressor() -> Callable[[bytes], bytes]:
    try:
        from isal import isal_zlib  # type: ignore[import-not-found,unused-ignore] # pyright: ignore
    except ImportError:
        return lambda data: zlib.compress(data, _LEVEL)
    return lambda data: isal_zlib.compress(data, _LEVEL)  # type: ignore[no-any-return,unused-ignore]


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
