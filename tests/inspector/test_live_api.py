"""The questions that a page asks: lists, details, the feed, the export."""

import json
import threading
from collections.abc import Iterator

import pytest
import requests
from inspecting import TIMEOUT, Frames, get, listed, post, track, until, watching

from otel_segment.inspector import Inspector, Problem
from otel_segment.inspector.live import _feed
from otel_segment.inspector.live._links import LINKS

MARK = {"X-Otel-Segment": "1"}


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    """A server for all tests of this file."""
    with Inspector() as inspector:
        yield inspector


@pytest.fixture(autouse=True)
def _afresh(inspector: Inspector) -> None:
    inspector.archive.clear()


@pytest.fixture
def live(inspector: Inspector) -> Iterator[Frames]:
    """The feed as one viewer sees it, from now on."""
    with watching(inspector) as told:
        assert next(told)[1]["skipped"] == 0
        assert next(told)[0] == "summary"
        yield told


def test_lists(inspector: Inspector) -> None:
    """A list has the newest first, says whether there is more, and goes on where the last one ended."""
    post(inspector, *[track(number) for number in range(5)])

    first = get(inspector, "/api/events?limit=3").json()
    second = get(inspector, f"/api/events?limit=3&before={first['events'][-1]['number']}").json()

    assert [row["name"] for row in first["events"] + second["events"]] == [f"Event {number}" for number in range(5)][
        ::-1
    ]
    assert (first["more"], second["more"]) == (True, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=track", 2),
        ("type=track&type=page", 3),
        ("state=dropped", 1),
        ("state=dropped&state=ok", 3),
        ("name=EVENT", 1),
        ("person=u-1", 2),
        ("q=needle", 1),
        ("q=needle&type=track", 0),
        ("limit=2", 2),
        ("limit=9999", 3),
        ("limit=0", 1),
        ("after=99999999999999999999999", 0),
        ("q=" + "x" * 5_000, 0),
    ],
)
def test_filters(inspector: Inspector, query: str, found: int) -> None:
    """Each filter can be asked for, and together they narrow."""
    page = {"type": "page", "name": "Home", "anonymousId": "a", "messageId": "p", "properties": {"a": "Needle"}}
    post(inspector, track(1), track(2, event=""), page)

    assert len(listed(inspector, query)) == found


@pytest.mark.parametrize("query", ["limit=many", "before=-1", "after=1.5", "state=gone"])
def test_wrong_questions(inspector: Inspector, query: str) -> None:
    """A question that makes no sense is answered 400 with a sentence."""
    for path in ("/api/events", "/api/export.jsonl"):
        if not (path.endswith("jsonl") and query.startswith("limit")):
            answer = get(inspector, f"{path}?{query}")
            assert (answer.status_code, query in answer.json()["message"]) == (400, True)


def test_details(inspector: Inspector) -> None:
    """All about an event: as it was sent, its request, and each problem in words with a link."""
    raw = '{"type": "track",  "userId": "u", "messageId": "m", "properties": {"n": 1.50, "<b>": "\\u00e9"}}'
    post(inspector, data='{"batch": [' + raw + '], "sentAt": "now"}', headers={"X-Extra": "seen"})
    number = listed(inspector)[0]["number"]

    told = get(inspector, f"/api/events/{number}").json()

    assert told["raw"] == raw
    assert told["details"] == [
        {
            "code": "missing_event",
            "outcome": "dropped",
            "sentence": Problem.MISSING_EVENT.sentence,
            "link": LINKS[Problem.MISSING_EVENT],
        }
    ]
    assert told["request"].items() >= {"path": "/v1/batch", "method": "POST", "status": 200, "sentAt": "now"}.items()
    assert told["request"]["headers"].items() >= {"x-extra": "seen", "authorization": "Basic ***"}.items()
    assert (told["request"]["client"], told["forwarded"]) == ("127.0.0.1", None)
    for missing in ("9" * 20, "9" * 5_000, "-1", "x", "%C2%B2"):
        assert get(inspector, f"/api/events/{missing}").status_code == 404


def test_every_problem_has_a_link() -> None:
    """Each problem of the closed list leads to Segment's own documentation."""
    assert set(LINKS) == set(Problem)
    assert all(link.startswith("https://www.twilio.com/docs/segment/") for link in LINKS.values())


def test_summary(inspector: Inspector) -> None:
    """The summary counts what there is, and what came in the last two minutes."""
    before = get(inspector, "/api/summary").json()
    post(inspector, track(1), track(1), track(2, event=""))

    told = get(inspector, "/api/summary").json()

    assert (told["events"], told["types"], told["states"]) == (3, {"track": 3}, {"ok": 1, "duplicate": 1, "dropped": 1})
    assert (told["seen"] - before["seen"], told["requests"] - before["requests"]) == (3, 1)
    assert sum(count.get("track", 0) for _, count in told["rates"]) >= 3
    assert (told["url"], told["write_key_needed"], told["kept"]) == (inspector.url, False, 100_000)


def test_clear(inspector: Inspector) -> None:
    """Everything can be forgotten; numbers go on."""
    post(inspector, track(1))
    last = listed(inspector)[0]["number"]

    answer = requests.delete(f"{inspector.url}/api/events", headers=MARK, timeout=TIMEOUT)
    post(inspector, track(1))

    assert answer.status_code == 204
    assert [(row["number"], row["state"]) for row in listed(inspector)] == [(last + 1, "ok")]


def test_export(inspector: Inspector) -> None:
    """The export has one event in each line, the oldest first, as it was sent but for line breaks, filtered."""
    post(inspector, data=b'{"batch": [{"type": "track",\n "event": "A"}, {"type":"page"}]}')
    post(inspector, data=b"{no json")

    everything = get(inspector, "/api/export.jsonl")
    pages = get(inspector, "/api/export.jsonl?type=page")

    assert everything.text.splitlines() == ['{"type":"track","event":"A"}', '{"type":"page"}']
    assert pages.text == '{"type":"page"}\n'
    assert "attachment" in everything.headers["Content-Disposition"]


def test_long_export(inspector: Inspector) -> None:
    """A long export is complete and in order."""
    for start in range(0, 3_000, 1_000):
        post(inspector, *[{"type": "track", "event": str(number)} for number in range(start, start + 1_000)])

    lines = get(inspector, "/api/export.jsonl").text.splitlines()

    assert [int(json.loads(line)["event"]) for line in lines] == list(range(3_000))


def test_live(inspector: Inspector, live: Frames) -> None:
    """What arrives is told at once, in order, and the whole within a second or so."""
    post(inspector, track(1), track(2))

    name, data = next(live)
    assert (name, data["skipped"]) == ("events", 0)
    assert [row["name"] for row in data["events"]] == ["Event 1", "Event 2"]
    assert data["events"] == listed(inspector)[::-1]
    assert next((data["events"] for name, data in live if name == "summary" and data["events"]), None) == 2


def test_live_in_order(inspector: Inspector, live: Frames) -> None:
    """However many send at once, large and small, everything is told once and in the order of its numbers."""
    senders = [
        threading.Thread(
            target=lambda size=size: [
                post(inspector, *[track(n, filler="x" * size) for n in range(40)]) for _ in range(5)
            ]
        )
        for size in (0, 0, 9_000)
    ]
    for sender in senders:
        sender.start()

    rows: list[int] = []
    while len(rows) < 600:
        name, data = next(live)
        rows += [row["number"] for row in data["events"]] if name == "events" else []
    for sender in senders:
        sender.join()

    assert rows == list(range(rows[0], rows[0] + 600))


@pytest.mark.parametrize("reached", ["9" * 5_000, "-1", "x", "\u00b2".encode()])
def test_resume_from_anywhere(inspector: Inspector, reached: str | bytes) -> None:
    """Whatever a viewer says that it has come to, it is told of what comes, and to be back soon when it is cut off."""
    with get(inspector, "/api/live", headers={"Last-Event-ID": reached}, stream=True) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_lines()) == b"retry: 500"


@pytest.mark.parametrize("how", ["query", "header"])
def test_resume(inspector: Inspector, how: str) -> None:
    """Who comes back is told what came in between."""
    post(inspector, track(1), track(2), track(3))
    after = listed(inspector)[-1]["number"]
    headers = {"Last-Event-ID": str(after)} if how == "header" else {}
    with watching(inspector, f"after={after if how == 'query' else 0}", headers) as told:
        name, data = next(told)

    assert (name, data["skipped"]) == ("events", 0)
    assert [row["name"] for row in data["events"]] == ["Event 2", "Event 3"]


def test_resume_late(inspector: Inspector) -> None:
    """Who comes back after too much is told the newest of it, and how much is missing."""
    post(inspector, *[track(number) for number in range(700)])
    first = listed(inspector, "limit=1")[0]["number"] - 699
    with watching(inspector, f"after={first - 1}") as told:
        _, data = next(told)

    assert (len(data["events"]), data["skipped"]) == (500, 200)
    assert data["events"][-1]["name"] == "Event 699"


def test_slow_viewer(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer that reads nothing for long is told how much it has missed, and costs no more memory for it."""
    monkeypatch.setattr(_feed, "_ROWS", 1_000)
    monkeypatch.setattr(_feed, "_FRAMES", 8)
    with watching(inspector) as told:
        next(told)
        for _ in range(30):
            post(inspector, *[track(number, event="x" * 900) for number in range(300)])
        assert len(inspector._feed._frames) <= 8
        post(inspector, track("last"))

        rows = skipped = 0
        for name, data in told:
            if name == "events":
                rows += len(data["events"])
                skipped += data["skipped"]
                if data["events"] and data["events"][-1]["name"] == "Event last":
                    break

    assert rows + skipped == 9_001
    assert skipped > 0


def test_too_many_viewers(inspector: Inspector, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a bound to how many look on; who goes makes room."""
    assert until(lambda: inspector._feed.viewers == 0)
    monkeypatch.setattr(_feed, "_MAX_VIEWERS", 1)
    with get(inspector, "/api/live", stream=True):
        refused = get(inspector, "/api/live")

    assert refused.status_code == 503
    assert until(lambda: inspector._feed.viewers == 0)


def test_hostile_names(inspector: Inspector) -> None:
    """Whatever an event is called, the feed and the lists stay what they are."""
    names = ["</script><script>alert(1)</script>", "a\n\ndata: {}\n\n", "\u2028\u0000\r", "\U0001f642" * 300, "%s{}"]
    with watching(inspector) as told:
        next(told)
        post(inspector, *[track(number, event=name) for number, name in enumerate(names)])
        data = next(data for name, data in told if name == "events")

    assert [row["name"] for row in data["events"]] == names
    assert [row["name"] for row in listed(inspector)] == names[::-1]
