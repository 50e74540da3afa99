"""What ``hypothesis`` makes: any values, and records full of them."""

import dataclasses
import enum
import inspect
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from otel_segment import semconv

NAMES = sorted(value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str))
CALLS = ["track", "page", "screen", "identify", "group", "alias"]


class Odd:
    """An object that does not even have a text."""

    def __str__(self) -> str:
        message = "no text"
        raise RuntimeError(message)


class Word(str):
    """Text that is more than text."""

    __slots__ = ()


class Colour(enum.Enum):
    """A member is no plain value."""

    RED = "red"


@dataclasses.dataclass
class Point:
    """An object with fields."""

    x: int = 1


any_text = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**70)
    | st.floats()
    | any_text
    | st.binary(max_size=20)
)
oddities = st.sampled_from(
    [
        Word("word"),
        Colour.RED,
        Point(),
        Decimal("1.10"),
        UUID(int=7),
        datetime(2026, 1, 2, 3, 4),  # noqa: DTZ001 - naive on purpose
        date(2026, 1, 2),
        object(),
        1j,
        MappingProxyType({"a": 1}),
        {1, 2},
        frozenset({"x"}),
        range(3),
        bytearray(b"\xff"),
        inspect.Parameter.empty,
    ]
)
keys = any_text | st.integers() | st.none() | st.booleans() | st.binary(max_size=5)


def _recursive(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(leaves, _containers, max_leaves=12)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(any_text, inner, max_size=4)
        | st.dictionaries(keys, inner, max_size=4)
    )


attribute_values = _recursive(scalars | oddities)
"""Any value at all, but for those on which the SDK itself fails when they are an attribute."""
values = _recursive(scalars | oddities | st.just(Odd()))
"""Any value at all."""

ids = st.sampled_from(["u-1", "", "0", 7, 0, None, True, ["u"]]) | any_text
names = st.sampled_from(NAMES) | st.sampled_from(["plan", "cart.total", "analytics.traits.x", "a"]) | any_text
urls = st.sampled_from(
    ["https://a:b@shop.example.com:443/p?utm_source=x#f", "/p?q=1", "http://[::1]:8080/", "http://[", "//", "\ud800"]
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Return the arguments of any log record that is marked as an analytics event, and often a valid one."""
    attributes = draw(st.dictionaries(names, attribute_values | urls, max_size=8))
    attributes["analytics.type"] = draw(st.sampled_from([*CALLS, *CALLS, "purchase", 7]))
    attributes["user.id"] = draw(ids)
    if draw(st.booleans()):
        attributes["analytics.group.id"] = attributes["analytics.previous_id"] = draw(ids)
    return {
        "event_name": draw(st.none() | any_text | st.just("Order Completed")),
        "timestamp": draw(st.none() | st.integers(0, 2**63)),
        "body": draw(st.none() | st.dictionaries(keys, values, max_size=4) | values),
        "attributes": attributes,
    }
