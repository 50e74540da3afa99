"""Where rows of the spool are meant to go."""

from hashlib import blake2b
from typing import NamedTuple

from otel_segment.settings import masked

__all__ = ["Destination"]


class Destination(NamedTuple):
    """An address and the source that events are for, without the secret."""

    url: str
    """Where the events were meant to go."""
    source: str
    """Fingerprint of the write key, which itself is never stored: 16 hexadecimal digits."""
    hint: str
    """The write key, masked, for people."""

    @classmethod
    def of(cls, url: str, write_key: str) -> "Destination":
        """Return the destination of an address and a write key."""
        digest = blake2b(write_key.encode(), digest_size=8, person=b"otel_segment")
        return cls(url, digest.hexdigest(), masked(write_key))
