"""What was last said of whom: what is news, what is forgotten, and who shares a memory."""

import ctypes
import gc
import os
import random
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_segment._env import resolve
from otel_segment.exporters._memories import leave_memory, memory_for
from otel_segment.exporters._seen import Seen
from otel_segment.mapping import Mapping as Document
from otel_segment.mapping import read_mapping

ENOUGH = settings(max_examples=int(os.environ.get("LAW_EXAMPLES", "200")), deadline=None)

SECOND = 1_000_000_000
ADA, BEN, CLEO = "uada", "uben", "ucleo"
FREE, PAID = b'{"plan":"free"}', b'{"plan":"paid"}'


class Said(NamedTuple):
    """What a simple memory knows of one person."""

    content: bytes
    occasion: int
    since: int


class Model:
    """The same in a few plain lines, for few people."""

    def __init__(self, limit: int, time_to_live: float | None) -> None:
        self.limit = limit
        self.time_to_live = float("inf") if time_to_live is None else time_to_live * SECOND
        self.known: dict[str, OrderedDict[str, Said]] = {}

    def is_news(self, kind: str, person: str, content: bytes, occasion: int, time: int) -> bool:
        """Tell whether it is news, and remember it."""
        people = self.known.setdefault(kind, OrderedDict())
        said = people.get(person)
        if said is None:
            people[person] = Said(content, occasion, time)
            if len(people) > self.limit:
                people.popitem(last=False)
            return True
        people.move_to_end(person)
        if said[:2] == (content, occasion):
            answer = True
        else:
            answer = content not in (b"", said.content) or time - said.since >= self.time_to_live
            if answer:
                people[person] = said = Said(content, occasion, time)
        if said.since - time >= self.time_to_live:
            people[person] = said._replace(since=time)
        return answer

    def forget(self, kind: str, person: str) -> None:
        """Know nothing of a person."""
        self.known.get(kind, OrderedDict()).pop(person, None)


asked = st.tuples(
    st.just("is_news"),
    st.sampled_from(["identify", "group", "alias"]),
    st.sampled_from([f"u{number}" for number in range(6)]),
    st.sampled_from([b"", b"{}", FREE, PAID]),
    st.integers(0, 2**16 - 1),
    st.integers(0, 40).map(SECOND.__mul__),
)
forgotten = st.tuples(
    st.just("forget"),
    st.sampled_from(["identify", "group"]),
    st.sampled_from([f"u{number}" for number in range(6)]),
)


@ENOUGH
@given(
    limit=st.integers(1, 6),
    time_to_live=st.none() | st.integers(1, 20),
    steps=st.lists(asked | forgotten, max_size=60),
)
def test_as_the_model(limit: int, time_to_live: int | None, steps: list[tuple[Any, ...]]) -> None:
    """Among few people the answers are those of a plain LRU, step by step."""
    seen, model = Seen(limit, time_to_live), Model(limit, time_to_live)
    for name, *arguments in steps:
        assert getattr(seen, name)(*arguments) == getattr(model, name)(*arguments)


@ENOUGH
@given(
    limit=st.integers(1, 200),
    rounds=st.lists(st.randoms(use_true_random=False), min_size=1, max_size=3),
    time_to_live=st.none() | st.just(1_000.0),
)
def test_as_many_as_the_limit_stay(limit: int, rounds: list[random.Random], time_to_live: float | None) -> None:
    """Exactly as many people as the limit are all known, in whatever order they come again."""
    seen = Seen(limit, time_to_live)
    people = [f"u{number}" for number in range(limit)]
    assert all(seen.is_news("identify", person, FREE, 0, 0) for person in people)
    for number, order in enumerate(rounds, 1):
        order.shuffle(people)
        assert not any(seen.is_news("identify", person, FREE, number * 1_000, 0) for person in people)


@ENOUGH
@given(limit=st.integers(1, 400), more=st.integers(1, 400), time_to_live=st.none() | st.just(1_000.0))
def test_no_more_than_the_limit(limit: int, more: int, time_to_live: float | None) -> None:
    """However many come, no more than the limit are remembered, and no fewer."""
    seen = Seen(limit, time_to_live)
    for number in range(limit + more):
        seen.is_news("identify", f"u{number}", FREE, 0, 0)
        assert _people(seen) == min(number + 1, limit)


def test_regulars_stay() -> None:
    """Who comes often stays known, however many come once."""
    seen = Seen(2_000)
    regulars = [f"u{number}" for number in range(400)]
    news = 0
    for visit in range(50):
        news += sum(seen.is_news("identify", person, FREE, visit * 1_000, 0) for person in regulars)
        for number in range(200):
            seen.is_news("identify", f"u passing {visit} {number}", FREE, 0, 0)

    assert news < len(regulars) + 0.01 * 50 * len(regulars)


def test_kinds_are_apart() -> None:
    """What was said by one kind of call says nothing of another."""
    seen = Seen(1)
    assert seen.is_news("identify", ADA, FREE, 1, 0)
    assert seen.is_news("group", ADA, FREE, 2_000, 0)
    assert not seen.is_news("identify", ADA, FREE, 3_000, 0)


def test_time_to_live() -> None:
    """What was said counts for the time to live, by the times of records."""
    seen = Seen(100, 60)
    answers = [
        seen.is_news("identify", ADA, FREE, 1_000 * number, int(time * SECOND))
        for number, time in enumerate([1_000, 1_059.9, 1_060, 1_119, 1_121])
    ]
    assert answers == [True, False, True, False, True]


def test_time_that_jumps_back() -> None:
    """A record from long before is no news, and one from the far future does not keep a person known for ever."""
    seen = Seen(100, 60)
    answers = [
        seen.is_news("identify", ADA, FREE, 1_000 * number, int(time * SECOND))
        for number, time in enumerate([9e9, 1_000, 1_050, 1_061])
    ]
    assert answers == [True, False, False, True]


@pytest.mark.parametrize(
    ("message", "person"),
    [
        ({"type": "identify", "userId": "ada", "anonymousId": "x"}, ADA),
        ({"type": "group", "anonymousId": "ada", "groupId": "g"}, "aada"),
        ({"type": "alias", "userId": "ada", "previousId": "x"}, "ax"),
    ],
)
def test_lost_calls(message: dict[str, Any], person: str) -> None:
    """A call that was lost counts as never made; of other calls nothing is known."""
    seen = Seen(100)
    seen.is_news(message["type"], person, FREE, 1, 0)
    seen.forget_lost({"type": "track", "userId": "ada", "anonymousId": "ada"})
    assert not seen.is_news(message["type"], person, FREE, 1_000, 0)
    seen.forget_lost(message)
    assert seen.is_news(message["type"], person, FREE, 2_000, 0)


@pytest.mark.parametrize("limit", [50, 2_000])
def test_threads(limit: int) -> None:
    """Of threads that ask the same at the same time, exactly one is told that it is news."""
    seen = Seen(limit)
    people = [f"u{number}" for number in range(limit)]
    start = threading.Barrier(8)
    told: list[list[bool]] = []

    def ask(occasion: int) -> None:
        answers = []
        for content in (FREE, PAID):
            start.wait(60)
            answers += [seen.is_news("identify", person, content, occasion, 0) for person in people]
        told.append(answers)

    threads = [threading.Thread(target=ask, args=(1_000 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert {sum(answers) for answers in zip(*told, strict=True)} == {1}


def _fork() -> int:
    return os.fork()


def _fork_in_c() -> int:
    """Fork as servers written in C do: nothing of Python is told."""
    return int(ctypes.PyDLL(None).fork())


FORKING = """
import os, sys, threading, time
sys.path.insert(0, {tests!r})
from test_seen import FREE, PAID, Seen, {fork} as fork

seen = Seen(1_000)
for number in range(500):
    seen.is_news("identify", f"u{{number}}", FREE, 1, 0)
held, go_on = threading.Event(), threading.Event()

def hold() -> None:
    with seen._turns[os.getpid()].lock:
        held.set()
        go_on.wait(60)

threading.Thread(target=hold, daemon=True).start()
held.wait(60)
child = fork()
if child == 0:
    known = [seen.is_news("identify", f"u{{number}}", FREE, 1_000, 0) for number in range(500)]
    news = [seen.is_news("identify", f"u{{number}}", PAID, 2_000, 0) for number in range(500)]
    seen.forget("identify", "u7")
    os._exit(0 if not any(known) and all(news) and seen.is_news("identify", "u7", PAID, 3_000, 0) else 1)
deadline = time.monotonic() + 30
while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
    if time.monotonic() > deadline:
        os.kill(child, 9)
        sys.exit("the child hangs")
    time.sleep(0.01)
go_on.set()
print(os.waitstatus_to_exitcode(ended[1]), seen.is_news("identify", "u7", FREE, 3_000, 0))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("fork", [_fork, _fork_in_c], ids=["fork", "fork in C"])
def test_fork_while_locked(fork: Callable[[], int]) -> None:
    """A fork while another thread holds the lock: the child knows what its parent did, and goes on by itself."""
    program = FORKING.format(tests=os.path.dirname(__file__), fork=fork.__name__)  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=180, check=False
    )

    assert (done.stdout.split(), done.stderr) == (["0", "False"], "")


MEMORY = """
import tracemalloc
from otel_segment.exporters._seen import Seen

tracemalloc.start()
seen = Seen(20_000, {time_to_live})
used = []
for start in (0, 20_000):
    for number in range(start, start + 20_000):
        seen.is_news("identify", f"u{{number}}", b"", number, 0)
    used.append(tracemalloc.get_traced_memory()[0] / 20_000)
print(*used)
"""


@pytest.mark.parametrize(("time_to_live", "most"), [(None, 26), (3_600, 32)])
def test_memory(time_to_live: float | None, most: int) -> None:
    """A person takes some twenty bytes, and whoever comes when all room is taken takes none."""
    program = MEMORY.format(time_to_live=time_to_live)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    full, later = map(float, done.stdout.split())

    assert full < most
    assert later < most


class Holder:
    """Stands for what a door has behind it."""

    def __init__(self, component: str = "segment_log_exporter") -> None:
        self.component = component


def _memory(holder: Holder, document: Mapping[str, Any] | Document, **given: Any) -> Seen:
    usual = {"write_key": "wk-0123456789abcdef-f3a1", "endpoint": "http://127.0.0.1:1"}
    mapping = document if isinstance(document, Document) else read_mapping(dict(document), "test")
    return memory_for(resolve({**usual, **given}), mapping, holder)


DOCUMENT = {"identify": {"traits": {"plan": "plan"}}, "seen": {"limit": 10}}


def test_shared() -> None:
    """Doors with the same write key, endpoint and an equal mapping share a memory, and no others do."""
    holders = [Holder(), *(Holder("segment_span_exporter") for _ in range(4))]
    first = _memory(holders[0], DOCUMENT)
    second = Holder()

    assert _memory(holders[1], {**DOCUMENT}) is first
    assert _memory(second, DOCUMENT) is not first, "a second door of a kind begins afresh"
    assert _memory(holders[2], {**DOCUMENT, "seen": {"limit": 11}}) is not first
    assert _memory(holders[3], DOCUMENT, write_key="wk-0123456789abcdef-0000") is not first
    assert _memory(holders[4], DOCUMENT, endpoint="http://127.0.0.1:2") is not first


def test_gone_with_the_last_that_leaves() -> None:
    """A memory lasts until the last of those that hold it leaves; who comes later begins afresh."""
    early, late, later = Holder(), Holder("segment_span_exporter"), Holder()
    first = _memory(early, DOCUMENT)
    assert _memory(late, DOCUMENT) is first
    leave_memory(early)
    leave_memory(early)
    assert _memory(later, DOCUMENT) is first
    leave_memory(late)
    leave_memory(later)
    assert _memory(early, DOCUMENT) is not first
    leave_memory(early)


def test_gone_with_the_last_that_is_collected() -> None:
    """Who is no more holds no memory, even where nobody has said so."""
    first = _memory(Holder(), DOCUMENT)
    gc.collect()
    holder = Holder()

    assert _memory(holder, DOCUMENT) is not first


def _people(seen: Seen) -> int:
    return sum(map(len, seen._rows["identify"])) // seen._size
