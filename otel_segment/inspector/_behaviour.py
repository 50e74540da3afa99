"""Faults that an endpoint can be told to have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from otel_segment.inspector._intake import messages_of

__all__ = ["Action", "Answer", "Behaviour", "Cut", "IncomingRequest", "Reset", "Wait"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Read the request and give this answer, whatever it holds.

    Attributes:
        status: The HTTP status.
        headers: Headers besides ``Content-Length``.
        body: The body of the answer.
        accept: Whether the events count as received all the same.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b""
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """Read the request and close the connection instead of answering.

    Attributes:
        accept: Whether the events count as received all the same.
    """

    accept: bool = True


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection; what is unread of the request stays unread."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait, then go on; closing the endpoint ends the wait and cuts the connection.

    Attributes:
        seconds: How long.
        then: What to do afterwards; ``None`` handles the request as usual.
    """

    seconds: float
    then: "Answer | Cut | Reset | None" = None


class IncomingRequest:
    """A request, before anything has been done about it.

    The body is read from the connection when it is first looked at.

    Attributes:
        number: 1 for the first request that the endpoint got.
        path: The path, without the query.
        headers: All headers, by lower-case names, those with secrets included.
    """

    __slots__ = ("_body", "_read", "headers", "number", "path")

    def __init__(self, number: int, path: str, headers: Mapping[str, str], read: Callable[[], bytes]) -> None:
        self.number = number
        self.path = path
        self.headers = headers
        self._read = read
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The body, unpacked."""
        if self._body is None:
            self._body = self._read()
        return self._body

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The events in the body; none where it cannot be read as events."""
        return messages_of(self.path, self.body)


Action: TypeAlias = Answer | Cut | Reset | Wait | float | None
"""What to do about a request; a number is so many seconds to wait, ``None`` handles it as usual."""

Behaviour: TypeAlias = Callable[[IncomingRequest], Action]
