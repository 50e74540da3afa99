"""A request's headers and body to a judgement: what it holds, and how Segment would answer."""

import base64
import binascii
import itertools
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from otel_segment.inspector._rules import Message, Outcome, Problem, batch_problems, message_problems

__all__ = ["BATCH_PATHS", "SINGLE_PATHS", "Event", "Judgement", "judge", "messages_of", "problems_of"]

BATCH_PATHS: Final = frozenset({"/v1/batch", "/v1/b", "/batch", "/v1/import"})
SINGLE_PATHS: Final = {
    path: kind
    for kind in ("track", "page", "screen", "identify", "group", "alias")
    for path in (f"/v1/{kind}", f"/v1/{kind[0]}")
}


class Event(msgspec.Struct, gc=False, frozen=True):
    """One event of a request.

    Attributes:
        raw: The event as it was sent, in JSON.
        message_id: Its ``messageId``, ``""`` where there is none.
        type: Its type, ``""`` where there is none.
        problems: What is wrong with it.
    """

    raw: bytes
    message_id: str
    type: str
    problems: tuple[Problem, ...]


class Judgement(msgspec.Struct, frozen=True):
    """What a request holds, and what to answer.

    Attributes:
        status: The HTTP status.
        reason: Why it is refused, ``""`` when it is not.
        events: The events, in order; of a batch far beyond Segment's limit the first 10,000.
        problems: What is wrong with the request as a whole.
        key: The write key, wherever it stood.
        sent_at: The body's ``sentAt``.
    """

    status: int = 200
    reason: str = ""
    events: list[Event] = []
    problems: tuple[Problem, ...] = ()
    key: str | None = None
    sent_at: str | None = None


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815
    writeKey: Any = None  # noqa: N815


_MOST_JUDGED: Final = 10_000

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_message = msgspec.json.Decoder(Message).decode
# The decoder's own error is a ValueError only in its newer versions.
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def judge(path: str, headers: Mapping[str, str], body: bytes, expected_key: str | None) -> Judgement:
    """Judge a request by Segment's rules.

    Args:
        path: One of ``BATCH_PATHS`` or ``SINGLE_PATHS``.
        headers: The headers, by lower-case names.
        body: The body, unpacked.
        expected_key: The only write key to let in; ``None`` lets in all, as Segment does.
    """
    header_key = _header_key(headers)
    try:
        envelope = _open(path, body)
        # A few bytes can be millions of events.
        events = [_event(bytes(raw)) for raw in envelope.batch[:_MOST_JUDGED]]
    except msgspec.ValidationError:
        return _refusal(Problem.INVALID_BATCH, header_key)
    except _UNREADABLE:
        return _refusal(Problem.INVALID_JSON, header_key)
    key = header_key or _text(envelope.writeKey)
    found = batch_problems(len(body), len(envelope.batch))
    if key is None:
        found = (*found, Problem.MISSING_WRITE_KEY)
    status, reason = _status(found, events)
    if expected_key is not None and key != expected_key:
        found = (*found, Problem.WRONG_WRITE_KEY)
        status, reason = 401, Problem.WRONG_WRITE_KEY.sentence
    return Judgement(status, reason, _blame(events, found), found, key, _text(envelope.sentAt))


def messages_of(path: str, body: bytes) -> list[dict[str, Any]]:
    """Give the events in a body, none where it cannot be read as events."""
    try:
        return [_decode_object(raw) for raw in _open(path, body).batch]
    except _UNREADABLE:
        return []


def problems_of(raw: bytes) -> tuple[Problem, ...]:
    """Say everything that is wrong with one event, as JSON, by Segment's rules.

    ``invalid_json`` and ``invalid_batch`` stand alone: nothing else can be said about what is no event at all.
    """
    try:
        _check_text(raw)
        return _event(raw).problems
    except msgspec.ValidationError:
        return (Problem.INVALID_BATCH,)
    except _UNREADABLE:
        return (Problem.INVALID_JSON,)


def _open(path: str, body: bytes) -> _Envelope:
    _check_text(body)
    if path not in SINGLE_PATHS:
        return _decode_envelope(body)
    message = _decode_object(body)
    sent_at, key = message.pop("sentAt", None), message.pop("writeKey", None)
    message["type"] = SINGLE_PATHS[path]
    return _Envelope([msgspec.Raw(msgspec.json.encode(message))], sent_at, key)


def _check_text(body: bytes) -> None:
    # The decoder passes over texts that it is not asked for without looking into them.
    body.decode()
    if _SURROGATE.search(body):
        msgspec.json.decode(body)


def _event(raw: bytes) -> Event:
    message = _decode_message(raw)
    problems = message_problems(message, len(raw))
    return Event(raw, _text(message.messageId) or "", _text(message.type) or "", problems)


def _status(found: tuple[Problem, ...], events: list[Event]) -> tuple[int, str]:
    for problem in itertools.chain(found, *[event.problems for event in events if event.problems]):
        if problem.outcome is Outcome.REFUSED:
            return 400, problem.sentence
    return 200, ""


def _blame(events: list[Event], found: tuple[Problem, ...]) -> list[Event]:
    """What Segment drops a whole request for, it drops each of its events for."""
    silent = tuple(problem for problem in found if problem.outcome is Outcome.DROPPED)
    if not silent:
        return events
    return [msgspec.structs.replace(event, problems=(*event.problems, *silent)) for event in events]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _refusal(problem: Problem, key: str | None) -> Judgement:
    return Judgement(400, problem.sentence, problems=(problem,), key=key)


def _header_key(headers: Mapping[str, str]) -> str | None:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _user_name(credentials) or headers.get("x-write-key") or None
    return headers.get("x-write-key") or None


def _user_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
