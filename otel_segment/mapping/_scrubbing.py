"""Values without what gives itself away: the numbers of cards, and the credentials of URLs."""

from typing import Any

from otel_segment.mapping._cards import REDACTED, SHORTEST_CARD, without_cards
from otel_segment.mapping._credentials import without_credentials
from otel_segment.mapping._values import text

__all__ = ["LARGE", "scrubbed"]

LARGE = 10**14
"""The least number that is taken for a card's: shorter ones are ids far more often."""

_TOO_LARGE = 10**16


def scrubbed(value: Any) -> Any:
    """Return what may be written for a value that is neither list nor map; the value itself where it may be."""
    kind = type(value)
    if kind is str:
        return _without_secrets(value)
    if value is None or kind is bool:
        return value
    if kind is int or kind is float:
        return value if -LARGE < value < LARGE else _number(value)
    return _other(value)


def _without_secrets(value: str) -> str:
    if "=" in value or "@" in value:
        value = without_credentials(value)
    return value if len(value) < SHORTEST_CARD else without_cards(value)


def _number(value: float) -> Any:
    if isinstance(value, float) and not value.is_integer():
        return value
    if not -_TOO_LARGE < value < _TOO_LARGE:
        return value
    written = str(int(value))
    return value if without_cards(written) == written else REDACTED


def _other(value: Any) -> Any:
    """Return what may be written for a value that becomes text before it is sent."""
    # What bytes are sent as can be read by anybody.
    written = (
        bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | bytearray | memoryview) else text(value)
    )
    clean = _without_secrets(written)
    return value if clean == written else clean
