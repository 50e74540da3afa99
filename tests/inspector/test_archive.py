"""The archive by itself: what it keeps, forgets, finds and refuses to open."""

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspecting import track

from otel_segment.inspector import ArchiveError, Problem
from otel_segment.inspector._intake import Event, judge
from otel_segment.inspector.live import Archive, _archive
from otel_segment.inspector.live._filter import STATES, Filter
from otel_segment.inspector.live._row import Request

EVERYTHING = Filter()


def request(status: int | None = 200, events: int = 1) -> Request:
    """Return a request."""
    return Request(path="/v1/batch", headers={}, size=10, events=events, status=status, arrived=1_000)


def take(archive: Archive, *messages: dict[str, Any], status: int = 200) -> int:
    """Have an archive take events in."""
    body = json.dumps({"batch": messages}).encode()
    judgement = judge("/v1/batch", {"x-write-key": "k"}, body, None)
    return archive.take(request(status, len(messages)), judgement.events)


def numbers(archive: Archive, wanted: Filter = EVERYTHING, limit: int = 500) -> list[int]:
    """Return the numbers of the events of a kind, the newest first."""
    return [row.number for row in archive.reader.page(wanted, limit)[0]]


@pytest.fixture
def archive() -> Iterator[Archive]:
    """An archive in memory."""
    archive = Archive()
    yield archive
    archive.close()


@pytest.mark.parametrize(
    ("message", "name", "person", "user"),
    [
        (track(), "Event 1", "u-1", True),
        ({"type": "page", "name": "Home", "category": "Shop", "anonymousId": "a"}, "Home", "a", False),
        ({"type": "screen", "category": "Shop", "anonymousId": "a"}, "Shop", "a", False),
        ({"type": "group", "groupId": "g", "userId": 7}, "g", "7", True),
        ({"type": "alias", "previousId": "p", "userId": "u"}, "p", "u", True),
        ({"type": "identify", "userId": "u", "name": "no"}, "", "u", True),
        ({"type": "odd", "event": "E"}, "E", "", False),
        ({"type": "track", "event": {"no": 1}, "userId": True}, "", "", False),
    ],
)
def test_rows(archive: Archive, message: dict[str, Any], name: str, person: str, user: bool) -> None:
    """A row names an event by what its type is named by, and the person by the userId before the anonymousId."""
    take(archive, message)

    (row,), more = archive.reader.page(EVERYTHING, 10)

    assert (row.type, row.name, row.person, row.user) == (message["type"], name, person, user)
    assert (row.number, row.arrived, row.size, more) == (1, 1_000, len(json.dumps(message)), False)


@pytest.mark.parametrize(
    ("context", "trace"),
    [
        ({"trace": {"traceId": "0af7651916cd43dd8448eb211c80319c"}}, "0af7651916cd43dd8448eb211c80319c"),
        ({"trace": {"traceId": "<script>"}}, None),
        ({"traceId": "0af7651916cd43dd8448eb211c80319c"}, None),
        ({}, None),
    ],
)
def test_trace(archive: Archive, context: dict[str, Any], trace: str | None) -> None:
    """A row has the trace id where it is one."""
    take(archive, track(context=context))

    assert archive.reader.page(EVERYTHING, 1)[0][0].trace == trace


def test_states(archive: Archive) -> None:
    """Each event has the state that Segment's rules give it, repeats are found, and refused events are no firsts."""
    take(archive, track(1), status=503)
    take(archive, track(1), track(2, timestamp="soon"), track(3, event=""), track(1))
    take(archive, track(3, event=""), track(2))

    rows = archive.reader.page(EVERYTHING, 10)[0][::-1]

    assert [row.state for row in rows] == ["refused", "ok", "altered", "dropped", "duplicate", "dropped", "duplicate"]
    assert rows[4].problems == ("duplicate",)
    assert archive.summary()["states"] == {"dropped": 2, "duplicate": 2, "refused": 1, "ok": 1, "altered": 1}
    assert (archive.refused, archive.duplicates, len(archive)) == (1, 2, 7)


def test_many_types(archive: Archive) -> None:
    """However many types there are that Segment does not know, the summary stays short, and forgets what has gone."""
    take(archive, track(1), *[{"type": f"odd {number}" + "x" * 2_000} for number in range(500)])
    types = archive.summary()["types"]
    archive.keep = 1
    take(archive, track(2))

    assert len(types) == 32
    assert (types["track"], types["other"], sum(types.values())) == (1, 470, 501)
    assert max(map(len, types)) == 100
    assert (archive.summary()["types"], len(archive._counts._kinds)) == ({"track": 1}, 1)


def test_long_ids(archive: Archive) -> None:
    """An id of any length is cut in lists, and still known when it comes again."""
    take(archive, track("x" * 9_000), track("x" * 9_000))

    rows = archive.reader.page(EVERYTHING, 10)[0]

    assert [len(row.messageId) for row in rows] == [1_000, 1_000]
    assert "duplicate" in rows[0].problems


def test_arrivals(archive: Archive) -> None:
    """The demonstration finds what it needs: events without repeats and refusals, in their order, and by their id."""
    take(archive, track(1), status=400)
    take(archive, track(2), track(2), track(3))

    assert [event.message_id for event in archive] == ["m-2", "m-3"]
    assert [event.number for event in archive.after(2)] == [3, 4]
    assert archive.after(4, 0) == []
    assert archive.find("m-1") is None
    assert archive.find("m-2") == archive.events[0]
    assert archive.events[0].problems == ()
    assert archive.after(2, 0)[0].problems == (Problem.DUPLICATE,)
    assert archive.wait_for(lambda seen: seen.find("m-3"), 0)


MIXED = (
    track(1),
    {"type": "page", "name": "Café 100%", "userId": "u-2", "messageId": "m-2"},
    {"type": "screen", "name": "a_b", "anonymousId": "u-1", "messageId": "m-3"},
    track(4, event="", properties={"note": 'He said "hi"\n'}),
    {"type": "identify", "userId": "U-1", "messageId": "m-5", "traits": {"city": "ZÜRICH"}},
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EVERYTHING, [5, 4, 3, 2, 1]),
        (Filter(types=("track",)), [4, 1]),
        (Filter(types=("track", "page")), [4, 2, 1]),
        (Filter(types=("none",)), []),
        (Filter(states=("dropped",)), [4]),
        (Filter(states=("ok", "dropped")), [5, 4, 3, 2, 1]),
        (Filter(states=("ok",), types=("page",)), [2]),
        (Filter(name="event"), [1]),
        (Filter(name="CAFÉ"), [2]),
        (Filter(name="100%"), [2]),
        (Filter(name="%"), [2]),
        (Filter(name="_"), [3]),
        (Filter(name="!"), []),
        (Filter(person="u-1"), [4, 3, 1]),
        (Filter(person="u"), []),
        (Filter(text="EVENT 1"), [1]),
        (Filter(text='"name": "caf'), [2]),
        (Filter(text='said "hi"'), [4]),
        (Filter(text="zürich"), [5]),
        (Filter(text="café", types=("page",)), [2]),
        (Filter(text="nowhere"), []),
        (Filter(before=3), [2, 1]),
        (Filter(after=3), [5, 4]),
        (Filter(after=1, before=4, name="a"), [3, 2]),
        (Filter(after=9), []),
    ],
)
def test_filters(archive: Archive, wanted: Filter, found: list[int]) -> None:
    """Each filter finds what it says, in any spelling, and nothing means more than it says."""
    take(archive, *MIXED)

    assert numbers(archive, wanted) == found
    assert len([raw for raws in archive.reader.raws(wanted) for raw in raws]) == len(found)


def test_pages(archive: Archive) -> None:
    """Page by page, everything is found once, and the last page says that it is the last."""
    take(archive, *[track(number) for number in range(1, 8)])

    pages, before = [], 0
    while True:
        rows, more = archive.reader.page(Filter(before=before), 3)
        pages.append([row.number for row in rows])
        before = rows[-1].number
        if not more:
            break

    assert pages == [[7, 6, 5], [4, 3, 2], [1]]


def test_whole_event(archive: Archive) -> None:
    """All about one event is found by its number, and what another endpoint answered once it has."""
    number = take(archive, track(1), track(2))

    found = archive.reader.event(2)
    archive.settle(number, 200, "fine")
    later = archive.reader.event(2)

    assert found is not None
    assert later is not None
    assert (json.loads(found.raw), found.request.number, found.request.events) == (track(2), 1, 2)
    assert (found.forwarded, later.forwarded) == (None, (200, "fine"))
    assert archive.reader.event(3) is None


@settings(max_examples=40, deadline=None)
@given(
    keep=st.integers(1, 20),
    keep_bytes=st.integers(100, 2_000),
    batches=st.lists(st.lists(st.integers(1, 12), max_size=8), max_size=12),
)
def test_bounds(keep: int, keep_bytes: int, batches: list[list[int]]) -> None:
    """Whatever comes: no more is kept than was said, the newest of it, and all counts agree with what is there."""
    archive = Archive(keep=keep, keep_bytes=keep_bytes)
    try:
        for batch in batches:
            take(archive, *map(track, batch))
            rows = archive.reader.page(EVERYTHING, 500)[0]
            summary = archive.summary()
            assert len(rows) == len(archive) <= keep
            assert sum(row.size for row in rows) <= keep_bytes
            assert [row.number for row in rows] == list(range(archive.last, archive.last - len(rows), -1))
            assert summary["forgotten"] + summary["events"] == summary["seen"] == archive.last
            assert sum(summary["types"].values()) == sum(summary["states"].values()) == len(rows)
            assert archive.duplicates == sum(row.state == "duplicate" for row in rows)
            assert all(archive.reader.event(row.number) for row in rows)
    finally:
        archive.close()


@settings(max_examples=40, deadline=None)
@given(
    messages=st.lists(st.fixed_dictionaries({"type": st.sampled_from(["track", "page"]), "event": st.text()})),
    text=st.text(max_size=5),
    types=st.sets(st.sampled_from(["track", "page"])),
)
def test_filters_agree(messages: list[dict[str, Any]], text: str, types: set[str]) -> None:
    """A list shows exactly the events that have what is asked for; capital letters make no difference."""
    archive = Archive()
    try:
        take(archive, *messages)
        found = set(numbers(archive, Filter(types=tuple(types), name=text)))
    finally:
        archive.close()

    for number, message in enumerate(messages, 1):
        name = message["event"] if message["type"] == "track" else ""
        if text.isascii() and "\0" not in name + text:
            is_there = _lowered(text) in _lowered(name) and (not types or message["type"] in types)
            assert (number in found) == is_there


def _lowered(text: str) -> str:
    return "".join(character.lower() if character.isascii() else character for character in text)


class TestFile:
    """An archive in a file."""

    def test_again(self, tmp_path: Path) -> None:
        """After a restart everything is there, numbers go on, and repeats are still found."""
        file = tmp_path / "events.db"
        first = Archive(file)
        take(first, track(1), track(2))
        began = first.summary()["began"]
        first.close()

        second = Archive(file)
        take(second, track(1))
        assert second.summary()["began"] == began
        states = second.summary()["states"]
        found = numbers(second)
        second.close()

        assert (found, states) == ([3, 2, 1], {"ok": 2, "duplicate": 1})

    def test_cleared(self, tmp_path: Path) -> None:
        """What was forgotten stays so, and its numbers are not given again."""
        file = tmp_path / "events.db"
        first = Archive(file)
        take(first, track(1), track(2))
        first.clear()
        first.close()

        second = Archive(file)
        take(second, track(1))
        found, summary = numbers(second), second.summary()
        second.close()

        assert (found, summary["states"], summary["forgotten"], summary["requests"]) == ([3], {"ok": 1}, 2, 2)

    def test_fewer(self, tmp_path: Path) -> None:
        """Opened with a smaller bound, the oldest go, and as many as that are counted and kept from then on."""
        file = tmp_path / "events.db"
        first = Archive(file)
        take(first, *map(track, range(10)))
        first.close()

        second = Archive(file, keep=3)
        found, count = numbers(second), len(second)
        take(second, track("new"))
        later = numbers(second)
        second.close()

        assert (found, count, later) == ([10, 9, 8], 3, [11, 10, 9])

    @pytest.mark.skipif(os.name != "posix", reason="needs the rights of POSIX")
    def test_private(self, tmp_path: Path) -> None:
        """Nobody else may read what is kept."""
        archive = Archive(tmp_path / "events.db")
        take(archive, track(1))
        rights = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        archive.close()

        assert rights == {"events.db": 0o600, "events.db-wal": 0o600}

    def test_in_use(self, tmp_path: Path) -> None:
        """Two cannot have the same file."""
        file = tmp_path / "events.db"
        first = Archive(file)

        with pytest.raises(ArchiveError, match="in use"):
            Archive(file)
        first.close()

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [(b"It was a dark and stormy night. " * 40, "no archive of events"), (b"SQLite format 3\0" * 100, "events.db")],
    )
    def test_no_database(self, tmp_path: Path, content: bytes, sentence: str) -> None:
        """A file of something else is left as it is, and a sentence says why."""
        file = tmp_path / "events.db"
        file.write_bytes(content)

        with pytest.raises(ArchiveError, match=sentence) as error:
            Archive(file)

        assert "\n" not in str(error.value)
        assert file.read_bytes() == content

    def test_foreign_database(self, tmp_path: Path) -> None:
        """A database of another program is left alone."""
        file = tmp_path / "events.db"
        foreign = sqlite3.connect(file)
        foreign.execute("CREATE TABLE accounts (owner TEXT)")
        foreign.close()

        with pytest.raises(ArchiveError, match="of something else"):
            Archive(file)

    def test_damaged(self, tmp_path: Path) -> None:
        """A damaged archive is not opened."""
        file = tmp_path / "events.db"
        first = Archive(file)
        take(first, *[track(number, filler="x" * 1_000) for number in range(100)])
        first.close()
        content = bytearray(file.read_bytes())
        content[8_192:60_000] = b"\xff" * (60_000 - 8_192)
        file.write_bytes(content)

        with pytest.raises(ArchiveError, match="damaged"):
            Archive(file)

    def test_no_folder(self, tmp_path: Path) -> None:
        """A file in a folder that does not exist is said so."""
        with pytest.raises(ArchiveError, match="is its folder there"):
            Archive(tmp_path / "nowhere" / "events.db")

    def test_killed(self, tmp_path: Path) -> None:
        """What was taken in is there even if nobody closed the archive."""
        file, copy = tmp_path / "events.db", tmp_path / "copy.db"
        first = Archive(file)
        take(first, track(1))
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(file.with_name(file.name + suffix).read_bytes())
        first.close()

        second = Archive(copy)
        found = numbers(second)
        second.close()

        assert found == [1]


def test_unwritable(archive: Archive) -> None:
    """When the database fails, it is said in a sentence, and nothing is half there."""
    take(archive, track(1))
    trigger = "CREATE TEMP TRIGGER no BEFORE INSERT ON payloads BEGIN SELECT RAISE(FAIL, 'full'); END"
    archive._connection.execute(trigger)

    with pytest.raises(ArchiveError, match="full"):
        take(archive, track(2))

    assert (numbers(archive), archive.last, archive.summary()["requests"]) == ([1], 1, 1)


def test_many(archive: Archive) -> None:
    """With many events, the frequent questions are answered from an index, and the others piece by piece."""
    for start in range(0, 20_000, 2_000):
        events = [
            Event(b'{"type":"track","event":"E","userId":"u-%d"}' % (number % 1_000), f"m-{number}", "track", ())
            for number in range(start, start + 2_000)
        ]
        archive.take(request(events=2_000), events)
    take(archive, track(1, event=""))

    plans = {
        "by_person": Filter(person="u-7"),
        "by_state": Filter(states=("dropped",)),
        "by_type": Filter(types=("page",)),
    }
    for index, wanted in plans.items():
        condition, values = wanted.clause()
        sql = f"EXPLAIN QUERY PLAN SELECT * FROM events WHERE number > 0 AND {condition} ORDER BY number DESC"
        plan = " ".join(str(row) for row in archive.reader._ask(sql, tuple(values)))
        assert index in plan
        assert "TEMP B-TREE" not in plan
    assert len(numbers(archive, Filter(person="u-7"))) == 20
    assert numbers(archive, Filter(text="nowhere at all")) == []
    assert len(numbers(archive, Filter(states=STATES), 500)) == 500


def test_no_full_scans() -> None:
    """The newest page, and an event for which the oldest has to go, cost the same however many events there are."""
    archive = Archive(keep=20_000)
    for _ in range(10):
        archive.take(request(events=2_000), [Event(b"{}", "", "track", ())] * 2_000)
    steps: list[int] = []
    archive._connection.set_progress_handler(lambda: steps.append(1_000), 1_000)

    found = numbers(archive, limit=1)
    take(archive, track(1))

    archive._connection.set_progress_handler(None, 1_000)
    archive.close()
    assert found == [20_000]
    assert sum(steps) < 5_000


@pytest.mark.parametrize("status", [200, 202, 204])
def test_accepted(archive: Archive, status: int) -> None:
    """Every answer of success takes the events in, as clients understand it."""
    take(archive, track(), status=status)

    assert archive.summary()["states"] == {"ok": 1}


def test_requests_of_listed_events_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request without events of its own is forgotten, but not one by which an event is listed."""
    monkeypatch.setattr(_archive, "_FORGET_REQUESTS_EVERY", 1)
    archive = Archive(keep=2)
    archive.take(request(400, events=0), [Event(b"{", "", "", ())])
    for _ in range(5):
        archive.take(request(None, events=0), [])

    assert archive.reader.event(1) is not None
    (left,) = archive._connection.execute("SELECT count(*) FROM requests").fetchone()
    assert left < 6
    archive.close()
