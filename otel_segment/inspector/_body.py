"""A request's body, read from the connection and unpacked, never beyond a bound."""

import zlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from io import BufferedIOBase
from typing import Final

__all__ = ["MAX_BODY_BYTES", "BodyError", "length_of", "read_body", "too_large", "unpack_body"]

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""Bytes beyond which a body is not read, nor unpacked, any further; far beyond what Segment accepts."""

_LONGEST_LINE = 4_096
_CHUNK = 65_536
_LONGEST_LENGTH = 18
"""Digits; more are no number of bytes, and too many of them no number to Python."""


class BodyError(Exception):
    """The body cannot be had.

    Attributes:
        status: The status to answer with.
        sentence: Why, in words.
    """

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def read_body(stream: BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    """Read the body as it is on the wire.

    Args:
        stream: The connection, after the headers.
        headers: The headers, by lower-case names.

    Raises:
        BodyError: If it is too large, cut short, or framed wrongly.
    """
    encoding = headers.get("transfer-encoding", "identity").strip().lower()
    if encoding == "chunked":
        return b"".join(_chunks(stream))
    if encoding != "identity":
        raise BodyError(HTTPStatus.NOT_IMPLEMENTED, "No such transfer encoding.")
    length = headers.get("content-length")
    if length is None:
        raise BodyError(HTTPStatus.LENGTH_REQUIRED, "The request has no Content-Length.")
    size = length_of(headers)
    if size is None:
        raise BodyError(HTTPStatus.BAD_REQUEST, "The Content-Length is not a number.")
    return _exactly(stream, size)


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the length that headers tell; None where it is no number, and where there is none.

    Args:
        headers: The headers, by lower-case names.

    Raises:
        BodyError: If it has more digits than any body.
    """
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return None
    if len(length) > _LONGEST_LENGTH:
        raise too_large()
    return int(length)


def unpack_body(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding of a body.

    Args:
        body: The body as it was on the wire.
        encoding: The ``Content-Encoding`` header.

    Raises:
        BodyError: If the encoding is unknown or broken, or the result too large.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise BodyError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The content encoding is none of gzip and identity.")
    inflater = zlib.decompressobj(wbits=31)
    try:
        unpacked = inflater.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        raise BodyError(HTTPStatus.BAD_REQUEST, "The body is not valid gzip.") from None
    if inflater.unconsumed_tail:
        raise too_large()
    if not inflater.eof:
        raise BodyError(HTTPStatus.BAD_REQUEST, "The gzip body ends too early.")
    if inflater.unused_data.strip(b"\0"):
        raise BodyError(HTTPStatus.BAD_REQUEST, "The gzip body goes on after its end: pack it as one.")
    return unpacked


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    total = 0
    while size := _chunk_size(stream):
        total += size
        if total > MAX_BODY_BYTES:
            raise too_large()
        yield _exactly(stream, size)
        if stream.readline(_LONGEST_LINE).strip():
            raise BodyError(HTTPStatus.BAD_REQUEST, "A chunk is longer than it says.")
    while stream.readline(_LONGEST_LINE).strip():
        pass


def _chunk_size(stream: BufferedIOBase) -> int:
    digits = stream.readline(_LONGEST_LINE).partition(b";")[0].strip()
    try:
        size = int(digits, 16)
    except ValueError:
        raise BodyError(HTTPStatus.BAD_REQUEST, "The size of a chunk is not a number.") from None
    if size < 0:
        raise BodyError(HTTPStatus.BAD_REQUEST, "The size of a chunk is not a number.")
    return size


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    if size > MAX_BODY_BYTES:
        raise too_large()
    pieces: list[bytes] = []
    missing = size
    while missing:
        piece = stream.read(min(missing, _CHUNK))
        if not piece:
            raise BodyError(HTTPStatus.BAD_REQUEST, "The body ends too early.")
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def too_large() -> BodyError:
    """Return what says that a body has more bytes than are read."""
    return BodyError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is far larger than 500 KB.")
