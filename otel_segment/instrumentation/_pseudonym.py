"""The name of a visitor who has none: the same for one day, and traceable to nobody afterwards."""

from hashlib import sha256

__all__ = ["pseudonym"]

_DIGITS = 32


def pseudonym(salt: bytes, address: str, user_agent: str, host: str) -> str:
    """Return the pseudonym of whoever sent a request.

    Each part but the last is preceded by its length, so that no two requests that differ in where one part ends and
    the next begins come out the same.

    Args:
        salt: The secret of the day; without it nobody can try addresses until one fits.
        address: The address of the client.
        user_agent: The ``User-Agent`` header.
        host: The host that was asked for, so that one person is not recognised from site to site.

    Returns:
        128 bits of a SHA-256 as 32 hexadecimal digits, one of the forms that Segment's libraries give to anonymous ids.
    """
    text = f"{len(address)}:{address}{len(user_agent)}:{user_agent}{host}"
    digest = sha256(b"%d:%b%b" % (len(salt), salt, text.encode("utf-8", "surrogatepass")))
    return digest.hexdigest()[:_DIGITS]
