"""Numbers as people write them on a command line."""

import re
from typing import Final

__all__ = ["duration", "share"]

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|)")
_NUMBER: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(%?)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3_600.0}


def duration(text: str) -> float | None:
    """Give the seconds in a text like ``200ms``, ``10s``, ``1.5`` or ``2m``; ``None`` where it is none."""
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _SECONDS[found[2]] if found else None


def share(text: str) -> float | None:
    """Give the share in a text like ``0.1`` or ``10%``, more than 0 and at most 1; ``None`` where it is none."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    number = float(found[1]) / (100 if found[2] else 1)
    return number if 0 < number <= 1 else None
