"""Values without what gives itself away: the numbers of cards, and the credentials of URLs."""

from typing import Any

from otel_segment.mapping._cards import REDACTED, SHORTEST_CARD, may_hold_card, without_cards
from otel_segment.mapping._credentials import may_hold_credentials, without_credentials
from otel_segment.mapping._values import text

__all__ = ["LARGE", "may_hold_secret", "scrubbed"]

_SHORTEST_SECRET = len("?token=x")
"""Characters of the shortest text that anything could be found in."""

LARGE = 10 ** (SHORTEST_CARD - 1)
"""The least number that could be a card's."""

_TOO_LARGE = 10**19


def may_hold_secret(value: str) -> bool:
    """Tell, at the least cost, whether there is any use in looking closer at a text."""
    return may_hold_credentials(value) or may_hold_card(value)


def scrubbed(value: Any) -> Any:
    """Return what may be written for a value that is neither list nor map; the value itself where it may be."""
    kind = type(value)
    if kind is str:
        return value if len(value) < _SHORTEST_SECRET else _without_secrets(value)
    if value is None or kind is bool:
        return value
    if kind is int or kind is float:
        return value if -LARGE < value < LARGE else _number(value)
    return _other(value)


def _without_secrets(value: str) -> str:
    return without_cards(without_credentials(value))


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
