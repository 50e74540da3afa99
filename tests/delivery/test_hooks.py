"""Hooks: what the application is told, and what it may change; nothing that they do hurts delivery."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doors import MakeDoor, script, wait_until
from ports import free_port

from otel_segment import DropReason
from otel_segment.inspector import Answer, LocalEndpoint

Message = dict[str, Any]
Messages = list[Message]


def test_delivered(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """on_delivered gets the messages as they arrived, and has had them when a flush returns."""
    delivered = []

    def slowly(messages: Messages) -> None:
        time.sleep(0.1)
        delivered.extend(messages)

    endpoint.behave(script(Answer(500)))
    door = make_door(on_delivered=slowly)
    door.emit(3)
    assert door.flush()
    assert delivered == endpoint.received.messages
    assert [message["properties"]["number"] for message in delivered] == [0, 1, 2]


def test_delivered_at_the_end(make_door: MakeDoor) -> None:
    """on_delivered has had the last messages when a shutdown returns."""
    delivered = []

    def slowly(messages: Messages) -> None:
        time.sleep(0.1)
        delivered.extend(messages)

    door = make_door(on_delivered=slowly, shutdown_timeout=20)
    door.emit(3)
    door.provider.shutdown()
    assert len(delivered) == 3


def test_dropped(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """on_dropped gets the reason and the messages, for what is lost at any point of the way."""
    dropped = []
    endpoint.behave(script(Answer(400)))
    door = make_door(on_dropped=lambda reason, messages: dropped.append((reason, [m.get("event") for m in messages])))
    door.emit(1, "Refused")
    assert door.flush()
    door.emit(1, "Nobody", **{"user.id": ""})
    door.emit(1, "Large", text="x" * 40_000)
    door.ours.shutdown()
    door.emit(1, "Late")
    assert dropped == [
        (DropReason.REJECTED, ["Refused"]),
        (DropReason.MISSING_IDENTITY, ["Nobody"]),
        (DropReason.EVENT_TOO_LARGE, ["Large"]),
        (DropReason.SHUTDOWN, ["Late"]),
    ]


@pytest.mark.parametrize("hook", ["on_delivered", "on_dropped"])
def test_hook_that_fails(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture, hook: Any
) -> None:
    """A hook that fails is reported with its error, and nothing else is the matter."""

    def fail(*_: object) -> None:
        message = "cannot do that"
        raise ValueError(message)

    if hook == "on_dropped":
        endpoint.behave(lambda _: Answer(400))
    door = make_door(**{hook: fail})
    for _ in range(3):
        door.emit()
        assert door.flush()
    assert door.stats.delivered + sum(door.stats.dropped.values()) == 3
    (record,) = [record for record in caplog.records if "hook" in record.getMessage()]
    assert (record.levelno, record.getMessage()) == (logging.ERROR, f"the hook {hook} failed")
    assert "cannot do that" in caplog.text


def test_hook_that_flushes(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """A hook may flush, although its own messages are not quite done with."""
    flushed = []
    door = make_door(on_delivered=lambda _: flushed.append(door.ours.force_flush(10_000)), concurrency=1)
    door.emit()
    door.send()
    door.emit()
    assert door.flush()
    assert flushed == [True, True]
    assert len(endpoint.received) == 2


@pytest.mark.parametrize("kind", ["processor", "simple"])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_hook_that_emits(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str, concurrency: int) -> None:
    """A hook may emit events, even where emitting waits for their delivery."""

    def emit_more(messages: Messages) -> None:
        if messages[0]["event"] == "Ping":
            door.emit(1, "Delivered")

    door = make_door(kind, on_delivered=emit_more, concurrency=concurrency)
    began = time.monotonic()
    door.emit()
    assert door.flush()
    assert door.flush()
    assert time.monotonic() - began < 10
    assert [message["event"] for message in endpoint.received.messages] == ["Ping", "Delivered"]


def test_edit(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """before_send may change a message in place or return another; its messageId stays or is a new one."""
    calls = []

    def edit(message: Message) -> Message:
        calls.append(message["messageId"])
        message["properties"] = {"tuple": (1, 2), "number": float("nan")}
        message["context"]["ip"] = None
        if len(calls) == 2:
            del message["messageId"]
        return {**message, "messageId": "mine"} if len(calls) == 3 else message

    door = make_door(before_send=edit)
    door.emit(3)
    assert door.flush()
    assert [message["messageId"] for message in endpoint.received.messages] == [*calls[:2], "mine"]
    assert endpoint.received.messages[0]["properties"] == {"tuple": [1, 2], "number": None}
    assert not [event.problems for event in endpoint.received if event.problems]


def test_drop(endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture) -> None:
    """before_send drops a message by returning None; that was wanted, so only a debug line tells."""
    caplog.set_level(logging.DEBUG, "otel_segment")
    dropped = []
    door = make_door(
        before_send=lambda message: None if message["event"] == "Secret" else message,
        on_dropped=lambda reason, messages: dropped.append((reason, messages[0]["event"])),
    )
    door.emit(1, "Secret")
    door.emit(1, "Open")
    assert door.flush()
    assert dropped == [(DropReason.BEFORE_SEND, "Secret")]
    assert (door.stats.dropped, door.stats.delivered) == ({DropReason.BEFORE_SEND: 1}, 1)
    assert [record.levelname for record in caplog.records if "before_send" in record.getMessage()] == ["DEBUG"]


def _without(field: str) -> Callable[[Message], Message]:
    return lambda message: {name: value for name, value in message.items() if name != field}


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (lambda message: message["no such field"], "the hook failed: KeyError"),
        (lambda message: 5, "the hook returned int, not the message or None"),
        (lambda message: "text", "the hook returned str, not the message or None"),
        (lambda message: [message], "the hook returned list, not the message or None"),
        (lambda message: True, "the hook returned bool, not the message or None"),
        (lambda message: {}, "the hook made the type none of the six calls"),
        (lambda message: {**message, "type": ["track"]}, "the hook made the type none of the six calls"),
        (_without("event"), "the hook left no event"),
        (_without("userId"), "the hook left no userId and anonymousId"),
        (lambda message: {**message, "type": "group"}, "the hook left no groupId"),
        (lambda message: {**message, "type": "alias"}, "the hook left no previousId"),
        (lambda message: {**message, "properties": [1]}, "the hook made properties something else than a map"),
        (lambda message: {**message, "many": [0] * 1_000_000}, "the hook failed: TooManyValues"),
    ],
)
def test_unfit(
    endpoint: LocalEndpoint, make_door: MakeDoor, caplog: pytest.LogCaptureFixture, hook: Any, said: str
) -> None:
    """What before_send makes unfit to be sent is dropped by itself with a warning, and harms no other event."""
    door = make_door(before_send=lambda message: hook(message) if message["event"] == "Bad" else message)
    door.emit(1, "Good")
    door.emit(1, "Bad")
    door.emit(1, "Good")
    assert door.flush()
    assert (door.stats.dropped, door.stats.delivered) == ({DropReason.BEFORE_SEND: 1}, 2)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"dropped 1 event(s), before_send: 'Bad' ({said})")
    ]
    assert len(endpoint.received) == 2


@pytest.mark.parametrize("message_id", [None, "", 7, "x" * 100, ["a"]])
def test_message_id_that_is_none(endpoint: LocalEndpoint, make_door: MakeDoor, message_id: object) -> None:
    """A messageId that Segment would not take is replaced by the one that there was."""
    given = []
    door = make_door(
        before_send=lambda message: given.append(message["messageId"]) or {**message, "messageId": message_id}
    )
    door.emit()
    assert door.flush()
    assert [event.message_id for event in endpoint.received] == given


def test_edited_too_large(endpoint: LocalEndpoint, make_door: MakeDoor) -> None:
    """The size counts after before_send."""
    door = make_door(before_send=lambda message: {**message, "properties": {"text": "x" * 33_000}})
    door.emit()
    assert door.flush()
    assert door.stats.dropped == {DropReason.EVENT_TOO_LARGE: 1}
    assert endpoint.requests == []


DOORS = ("processor", "batch", "simple", "span")


@pytest.mark.parametrize("kind", DOORS)
def test_before_anything_is_stored(make_door: MakeDoor, tmp_path: Path, kind: str) -> None:
    """What before_send takes out, or fails on, is in no file: neither in the spool nor among the dead letters."""

    def hide(message: Message) -> Message:
        if message["event"] == "Unreadable":
            raise ValueError(message["properties"]["card"])
        return {**message, "properties": {"number": message["properties"]["number"]}}

    spool, letters = tmp_path / "spool", tmp_path / "letters.jsonl"
    settings = {"spool": str(spool), "dead_letter": str(letters), "durable": kind == "processor"}
    # Nobody is there: so it stays in the spool.
    door = make_door(kind, before_send=hide, endpoint=f"http://127.0.0.1:{free_port()}", **settings)
    door.emit(2, "Paid", card="4000-secret")
    door.emit(1, "Unreadable", card="4000-secret")
    wait_until(lambda: door.stats.accepted == 3)
    door.send()
    wait_until(lambda: door.stats.spooled == 2)

    assert door.stats.dropped == {DropReason.BEFORE_SEND: 1}
    assert door.stats.unaccounted == 0
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"number" in stored
    assert b"4000-secret" not in stored
    assert not letters.exists()


@pytest.mark.parametrize("kind", DOORS)
def test_counts_of_hooks(endpoint: LocalEndpoint, make_door: MakeDoor, kind: str) -> None:
    """The hooks are told of as many events as the counts have, whatever door they came by."""
    delivered: Messages = []
    dropped: list[tuple[DropReason, int]] = []
    door = make_door(
        kind,
        before_send=lambda message: message if message["event"] != "Bad" else 1 / 0,
        on_delivered=delivered.extend,
        on_dropped=lambda reason, messages: dropped.append((reason, len(messages))),
    )
    door.emit(3, "Good")
    door.emit(1, "Bad")
    assert door.flush()

    assert (len(delivered), dropped) == (3, [(DropReason.BEFORE_SEND, 1)])
    assert (door.stats.delivered, door.stats.dropped) == (3, {DropReason.BEFORE_SEND: 1})
    assert door.stats.unaccounted == 0
    assert len(endpoint.received) == 3
