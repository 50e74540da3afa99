"""What is kept of one event and of one request, in few words."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from otel_segment.inspector._rules import Outcome, Problem

__all__ = ["Request", "Row", "describe", "shortened", "state_of"]

_LONGEST: Final = 1_000
"""Characters of a text that a list shows and a filter looks at; an event has its texts whole in any case."""


class Row(msgspec.Struct, gc=False, frozen=True):
    """One event as a list shows it.

    Attributes:
        number: 1 for the first event that ever arrived here.
        arrived: When it arrived, in milliseconds since 1970.
        type: The Segment call, ``""`` where the event does not say.
        name: The event, the page or the screen; the ``groupId`` of a group, the ``previousId`` of an alias.
        person: The ``userId``, else the ``anonymousId``, else ``""``.
        user: Whether the person is a ``userId``.
        state: ``ok``, ``altered``, ``duplicate``, ``dropped`` or ``refused``.
        problems: What is wrong with it.
        size: Its bytes as it was sent.
        messageId: Its ``messageId``, ``""`` where there is none; of one that is too long the beginning.
        trace: The trace that it was emitted in, 32 hexadecimal digits.
    """

    number: int
    arrived: int
    type: str
    name: str
    person: str
    user: bool
    state: str
    problems: tuple[str, ...]
    size: int
    messageId: str  # noqa: N815
    trace: str | None

    def as_row(self, request: int) -> tuple[object, ...]:
        """Give it as the database has it.

        Args:
            request: The number of its request.
        """
        return (
            *(self.number, request, self.arrived, self.type, self.name, self.person, self.user, self.state),
            *(" ".join(self.problems), self.size, self.messageId, self.trace),
        )


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, without its secrets.

    Attributes:
        path: The path, without the query.
        headers: The headers, by lower-case names, as far as they are kept; what is secret is masked.
        size: Bytes of the body as it came over the wire.
        events: How many events it held.
        status: What it was answered with; ``None`` where the connection was cut instead.
        arrived: When its body was there, in milliseconds since 1970.
        sentAt: The body's ``sentAt``.
        client: The address that it came from.
        method: The method.
        number: 1 for the first request that ever arrived here.
    """

    number: int = 0
    path: str
    method: str = "POST"
    headers: dict[str, str]
    size: int
    events: int
    status: int | None
    arrived: int
    sentAt: str | None = None  # noqa: N815
    client: str = ""

    def as_row(self, number: int) -> tuple[object, ...]:
        """Give it as the database has it.

        Args:
            number: Its number.
        """
        return (
            *(number, self.arrived, self.method, self.path, json.dumps(self.headers), self.size, self.events),
            *(self.status, self.sentAt, self.client),
        )

    @classmethod
    def of_row(cls, values: Sequence[Any]) -> "Request":
        """Give what the database has."""
        number, arrived, method, path, headers, size, events, status, sent_at, client = values
        return cls(
            number=number,
            path=path,
            method=method,
            headers=json.loads(headers),
            size=size,
            events=events,
            status=status,
            arrived=arrived,
            sentAt=sent_at,
            client=client,
        )


class _Facts(msgspec.Struct, gc=False):
    event: Any = None
    name: Any = None
    category: Any = None
    userId: Any = None  # noqa: N815
    anonymousId: Any = None  # noqa: N815
    groupId: Any = None  # noqa: N815
    previousId: Any = None  # noqa: N815


class _Trace(msgspec.Struct, gc=False):
    traceId: str  # noqa: N815


class _Context(msgspec.Struct, gc=False):
    trace: _Trace


class _Traced(msgspec.Struct, gc=False):
    context: _Context


_NAMED_BY: Final = {
    "track": ("event",),
    "page": ("name", "category"),
    "screen": ("name", "category"),
    "group": ("groupId",),
    "alias": ("previousId",),
    "identify": (),
}
_decode_facts = msgspec.json.Decoder(_Facts).decode
_decode_traced = msgspec.json.Decoder(_Traced).decode
_HEX_DIGITS: Final = frozenset("0123456789abcdef")


def state_of(problems: Iterable[Problem], *, refused: bool) -> str:
    """Say in one word what Segment makes of an event.

    Args:
        problems: What is wrong with it, and with its request.
        refused: Whether its request was answered otherwise than with 200.
    """
    outcomes = {problem.outcome for problem in problems if problem is not Problem.DUPLICATE}
    if refused or Outcome.REFUSED in outcomes:
        return "refused"
    if Outcome.DROPPED in outcomes:
        return "dropped"
    if Problem.DUPLICATE in problems:
        return "duplicate"
    return "altered" if outcomes else "ok"


def describe(raw: bytes, kind: str) -> tuple[str, str, bool, str | None]:
    """Give the name, the person, whether the person is a user, and the trace of an event.

    Args:
        raw: The event in JSON.
        kind: Its type.
    """
    try:
        facts = _decode_facts(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "", "", False, None
    fields = _NAMED_BY.get(kind, ("event", "name"))
    name = next(filter(None, (_text(getattr(facts, field)) for field in fields)), "")
    user = _text(facts.userId)
    return name, user or _text(facts.anonymousId), bool(user), _trace(raw)


def shortened(text: str, most: int = _LONGEST) -> str:
    """Cut a text that is too long for a list."""
    return text if len(text) <= most else text[:most]


def _text(value: object) -> str:
    if isinstance(value, str):
        return shortened(value)
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def _trace(raw: bytes) -> str | None:
    if b'"traceId"' not in raw:
        return None
    try:
        trace = _decode_traced(raw).context.trace.traceId
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return trace if len(trace) == 32 and _HEX_DIGITS.issuperset(trace) else None  # noqa: PLR2004
