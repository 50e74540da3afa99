"""One payload to bytes, once."""

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from otel_segment._types import JsonObject, Payload
from otel_segment.mapping import without_surrogates
from otel_segment.wire._limits import MAX_EVENT_BYTES

__all__ = ["decode_message", "encode_message", "is_too_large"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encode_message(payload: Payload, seed: Callable[[], bytes]) -> bytes:
    """Return a payload as JSON in UTF-8, with a ``messageId``.

    Where the payload brings none, the id is the hash of the encoded payload and the seed: the same event encoded
    again is the same message, and another event is another.

    Args:
        payload: The payload; its values are ones that JSON can carry.
        seed: Gives what tells this event from others with an equal payload, such as its time in nanoseconds.
    """
    try:
        encoded = _encode(payload)
    except UnicodeEncodeError:
        encoded = _encode(without_surrogates(payload))
    if "messageId" in payload:
        return encoded
    digest = blake2b(encoded, digest_size=16)
    digest.update(seed())
    return b'{"messageId":"%b",%b' % (digest.hexdigest().encode(), encoded[1:])


def decode_message(message: bytes) -> JsonObject:
    """Return the payload that a message was made of."""
    payload: JsonObject = _decode(message)
    return payload


def is_too_large(message: bytes) -> bool:
    """Tell whether Segment would refuse a message for its size."""
    return len(message) > MAX_EVENT_BYTES
