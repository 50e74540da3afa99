"""Identifiers for events: 128 random bits as text, cheap enough for every call."""

from os import getpid, urandom

__all__ = ["new_uid"]

_IN_A_BLOCK = 256
_BYTES = 16

# The process that cut the block, and what is left of it. A forked child holds the same block, so the id of the
# process is compared each time; some servers fork without running Python's hooks.
_block: tuple[int, list[str]] = (0, [])


def new_uid() -> str:
    """An identifier that no other call, thread or process gets: 32 hexadecimal digits."""
    owner, uids = _block
    if owner == getpid():
        try:
            return uids.pop()
        except IndexError:
            pass
    return _cut_block()


def _cut_block() -> str:
    global _block  # noqa: PLW0603 - one pool for the process
    digits = urandom(_IN_A_BLOCK * _BYTES).hex()
    width = 2 * _BYTES
    uids = [digits[start : start + width] for start in range(0, len(digits), width)]
    first = uids.pop()
    _block = (getpid(), uids)
    return first
