"""The search for the messages that an endpoint refuses."""

import math

from hypothesis import given
from hypothesis import strategies as st

from otel_segment.wire import Isolation


class Endpoint:
    """Refuses requests with an offender in them, or with too many bytes; remembers what it has accepted."""

    def __init__(self, offenders: set[bytes], most_bytes: int = 10**9) -> None:
        self.offenders = offenders
        self.most_bytes = most_bytes
        self.accepted: list[bytes] = []
        self.requests = 0
        self.largest = 0

    def take(self, isolation: "Isolation[str]") -> list[bytes]:
        """Take all that the search sends; return the offenders that it names."""
        named = []
        while (part := isolation.next()) is not None:
            self.requests += 1
            size = sum(map(len, part)) + len(part) - 1
            self.largest = max(self.largest, size)
            is_large = size > self.most_bytes
            if is_large or self.offenders.intersection(part):
                isolation.refused("no", for_size=is_large)
            else:
                self.accepted += isolation.accepted()
            named += isolation.offenders()
        assert all(answer == "no" for _, answer in named)
        return [message for message, _ in named]


def messages(count: int) -> list[bytes]:
    """Return so many messages, no two of them alike."""
    return [b'"%d"' % number for number in range(count)]


@given(st.data())
def test_one_offender(data: st.DataObject) -> None:
    """One offender is found by at most 2 * log2(n) + 2 requests, and all others are accepted, each once."""
    count = data.draw(st.integers(2, 3_000))
    all_of_them = messages(count)
    offender = all_of_them[data.draw(st.integers(0, count - 1))]
    endpoint = Endpoint({offender})
    isolation = Isolation(all_of_them, 10**9)

    assert endpoint.take(isolation) == [offender]
    assert sorted(endpoint.accepted) == sorted(set(all_of_them) - {offender})
    assert isolation.left() == []
    assert endpoint.requests <= 2 * math.log2(count) + 2


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(10, 400))
def test_nothing_is_lost(innocent: list[bool], most_bytes: int) -> None:
    """Whoever is at fault, each message is accepted once, named once, or left; and only offenders are named."""
    all_of_them = messages(len(innocent))
    offenders = {message for message, is_innocent in zip(all_of_them, innocent, strict=True) if not is_innocent}
    endpoint = Endpoint(offenders, most_bytes)
    isolation = Isolation(all_of_them, 10**9)
    named = endpoint.take(isolation)

    assert sorted([*endpoint.accepted, *named, *isolation.left()]) == sorted(all_of_them)
    assert set(named) <= offenders
    assert bool(named or not isolation.left()) == bool(endpoint.accepted)


@given(st.integers(2, 3_000))
def test_everything_is_refused(count: int) -> None:
    """An endpoint that accepts nothing is asked some log2(n) + 11 times, and no message is called at fault."""
    all_of_them = messages(count)
    endpoint = Endpoint(set(all_of_them))
    isolation = Isolation(all_of_them, 10**9)

    assert endpoint.take(isolation) == []
    assert isolation.is_hopeless
    assert sorted(isolation.left()) == sorted(all_of_them)
    assert endpoint.requests <= math.log2(count) + 11


@given(st.integers(20, 400), st.integers(0, 8))
def test_many_offenders(half: int, gap: int) -> None:
    """Offenders at the beginning of both halves do not hide that all others are accepted."""
    all_of_them = messages(2 * half)
    offenders = {*all_of_them[: half - 10 - gap], *all_of_them[half : 2 * half - 10 - gap]}
    endpoint = Endpoint(offenders)

    assert set(endpoint.take(Isolation(all_of_them, 10**9))) in (offenders, set())
    few = {*all_of_them[:10], *all_of_them[half : half + 10]}
    endpoint = Endpoint(few)
    assert set(endpoint.take(Isolation(all_of_them, 10**9))) == few
    assert len(endpoint.accepted) == 2 * half - 20


@given(st.integers(16, 3_000), st.integers(0, 15))
def test_in_doubt(count: int, place: int) -> None:
    """Of an endpoint that refused everything before, few requests show whether it still does."""
    all_of_them = messages(count)
    refusing = Endpoint(set(all_of_them))
    assert refusing.take(Isolation(all_of_them, 10**9, is_doubtful=True)) == []
    assert refusing.requests <= 10

    mended = Endpoint({all_of_them[place]})
    assert mended.take(Isolation(all_of_them, 10**9, is_doubtful=True)) == [all_of_them[place]]


def test_credit() -> None:
    """Where the endpoint has accepted others, a few messages are called offenders without any of these accepted."""
    one: Isolation[str] = Isolation([b"1"], 10**9, credit=3)
    assert Endpoint({b"1"}).take(one) == [b"1"]
    assert one.left() == []

    all_of_them = messages(100)
    many: Isolation[str] = Isolation(all_of_them, 10**9, credit=3)
    named = Endpoint(set(all_of_them)).take(many)
    assert len(named) == 3
    assert sorted([*named, *many.left()]) == sorted(all_of_them)


@given(st.integers(40, 1_000), st.integers(50, 500))
def test_size(count: int, most_bytes: int) -> None:
    """A limit of the endpoint is learned, and no request is made that is known to be too large."""
    all_of_them = messages(count)
    endpoint = Endpoint(set(), most_bytes)
    isolation = Isolation(all_of_them, 10**9)

    assert endpoint.take(isolation) == []
    assert sorted(endpoint.accepted) == sorted(all_of_them)
    total = sum(map(len, all_of_them)) + count - 1
    if total > most_bytes:
        assert most_bytes / 2 - 10 <= isolation.most_bytes < total
        again = Endpoint(set(), most_bytes)
        again.take(Isolation(all_of_them, isolation.most_bytes))
        assert again.largest <= isolation.most_bytes


def test_alone() -> None:
    """Of a message that is all there is, a refusal says nothing."""
    isolation: Isolation[str] = Isolation([b"1"], 10**9)
    assert Endpoint({b"1"}).take(isolation) == []
    assert isolation.left() == [b"1"]
    assert not isolation.is_hopeless
