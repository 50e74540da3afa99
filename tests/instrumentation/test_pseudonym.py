"""The name of a visitor who has none."""

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_segment.instrumentation._pseudonym import pseudonym

ENOUGH = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

# Digits and colons are what lengths are written with; surrogates stand for bytes that are no text.
PARTS = st.text(st.sampled_from("01:a\x00é\ud800\udc00\U00010000"), max_size=12) | st.text()
CASES = st.tuples(st.binary(max_size=4), PARTS, PARTS, PARTS)


@ENOUGH
@given(CASES)
def test_form(case: tuple[bytes, str, str, str]) -> None:
    """It is 32 hexadecimal digits, the same each time."""
    assert re.fullmatch("[0-9a-f]{32}", pseudonym(*case))
    assert pseudonym(*case) == pseudonym(*case)


@ENOUGH
@given(CASES, CASES)
def test_parts_are_not_confused(one: tuple[bytes, str, str, str], other: tuple[bytes, str, str, str]) -> None:
    """Requests that differ in any part have different pseudonyms."""
    assert (pseudonym(*one) == pseudonym(*other)) == (one == other)


@ENOUGH
@given(PARTS, PARTS, PARTS)
def test_boundaries_count(one: str, two: str, three: str) -> None:
    """The same characters, split in another way, are another visitor."""
    splits = {(one, two, three), (one + two, "", three), ("", one + two, three), (one, two + three, "")}

    assert len({pseudonym(b"salt", *split) for split in splits}) == len(splits)


def test_is_not_changed_unawares() -> None:
    """It stays what it is from version to version, so that an upgrade during the day makes no new visitors."""
    found = pseudonym(bytes(32), "192.0.2.1", "Mozilla/5.0", "example.com")

    assert found == "98d2d85aae96076c53771e1417bfb56d"
