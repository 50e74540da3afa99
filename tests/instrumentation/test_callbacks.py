"""Callbacks of the application, plain and asynchronous."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from otel_segment import _log
from otel_segment.instrumentation import _background_loop
from otel_segment.instrumentation._callbacks import Answer, call

NUMBER: ContextVar[int] = ContextVar("number", default=0)


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test find what is said once, and leave nothing behind that goes on."""
    monkeypatch.setattr(_log, "_last_said", {})
    yield
    deadline = time.monotonic() + 30
    while _background_loop._left:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked(callback: Callable[[Any], Any], request: Any = "ada", seconds: float = 30) -> Answer:
    """Ask a callback as WSGI does."""
    return call(callback, "get_user", request, seconds, may_wait=True)


def sooner_or_later(request: Any) -> Awaitable[Any]:
    """Return what is to be awaited, which cannot be seen beforehand."""
    return echo(request)


async def echo(request: Any) -> Any:
    """Return the request, after a while."""
    await asyncio.sleep(0.001)
    return request


def test_one_loop_for_all() -> None:
    """Asynchronous callbacks of all threads run in one event loop in one thread, each in its caller's context."""

    async def where(request: Any) -> tuple[int, int, int]:
        await asyncio.sleep(0.001)
        return id(asyncio.get_running_loop()), threading.get_ident(), NUMBER.get()

    def ask(number: int) -> Any:
        NUMBER.set(number)
        return asked(where).value

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(50)))
    assert len({(loop, thread) for loop, thread, _ in found}) == 1
    assert found[0][1] != threading.get_ident()
    assert [number for *_, number in found] == list(range(50))


class Other:
    """Something to be awaited that is no coroutine."""

    def __await__(self) -> Any:
        return echo("ada").__await__()


@pytest.mark.parametrize("callback", [echo, sooner_or_later, lambda _: Other()])
def test_what_can_be_awaited(callback: Callable[[Any], Awaitable[str]]) -> None:
    """Whatever can be awaited is, and its answer is known to be one for the whole request."""
    assert asked(callback) == Answer("ada", is_awaited=True)


async def in_thread(request: Any) -> str:
    """Do not end for a while, in a thread that cannot be cancelled."""
    await asyncio.to_thread(request.wait, 30)
    return "late"


async def stubborn(request: Any) -> str:
    """Do not end when cancelled."""
    while not request.is_set():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)
    return "late"


async def blocking(request: Any) -> str:
    """Hold up the event loop."""
    request.wait(30)
    return "late"


@pytest.mark.parametrize("callback", [in_thread, stubborn, blocking])
def test_time_is_bounded(callback: Callable[[Any], Any], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever an asynchronous callback does, the request goes on when its time is over."""
    over = threading.Event()
    try:
        assert asked(callback, over, 0.05) == Answer(None, is_awaited=True)
        # Had it been waited for, this would be over.
        assert not over.is_set()
    finally:
        over.set()
    assert "get_user took longer than 0.05 s" in caplog.text
    assert asked(echo).value == "ada"


def test_number_of_those_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    """When many do not end, no more are begun, which is said once, until some have ended."""
    over = threading.Event()
    try:
        deadline = time.monotonic() + 30
        # One that has not begun when its time is over is not left behind.
        while asked(echo).value is not None:
            assert time.monotonic() < deadline
            for _ in range(_background_loop.MOST_LEFT):
                asked(stubborn, over, 0.001)
        assert asked(echo) == Answer(None, is_awaited=True)
    finally:
        over.set()
    said = [record.getMessage() for record in caplog.records if "have not ended" in record.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("64 asynchronous callbacks took too long")
    deadline = time.monotonic() + 30
    while asked(echo).value != "ada":
        assert time.monotonic() < deadline


@pytest.mark.parametrize("error", [LookupError, asyncio.CancelledError])
def test_failure(error: type[BaseException], caplog: pytest.LogCaptureFixture) -> None:
    """A callback that fails, or cancels itself, is said by the type of the error, and nothing else ends."""

    async def fail(request: Any) -> None:
        raise error(request)

    assert asked(fail, "s3cret") == Answer(None, is_awaited=True)
    assert "get_user raised" in caplog.text
    assert "s3cret" not in caplog.text
    assert asked(echo).value == "ada"


def test_program_that_a_callback_would_end() -> None:
    """A callback that would end the program does so for its caller, and the loop goes on."""

    async def leave(request: Any) -> None:
        sys.exit(request)

    with pytest.raises(SystemExit, match="ada"):
        asked(leave)
    assert asked(echo).value == "ada"


def test_callback_inside_of_a_callback(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that asks another one, in the loop that would have to answer, gets no answer, and does not hang."""

    async def outer(request: Any) -> Answer:
        return asked(echo)

    assert asked(outer).value == Answer(None, is_final=False, is_awaited=True)
    assert "get_user is asynchronous, and an event needed its answer before" in caplog.text


@pytest.mark.parametrize("callback", [echo, sooner_or_later])
def test_where_nothing_is_waited_for(
    callback: Callable[[Any], Awaitable[str]], caplog: pytest.LogCaptureFixture
) -> None:
    """Where there is to be a moment to await it, an asynchronous callback has no answer yet, which is said once."""
    with caplog.at_level(logging.WARNING, "otel_segment"):
        for _ in range(2):
            answer = call(callback, "get_consent", "ada", 1, may_wait=False)
            assert answer == Answer(None, is_final=False, is_awaited=True)
    (record,) = caplog.records
    assert record.getMessage().startswith("get_consent is asynchronous, and an event needed its answer before")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_fork() -> None:
    """A forked process has a loop of its own, and its parent's goes on."""
    script = """
import asyncio, os
from otel_segment.instrumentation._callbacks import call
async def echo(request):
    await asyncio.sleep(0.001)
    return os.getpid()
def ask():
    return call(echo, "get_user", None, 20, may_wait=True).value
assert ask() == os.getpid()
child = os.fork()
if not child:
    os._exit(0 if ask() == ask() == os.getpid() else 1)
assert os.waitpid(child, 0)[1] == 0
assert ask() == os.getpid()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=60)


def test_greenlets(tmp_path: Path) -> None:
    """With gunicorn's greenlets each event and page has its own user, and no request waits for another one's."""
    pytest.importorskip("gevent")
    pytest.importorskip("flask")
    servers = pytest.importorskip("test_flask_servers")
    options = ("--workers=1", "--worker-class=gevent")
    variables = {
        "OTEL_INSTRUMENTATION_SEGMENT_GET_USER": "greenlet_site:who",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask",
    }
    people = [f"u-{number}" for number in range(100)]
    with servers.gunicorn("greenlet_site:app", options, tmp_path, **variables) as run:
        with ThreadPoolExecutor(17) as pool:
            hanging = pool.submit(run.site.ask, "/hanging")
            statuses = Counter(reply.status for reply in pool.map(lambda name: run.site.ask(f"/{name}"), people))
        assert (statuses, hanging.result().status) == ({200: 100}, 200)
    told = Counter(
        (message.get("event"), message.get("userId"), message["context"]["page"]["path"]) for message in run.messages
    )
    expected = {(event, name, f"/{name}"): 1 for name in people for event in ("Before", "After", None)}
    unknown = {(event, None, "/hanging"): 1 for event in ("Before", "After", None)}
    assert told == expected | unknown, run.output
    assert run.output.count("get_user took longer than 1 s") == 1
