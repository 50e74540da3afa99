"""One payload to bytes, once."""

from binascii import hexlify
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from otel_segment._types import JsonObject, Payload
from otel_segment.mapping import MAX_DEPTH, MAX_INTEGER, TooManyValues, derived_ids, mended

__all__ = ["decode_message", "encode_message", "encode_messages"]

_ID_BEGINS = b'{"messageId":"'
_ID_START = len(_ID_BEGINS)
_HASH_LENGTH = 32

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

# Bytes as what matters of them: a digit, something that opens a level, anything else.
_DIGIT, _OPENER, _OTHER = b"0{ "
_KINDS = bytes(_DIGIT if chr(byte).isdigit() else _OPENER if byte in b"{[" else _OTHER for byte in range(128)).ljust(
    256, b" "
)
_LONG_NUMBER = bytes([_DIGIT]) * len(str(MAX_INTEGER))


def encode_message(payload: Payload, seed: Callable[[], bytes], suffix: str = "") -> bytes:
    """Return a payload as JSON in UTF-8, with a ``messageId``.

    Where the payload brings none, the id is the hash of the encoded payload and the seed: the same event encoded
    again is the same message, and another event is another.

    Args:
        payload: The payload.
        seed: Gives what tells this event from others with an equal payload, such as its time in nanoseconds.
        suffix: What follows the hash in an id that is made.

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
    return b"".join((_ID_BEGINS, digest, suffix.encode(), b'",', encoded[1:]))


def encode_messages(
    payloads: list[Payload], seed: Callable[[], bytes], *, keeps_last: bool = False
) -> list[bytes | None]:
    """Return the payloads that one record makes, encoded, with ids that follow from one another.

    The first has the record's id, each other that and its type. Where calls depend on what was said before, the last
    alone tells what the record is about: its id must be the same whatever goes before it, lest an event that is
    emitted again, in another process, become another one.

    Args:
        payloads: The payloads, of which one may bring the record's id.
        seed: See ``encode_message()``.
        keeps_last: Whether the last one's id depends on no other; an id of its own it keeps, one that is made has its
            type.

    Returns:
        The messages; None for a payload that is larger than any event may be.
    """
    if not keeps_last:
        first = _encoded_or_none(payloads[0], seed)
        if len(payloads) > 1:
            made = _hash_of(seed) if first is None else _hash_in(first)
            derived_ids(payloads[0].get("messageId", made), payloads[1:])
        return [first, *(_encoded_or_none(payload, seed) for payload in payloads[1:])]
    last = payloads[-1]
    message = _encoded_or_none(last, seed, "-" + last["type"])
    if len(payloads) == 1:
        return [message]
    others = payloads[:-1]
    if "messageId" in last:
        derived_ids(last["messageId"], others)
    else:
        others[0]["messageId"] = base = _hash_of(seed) if message is None else _hash_in(message)
        derived_ids(base, others[1:])
    return [*(_encoded_or_none(payload, seed) for payload in others), message]


def _hash_in(message: bytes) -> str:
    return message[_ID_START : _ID_START + _HASH_LENGTH].decode()


def _hash_of(seed: Callable[[], bytes]) -> str:
    return blake2b(seed(), digest_size=16).hexdigest()


def _encoded_or_none(payload: Payload, seed: Callable[[], bytes], suffix: str = "") -> bytes | None:
    try:
        return encode_message(payload, seed, suffix)
    except TooManyValues:
        return None


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
