"""Numbers of payment cards within texts and numbers.

Not everything that passes Luhn's check is one: a tenth of all numbers do. So the issuer must be known and the length
one of its own, and the digits may be no part of a longer number or of a word.
"""

import re
from collections.abc import Iterator

__all__ = ["REDACTED", "SHORTEST_CARD", "may_hold_card", "without_cards"]

REDACTED = "[redacted]"
"""What stands for the number of a card."""

SHORTEST_CARD = 14
"""Digits of the shortest number."""

_LONGEST_CARD = 19
_SHORTEST_GROUP = 3
_SEPARATORS = "[ \u00a0\u2007\u2009\u202f\u2010-\u2015\u2212-]{1,3}"

# What looks like groups of digits but is one hexadecimal id goes first, to be passed over.
_CHAIN = re.compile(
    r"(?P<id>(?<![^\W_])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![^\W_]))"
    rf"|(?<![^\W_])(?<!\d\.)\d+(?:{_SEPARATORS}\d+)*(?![^\W_])"
)
_MANY_DIGITS = re.compile(rf"(?:\d(?:{_SEPARATORS})?){{{SHORTEST_CARD}}}")
_GROUP = re.compile(r"\d+")

# Bytes as digits and others, so that one search for a run of digits tells that there can be no card.
_DIGITS = bytes(ord("0") if chr(byte) in "0123456789" else ord(" ") for byte in range(256))
_RUN = b"0" * SHORTEST_CARD

# By length, the first four digits from and to. Lengths that are allowed but hardly in use, and that ids of social
# networks and shops have too (13, 17 and 18 digits, 14 of other Diners Club, 19 of Visa and JCB), are left out.
_ISSUERS: dict[int, tuple[tuple[int, int], ...]] = {
    14: ((3000, 3059), (3600, 3699)),  # Diners Club
    15: ((3400, 3499), (3700, 3799)),
    16: (
        *((2200, 2204), (2221, 2720)),  # Mir, Mastercard
        (3528, 3589),  # JCB
        (4000, 4999),  # Visa
        *((5018, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6759), (6761, 6763)),  # Maestro, Dankort
        *((5061, 5061), (5067, 5067), (5080, 5089)),  # Verve, Elo, RuPay
        (5100, 5599),  # Mastercard
        *((6000, 6099), (6440, 6599)),  # Discover, RuPay, Hipercard
        *((6200, 6299), (8100, 8299)),  # UnionPay, RuPay
        (9792, 9792),  # Troy
    ),
    19: ((6200, 6299), (6304, 6304), (6759, 6759), (6761, 6763)),
}


def may_hold_card(text: str) -> bool:
    """Tell, at the least cost, whether a text may hold the number of a card."""
    if text.isascii():
        # To look for its place is quicker, in bytes, than to ask whether it is there.
        return text.encode().translate(_DIGITS, b" -").find(_RUN) >= 0
    return _MANY_DIGITS.search(text) is not None


def without_cards(text: str) -> str:
    """Return a text with the numbers of cards replaced; the text itself where it holds none."""
    if len(text) < SHORTEST_CARD or not may_hold_card(text):
        return text
    spans = [span for chain in _CHAIN.finditer(text) if chain["id"] is None for span in _cards(text, chain)]
    for start, end in reversed(spans):
        text = text[:start] + REDACTED + text[end:]
    return text


def _cards(text: str, chain: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where the cards are among groups of digits that follow each other: a date or a year may stand beside."""
    groups = [match.span() for match in _GROUP.finditer(text, *chain.span())]
    first = 0
    while first < len(groups):
        last = _last_group(text, groups, first)
        if last is not None:
            yield groups[first][0], groups[last][1]
            first = last
        first += 1


def _last_group(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the group at which a card ends that begins with the first one."""
    digits = ""
    for number in range(first, len(groups)):
        start, end = groups[number]
        # A sequence of numbers of one or two digits is a list of something.
        if end - start < _SHORTEST_GROUP or len(digits) + end - start > _LONGEST_CARD:
            return None
        digits += text[start:end]
        if _is_card(digits):
            return number
    return None


def _is_card(digits: str) -> bool:
    ranges = _ISSUERS.get(len(digits))
    if ranges is None:
        return False
    prefix = int(digits[:4])
    if not any(low <= prefix <= high for low, high in ranges):
        return False
    values = list(map(int, digits))
    doubled = sum(2 * value - 9 * (value > 4) for value in values[-2::-2])  # noqa: PLR2004 - twice 5 has two digits
    return (doubled + sum(values[-1::-2])) % 10 == 0
