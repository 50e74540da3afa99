"""What becomes of values that OpenTelemetry cannot carry."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import subprocess
import sys
import types
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_segment.emit._plain import MAX_DEPTH, MAX_VALUES, TRUNCATED, plain, plain_map, text

UTC = dt.timezone.utc


class Plan(enum.Enum):
    """An Enum of several types."""

    FREE = "free"
    LEVEL = 3


class Tier(str, enum.Enum):
    """An Enum that is text as well."""

    GOLD = "gold"


class Name(str):
    """Text that prints as something else."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not the value"


class Count(int):
    """A number that prints as something else."""

    def __repr__(self) -> str:
        return "not the value"


@dataclasses.dataclass
class Item:
    """A dataclass, with an argument that is no field."""

    sku: str
    price: object
    shelf: dataclasses.InitVar[int] = 0


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024


class Unprintable:
    """Fails when it is printed."""

    def __repr__(self) -> str:
        raise RuntimeError


class Impostor:
    """Claims to be what it is not, and fails when it is asked."""

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise LookupError


HOSTILE = (Impostor(),)


def is_plain(value: object) -> bool:
    """Whether OpenTelemetry can carry the value as it stands."""
    if type(value) is dict:
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return type(value) in (str, bool, int, float, type(None))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (True, True),
        (0, 0),
        (1.5, 1.5),
        (None, None),
        (Name("value"), "value"),
        (Count(7), 7),
        (Plan.FREE, "free"),
        (Plan.LEVEL, 3),
        (Tier.GOLD, "gold"),
        (dt.datetime(2024, 2, 3, 4, 5, 6, 7), "2024-02-03T04:05:06.000007Z"),  # noqa: DTZ001
        (dt.datetime(2024, 2, 3, tzinfo=UTC), "2024-02-03T00:00:00Z"),
        (dt.datetime(2024, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=-5))), "2024-02-03T00:00:00-05:00"),
        (dt.date(2024, 2, 3), "2024-02-03"),
        (dt.time(4, 5), "04:05:00"),
        (decimal.Decimal(12), 12),
        (decimal.Decimal("12.00"), 12.0),
        (decimal.Decimal("0.1"), 0.1),
        (decimal.Decimal("0.10000000000000000001"), "0.10000000000000000001"),
        (decimal.Decimal("1E+999"), "1E+999"),
        (decimal.Decimal(12345678901234567890), "12345678901234567890"),
        (decimal.Decimal("Infinity"), float("inf")),
        (decimal.Decimal("sNaN"), "sNaN"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\xff\x00", "/wA="),
        (bytearray(b"ab"), "YWI="),
        (memoryview(b"abcd")[::2], "YWM="),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({1, "a", (2,)}, [1, [2], "a"]),
        ((1, (2,)), [1, [2]]),
        (Point(1, 2), [1, 2]),
        (collections.deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        ({"b": 1}.keys(), ["b"]),
        ({"b": 1}.items(), [["b", 1]]),
        (Item("x", decimal.Decimal("1.5")), {"sku": "x", "price": 1.5}),
        (types.MappingProxyType({"a": {1}}), {"a": [1]}),
        (collections.OrderedDict(a=1), {"a": 1}),
        ({1: "int", None: "none", Plan.FREE: "enum", (1, 2): "tuple"}, None),
        (1 + 2j, "(1+2j)"),
        (Unprintable(), "<Unprintable>"),
    ],
)
def test_table(value: Any, expected: Any) -> None:
    """Each type of the documented table becomes what the table says."""
    if expected is None and value is not None:
        expected = {"1": "int", "None": "none", "free": "enum", "[1, 2]": "tuple"}

    result = plain(value)

    assert (type(expected), expected) == (type(result), result)


def test_keys_become_text() -> None:
    """Keys of any type become text, and those that are text stay as they are."""
    assert plain_map({1: "a", Plan.FREE: "b", "x": "c"}) == {"1": "a", "free": "b", "x": "c"}


def test_lazy_text() -> None:
    """An object that is text only through str(), as translations are, becomes that text."""

    class Lazy:
        def __str__(self) -> str:
            return "translated"

    assert plain_map({"title": Lazy()}) == {"title": "translated"}


def test_not_a_time() -> None:
    """A datetime that equals nothing, as the one of pandas, is no time."""

    class NotATime(dt.datetime):
        __hash__ = None

        def __eq__(self, other: object) -> bool:
            return False

        def __ne__(self, other: object) -> bool:
            return True

    assert plain(NotATime(2024, 1, 1)) is None


@pytest.mark.parametrize("container", [list, tuple, "dict", "dataclass", "enum", "set"])
def test_depth(container: Any) -> None:
    """Lists and maps below the 32nd level are cut, and the level of the 32nd is not."""

    def wrap(value: Any) -> Any:
        if container == "dict":
            return {"k": value}
        if container == "dataclass":
            return Item("s", value)
        if container == "enum":
            return enum.Enum("Made", {"ONE": value}).ONE
        return frozenset([value]) if container == "set" else container([value])

    def nest(levels: int) -> Any:
        value = "leaf"
        for _ in range(levels):
            value = wrap(value)
        return value

    assert "leaf" in json.dumps(plain(nest(MAX_DEPTH)))
    assert "leaf" not in json.dumps(plain(nest(MAX_DEPTH + 1)))
    assert TRUNCATED in json.dumps(plain(nest(MAX_DEPTH + 1)))


def test_depth_holds_for_each_property() -> None:
    """The map of properties is no level of its own: a property has all 32."""
    value = "leaf"
    for _ in range(MAX_DEPTH):
        value = [value]

    assert "leaf" in json.dumps(plain_map({"p": value}))
    assert TRUNCATED in json.dumps(plain_map({"p": [value]}))


@pytest.mark.parametrize("make", [list, dict, collections.UserDict])
def test_cycles(make: Any) -> None:
    """What contains itself, even many times over, ends and stays small."""
    value = make()
    if make is list:
        value.extend([value] * 10)
    else:
        value.update({str(number): value for number in range(10)})

    result = plain(value)

    assert is_plain(result)
    assert len(json.dumps(result)) < 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        list(range(MAX_VALUES * 5)),
        [[1]] * MAX_VALUES * 5,
        dict.fromkeys(range(MAX_VALUES * 5)),
        {str(number): number for number in range(MAX_VALUES * 5)},
        set(range(MAX_VALUES * 5)),
    ],
    ids=["numbers", "lists", "map", "flat map", "set"],
)
def test_many_values(value: Any) -> None:
    """Of more values than could ever be sent the rest is cut, and what is left is still too large to be sent."""
    result = plain(value)

    assert 32_768 < len(json.dumps(result)) < 20 * MAX_VALUES
    assert TRUNCATED in result


def test_endless_iteration() -> None:
    """A mapping without an end has one here."""

    class Endless(collections.UserDict):
        def items(self) -> Any:
            number = 0
            while True:
                number += 1
                yield number, number

    assert len(plain_map(Endless())) <= MAX_VALUES + 1


def test_nothing_is_changed_and_nothing_is_shared() -> None:
    """The caller's data stays as it was, and a later change of it does not reach what was made of it."""
    items = [{"sku": "a"}, {"sku": "b"}]
    properties = {"items": items, "flat": [1, 2], "map": {"x": 1}, "when": dt.date(2024, 1, 1)}
    before = {"items": [{"sku": "a"}, {"sku": "b"}], "flat": [1, 2], "map": {"x": 1}, "when": dt.date(2024, 1, 1)}

    result = plain_map(properties)

    assert before == properties
    items[0]["sku"] = properties["flat"][0] = properties["map"]["x"] = "changed"
    properties["new"] = 1
    assert {**before, "when": "2024-01-01"} == result


def test_mapping_that_fails_halfway() -> None:
    """Of a mapping that fails while it is read, what it gave until then is kept."""

    class Failing(collections.UserDict):
        def items(self) -> Any:
            yield "a", 1
            raise RuntimeError

    assert plain_map(Failing()) == {"a": 1}


@pytest.mark.parametrize(
    "make",
    [
        Unprintable,
        Impostor,
        lambda: [Unprintable()],
        lambda: {Unprintable(): Impostor()},
        lambda: {10**5000: {10**5000}},
    ],
    ids=["unprintable", "impostor", "list", "map", "long key"],
)
def test_hostile_values(make: Any) -> None:
    """Whatever fails when it is looked at becomes a text, not an exception."""
    value = make()

    assert is_plain(plain(value))
    assert is_plain(plain_map({"p": value}))
    assert type(text(value)) is str


def test_near_the_recursion_limit() -> None:
    """A stack that is nearly used up makes a value coarse, and raises nothing from inside."""
    value = "leaf"
    for _ in range(MAX_DEPTH):
        value = [value]

    def sink(depth: int) -> Any:
        return plain(value) if depth == 0 else sink(depth - 1)

    import inspect

    room = sys.getrecursionlimit() - len(inspect.stack())

    assert is_plain(sink(room - 40))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=True)
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.complex_numbers()
    | st.fractions()
    | st.sampled_from([*Plan, Tier.GOLD, Name("n"), Count(2), int, len, object()])
    | st.builds(Unprintable)
    | st.builds(lambda: HOSTILE)
)
hashable = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.uuids() | st.dates() | st.tuples()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.dictionaries(hashable, inner).map(types.MappingProxyType)
        | st.sets(hashable)
        | st.builds(Item, st.text(), inner)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=40,
)


@given(values)
def test_total(value: Any) -> None:
    """Any value at all becomes one that OpenTelemetry can carry, and is then left as it is."""
    result = plain(value)

    assert is_plain(result)
    assert repr(result) == repr(plain(result))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_keep_their_number(value: Any) -> None:
    """A Decimal never becomes another number."""
    result = plain(value)

    assert value == decimal.Decimal(
        result if type(result) is int else repr(result) if type(result) is float else result
    )


@given(st.datetimes())
def test_naive_datetimes_are_utc(value: Any) -> None:
    """A datetime without a zone reads back as the same time in UTC."""
    assert value.replace(tzinfo=UTC) == dt.datetime.fromisoformat(plain(value).replace("Z", "+00:00"))


class TestNumpy:
    """Scalars and arrays, which are known by the names of their types."""

    numpy = None

    @pytest.fixture(autouse=True)
    def _numpy(self) -> None:
        self.numpy = pytest.importorskip("numpy")

    def test_scalars(self) -> None:
        """Each numpy scalar becomes the Python value that it equals."""
        numpy = self.numpy
        for value, expected in [
            (numpy.int64(3), 3),
            (numpy.uint8(3), 3),
            (numpy.float64(0.5), 0.5),
            (numpy.float32(0.5), 0.5),
            (numpy.bool_(True), True),
            (numpy.str_("a"), "a"),
            (numpy.bytes_(b"ab"), "YWI="),
            (numpy.datetime64("2024-02-03T04:05:06.000000007"), "2024-02-03T04:05:06.000000007Z"),
            (numpy.datetime64("2024-02-03"), "2024-02-03"),
            (numpy.datetime64("NaT", "s"), "NaT"),
            (numpy.array(5), 5),
        ]:
            assert (type(expected), expected) == (type(plain(value)), plain(value))

    def test_strange_scalars(self) -> None:
        """Scalars that Python has no type for, or that hold several values, become something all the same."""
        numpy = self.numpy
        record = numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])[0]

        assert plain(record) == [1, 2.5]
        assert is_plain(plain(numpy.longdouble(1.5)))
        assert plain(numpy.complex128(1 + 2j)) == "(1+2j)"

    def test_arrays(self) -> None:
        """Arrays become lists of lists."""
        numpy = self.numpy

        assert plain(numpy.array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
        assert plain(numpy.array(["2024-01-01T00:00"], dtype="datetime64[m]")) == ["2024-01-01T00:00Z"]
        assert is_plain(plain(numpy.array([object(), None])))

    def test_large_and_deep_arrays_are_cut(self) -> None:
        """The bounds hold for arrays too."""
        numpy = self.numpy

        assert plain(numpy.zeros(10**6))[-1] == TRUNCATED
        assert TRUNCATED in json.dumps(plain(numpy.zeros((1,) * MAX_DEPTH + (1,))))


class TestWithoutNumpy:
    """The same, by types that only bear the names, for where numpy is not installed."""

    @staticmethod
    def scalar(value: Any, kind: str = "f") -> Any:
        """Return what looks like a numpy scalar."""
        generic = type("generic", (), {"item": lambda self: value, "dtype": types.SimpleNamespace(kind=kind)})
        generic.__module__ = "numpy"
        generic.__str__ = lambda self: str(value)
        return generic()

    @staticmethod
    def array(rows: Any, *, ndim: int = 1) -> Any:
        """Return what looks like a numpy array."""
        members = {"__iter__": lambda self: iter(rows), "__getitem__": lambda self, key: rows, "ndim": ndim}
        array = type("ndarray", (), members)
        array.__module__ = "numpy"
        return array()

    def test_scalars(self) -> None:
        """A numpy scalar becomes its item."""
        assert plain(self.scalar(2.5)) == 2.5
        assert plain(self.scalar("2024-01-01T00:00", "M")) == "2024-01-01T00:00Z"

    def test_arrays(self) -> None:
        """A numpy array becomes the list of its items, and one without dimensions its item."""
        assert plain(self.array([self.scalar(1), 2])) == [1, 2]
        assert plain(self.array(7, ndim=0)) == 7

    def test_depth(self) -> None:
        """An array below the 32nd level is cut."""
        value = self.array([1])
        for _ in range(MAX_DEPTH):
            value = [value]

        assert TRUNCATED in json.dumps(plain(value))


def test_imports_nothing() -> None:
    """Types are known without importing the modules that define them."""
    code = """
import sys
before = set(sys.modules)
import otel_segment.emit._plain
print([name for name in ("datetime", "decimal", "dataclasses", "numpy") if name in sys.modules.keys() - before])
"""

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
