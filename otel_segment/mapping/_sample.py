"""Sampling by person."""

from collections.abc import Mapping
from hashlib import blake2b

__all__ = ["is_kept"]


def is_kept(ids: Mapping[str, object], share: float) -> bool:
    """Tell whether a person is among the share whose events are kept, the same in every process.

    Args:
        ids: ``userId`` and ``anonymousId``, as far as they are known.
        share: The share, 0 to 1.
    """
    identity = str(ids.get("userId") or ids.get("anonymousId") or "")
    digest = blake2b(identity.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64
