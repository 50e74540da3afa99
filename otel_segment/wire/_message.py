"""One payload to bytes, once."""

from binascii import hexlify
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from otel_segment._types import JsonObject, Payload
from otel_segment.mapping import MAX_DEPTH, MAX_INTEGER, TooManyValues, derived_ids, mended

__all__ = ["decode_message", "encode_message", "encode_messages"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

# Bytes as what matters of them: a digit, something that opens a level, anything else.
_DIGIT, _OPENER, _OTHER = b"0{ "
_KINDS = bytes(_DIGIT if chr(byte).isdigit() else _OPENER if byte in b"{[" else _OTHER for byte in range(128)).ljust(
    256, b" "
)
_LONG_NUMBER = bytes([_DIGIT]) * len(str(MAX_INTEGER))


def encode_message(payload: Payload, seed: Callable[[], bytes]) -> bytes:
    """Return a payload as JSON in UTF-8, with a ``messageId``.

    Where the payload brings none, the id is the hash of the encoded payload and the seed: the same event encoded
    again is the same message, and another event is another.

    Args:
        payload: The payload.
        seed: Gives what tells this event from others with an equal payload, such as its time in nanoseconds.

    Raises:
        TooManyValues: If the payload is larger than any event may be.
    """
    try:
        encoded = _encode(payload)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        encoded = _encode(mended(payload))
    else:
        if _is_doubtful(encoded):
            encoded = _encode(mended(payload))
    if "messageId" in payload:
        return encoded
    digest = hexlify(blake2b(encoded + seed(), digest_size=16).digest())
    return b"".join((b'{"messageId":"', digest, b'",', encoded[1:]))


def encode_messages(payloads: list[Payload], seed: Callable[[], bytes]) -> list[bytes | None]:
    """Return the payloads that one record makes, encoded: the first as ever, the others with ids that follow its own.

    Args:
        payloads: The payloads, of which the first alone may bring an id.
        seed: See ``encode_message()``.

    Returns:
        The messages; None for a payload that is larger than any event may be.
    """
    first = _encoded_or_none(payloads[0], seed)
    if len(payloads) > 1:
        derived_ids(_id_of(payloads[0], first) or blake2b(seed(), digest_size=16).hexdigest(), payloads)
    return [first, *(_encoded_or_none(payload, seed) for payload in payloads[1:])]


def _encoded_or_none(payload: Payload, seed: Callable[[], bytes]) -> bytes | None:
    try:
        return encode_message(payload, seed)
    except TooManyValues:
        return None


def _id_of(payload: Payload, message: bytes | None) -> str | None:
    if "messageId" in payload:
        return payload["messageId"]
    found: str | None = None if message is None else decode_message(message)["messageId"]
    return found


def decode_message(message: bytes) -> JsonObject:
    """Return the payload that a message was made of."""
    payload: JsonObject = _decode(message)
    return payload


def _is_doubtful(encoded: bytes) -> bool:
    """Tell whether an encoded payload may hold an integer too large or levels too deep.

    Walking through every value beforehand costs more than encoding them all. What could be wrong with values that
    the SDK let pass shows in the result: a number of many digits, or many levels.
    """
    kinds = encoded.translate(_KINDS)
    return _LONG_NUMBER in kinds or kinds.count(_OPENER) > MAX_DEPTH
