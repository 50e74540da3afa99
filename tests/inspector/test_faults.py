"""Faults on demand: how they are written, what is wrong with them, and what a client sees of them."""

import time
from collections.abc import Iterator

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from inspecting import TIMEOUT, get, listed, post, track, until

from otel_segment.inspector import Answer, FaultError, Inspector, Reset
from otel_segment.inspector.live._fault_text import Fault, parse_fault, parse_faults
from otel_segment.inspector.live._faults import Faults, Plan

MARK = {"X-Otel-Segment": "1"}


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    """A server for all tests of this file."""
    with Inspector() as inspector:
        yield inspector


@pytest.fixture(autouse=True)
def _afresh(inspector: Inspector) -> None:
    inspector.faults.switch("")
    inspector.archive.clear()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503", Fault("status=503", status=503)),
        (
            "status=503, retry_after=5 ,share=0.1",
            Fault("status=503,retry_after=5,share=0.1", status=503, retry_after=5, share=0.1),
        ),
        ("latency=200ms", Fault("latency=200ms", latency=0.2)),
        ("latency=1.5", Fault("latency=1.5", latency=1.5)),
        ("latency=1m,share=50%", Fault("latency=1m,share=50%", latency=60, share=0.5)),
        ("reset", Fault("reset", reset=True)),
        ("reset=", Fault("reset", reset=True)),
        ("reset=yes,share=0.5", Fault("reset=yes,share=0.5", reset=True, share=0.5)),
        ("reset=0.25", Fault("reset=0.25", reset=True, share=0.25)),
        ("outage=10s", Fault("outage=10s", reset=True, outage=10)),
        ("outage=10s,latency=1s", Fault("outage=10s,latency=1s", latency=1, outage=10)),
        ("outage=10s,status=500", Fault("outage=10s,status=500", status=500, outage=10)),
    ],
)
def test_written(text: str, fault: Fault) -> None:
    """A fault means what it says, and is written again as it is read."""
    assert parse_fault(text) == fault
    assert parse_fault(fault.text) == fault


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "stauts=503",
            "fault 'stauts=503': there is no stauts; use status, retry_after, latency, reset, outage, share",
        ),
        ("=3", "fault '=3': there is no such part; use"),
        ("status=banana", "fault 'status=banana': a status is a number from 200 to 599, as in status=503"),
        ("status=99", "fault 'status=99': a status is"),
        ("status=503,status=500", "fault 'status=500': status is given twice"),
        ("retry_after=5", "fault 'retry_after=5': retry_after needs a status to go with"),
        ("status=429,retry_after=soon", "fault 'retry_after=soon': whole seconds up to 3600"),
        ("status=429,retry_after=0000000009999", "whole seconds up to 3600"),
        ("latency=fast", "fault 'latency=fast': a time up to 1h is needed, as in latency=200ms"),
        ("latency=2h", "fault 'latency=2h': a time up to 1h"),
        ("outage=0s", "fault 'outage=0s': a time up to 1h"),
        ("reset=maybe", "fault 'reset=maybe': write reset for every connection"),
        ("reset=0.1,share=0.1", "fault 'reset=0.1': the share is given twice"),
        ("reset,status=500", "a connection is answered or reset"),
        ("status=500,share=0", "fault 'share=0': a share is more than 0 and at most 1, as in share=0.1"),
        ("status=500,share=200%", "fault 'share=200%': a share is"),
        ("share=0.1", "fault 'share=0.1': it says nothing that happens"),
        (",", "it says nothing that happens"),
    ],
)
def test_mistakes(text: str, sentence: str) -> None:
    """A mistake is named by its part, with the cure, in one line."""
    with pytest.raises(FaultError) as error:
        parse_fault(text)

    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text() | st.from_regex(r"((status|latency|reset|outage|share|retry_after)=[0-9.ms%]{0,4}[,;]?){1,4}"))
def test_any_text(text: str) -> None:
    """Any text is either understood, and then the same when written again, or refused with a sentence."""
    try:
        faults = parse_faults(text)
    except FaultError:
        return

    assert parse_faults("; ".join(fault.text for fault in faults)) == faults


def test_plans() -> None:
    """Latencies add up, the first other fault that hits decides, shares are kept, and an outage ends by itself."""
    now, chances = [0.0], iter([0.05, 0.5, 0.05, 0.5])
    faults = Faults("latency=1;latency=200ms;status=500,share=0.1;outage=10s", lambda: now[0], lambda: next(chances))

    plans = [faults.plan(), faults.plan()]
    now[0] = 10.0
    plans += [faults.plan(), faults.plan()]

    actions = [plan.action for plan in plans]
    assert {plan.wait for plan in plans} == {1.2}
    assert [type(action) for action in actions] == [Answer, Reset, Answer, type(None)]
    assert isinstance(actions[0], Answer)
    assert actions[0].status == 500
    assert faults.text == "latency=1; latency=200ms; status=500,share=0.1"


def test_wrong_switch_changes_nothing() -> None:
    """Where one of several faults is wrong, those before stay."""
    faults = Faults("status=500")

    with pytest.raises(FaultError):
        faults.switch("latency=1; nonsense")

    assert faults.text == "status=500"
    faults.switch("")
    assert faults.plan() == Plan()


def switch(inspector: Inspector, faults: object) -> requests.Response:
    """Switch the faults over the network."""
    return requests.put(f"{inspector.url}/api/faults", json={"faults": faults}, headers=MARK, timeout=TIMEOUT)


def test_status(inspector: Inspector) -> None:
    """The client sees status and Retry-After; the events are kept as refused, and are no repeats the second time."""
    told = switch(inspector, "status=503,retry_after=5").json()
    faulty = post(inspector, track())
    switch(inspector, "")
    sound = post(inspector, track())

    assert (told["faults"], faulty.status_code, faulty.headers["Retry-After"]) == ("status=503,retry_after=5", 503, "5")
    assert sound.status_code == 200
    assert [row["state"] for row in listed(inspector)] == ["ok", "refused"]
    assert get(inspector, f"/api/events/{listed(inspector)[1]['number']}").json()["request"]["status"] == 503


@pytest.mark.parametrize("status", [204, 302, 304, 418, 500])
def test_any_status(inspector: Inspector, status: int) -> None:
    """Each status can be had, those without a body as well."""
    inspector.faults.switch(f"status={status}")

    assert post(inspector, track(), allow_redirects=False).status_code == status


@pytest.mark.parametrize("fault", ["reset", "outage=1h"])
def test_reset(inspector: Inspector, fault: str) -> None:
    """The connection is reset, before the body is read, and the page goes on."""
    inspector.faults.switch(fault)

    with pytest.raises(requests.ConnectionError):
        post(inspector, track())

    summary = get(inspector, "/api/summary").json()
    assert (summary["faults"], summary["events"]) == (fault, 0)


def test_latency(inspector: Inspector) -> None:
    """The answer takes as long as was said, and others are served in the meantime."""
    inspector.faults.switch("latency=300ms")
    begin = time.monotonic()
    answer = post(inspector, track())

    assert answer.status_code == 200
    assert time.monotonic() - begin >= 0.3


def test_outage_ends(inspector: Inspector) -> None:
    """After an outage everything is as before."""
    inspector.faults.switch("outage=200ms,status=500")

    assert until(lambda: post(inspector, track()).status_code == 200)
    assert get(inspector, "/api/summary").json()["faults"] == ""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"faults": "status=1"}', "fault 'status=1': a status is a number from 200 to 599, as in status=503"),
        (b'{"faults": 7}', "The body has to be like"),
        (b"nonsense", "The body has to be like"),
        (b"", "The body has to be like"),
    ],
)
def test_wrong_over_the_network(inspector: Inspector, body: bytes, sentence: str) -> None:
    """A mistake is answered 400 with the sentence."""
    answer = requests.put(f"{inspector.url}/api/faults", data=body, headers=MARK, timeout=TIMEOUT)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith(sentence)
