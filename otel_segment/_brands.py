"""The brands of a browser, as client hints write them."""

import re

__all__ = ["brands_of"]

# One member of a list of structured fields (RFC 9651): a string with its version, or one without, and what ends it.
_MEMBER = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(?:;\s*v="((?:[^"\\]|\\.)*)"\s*)?(?:,|$)')


def brands_of(header: str) -> list[tuple[str, str]]:
    """Return the brands in ``Sec-CH-UA`` or ``Sec-CH-UA-Full-Version-List``, each with its version.

    Args:
        header: The header. What comes after something that is no brand is left out, so that the time is linear.
    """
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(header) and (member := _MEMBER.match(header, position)):
        brand, version = member.groups()
        if version is not None:
            found.append((brand, version))
        position = member.end()
    return found
