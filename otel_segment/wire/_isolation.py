"""Finding the messages for which an endpoint refuses a whole request: by halves, until each stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Isolation"]

_Answer = TypeVar("_Answer")

_FEW = 4
"""Requests that show that only some of the messages are at fault, if so: all, one half, the other."""


@dataclass(slots=True, eq=False)
class _Part:
    """Messages that go in one request.

    Attributes:
        messages: The messages.
        other_half: What is sent after it, of the same refused request.
        is_suspect: Whether it was refused already: as a whole the other half has shown to be innocent.
    """

    messages: Sequence[bytes]
    other_half: "_Part | None" = None
    is_suspect: bool = False


class Isolation(Generic[_Answer]):
    """The way of some messages through an endpoint that may refuse requests for what is in them.

    Ask for the ``next()`` part, send it, and say what came of it. One offender among ``n`` messages costs at most
    ``2 * log2(n) + 2`` requests. A message is called an offender when it was refused alone and the endpoint accepted
    another one of these: an endpoint that accepts nothing at all says nothing about the messages. That it accepts
    nothing is taken for granted after as many requests (``is_hopeless``).

    Args:
        messages: The messages, at least one.
        most_bytes: Bytes of messages that a request may have, as far as is known.
        is_doubtful: Whether the endpoint has refused everything of late, so that few requests are to be spent on it.
    """

    def __init__(self, messages: Sequence[bytes], most_bytes: int, *, is_doubtful: bool = False) -> None:
        self._parts = [_Part(messages)]
        self._most_bytes = most_bytes
        self._alone: list[tuple[bytes, _Answer]] = []
        self._refusals = 0
        self._most_refusals = _FEW if is_doubtful else 2 * (len(messages) - 1).bit_length() + 2
        self._refused_size = 0
        self.has_evidence = False
        """Whether the endpoint has accepted any of these messages."""

    def next(self) -> Sequence[bytes] | None:
        """Return what to send next, the same until something is said about it; None where nothing is left to send."""
        while self._parts and not self.is_hopeless:
            part = self._parts[-1]
            if len(part.messages) == 1:
                return part.messages
            if part.is_suspect or _size(part.messages) > self._most_bytes:
                self._divide(self._parts.pop(), is_about_size=not part.is_suspect)
            else:
                return part.messages
        return None

    @property
    def is_hopeless(self) -> bool:
        """Whether the endpoint has refused so much, and accepted nothing, that it is no use to go on."""
        return not self.has_evidence and (
            self._refusals >= self._most_refusals or (self._refusals > 1 and not self._parts)
        )

    @property
    def most_bytes(self) -> int:
        """Bytes of messages that a request may have, as far as is known by now."""
        learned = self.has_evidence and self._refused_size
        return min(self._most_bytes, self._refused_size // 2) if learned else self._most_bytes

    def accepted(self) -> Sequence[bytes]:
        """Note that the part was accepted; return its messages."""
        part = self._parts.pop()
        self.has_evidence = True
        if part.other_half is not None:
            part.other_half.is_suspect = True
        return part.messages

    def refused(self, answer: _Answer, *, for_size: bool) -> None:
        """Note that the part was refused.

        Args:
            answer: The endpoint's answer, which is kept where the part is one message.
            for_size: Whether for being too large, which says nothing about its parts.
        """
        part = self._parts.pop()
        self._refusals += 1
        if len(part.messages) == 1:
            self._alone.append((part.messages[0], answer))
            return
        if for_size:
            self._refused_size = min(_size(part.messages), self._refused_size or self._most_bytes)
        waiting = [self._parts.pop()] if part.other_half is not None and self._refusals <= 2 else []  # noqa: PLR2004
        self._divide(part, is_about_size=for_size)
        # The other half of all goes first, since it will tell whether anything is accepted; after that, the smallest.
        self._parts += waiting

    def offenders(self) -> list[tuple[bytes, _Answer]]:
        """Return the messages that the endpoint will not have, as far as is known by now, and why; each once."""
        if not self.has_evidence:
            return []
        found, self._alone = self._alone, []
        return found

    def left(self) -> list[bytes]:
        """Return the messages of which nothing is known yet."""
        alone = [message for message, _ in self._alone]
        return [*alone, *(message for part in reversed(self._parts) for message in part.messages)]

    def _divide(self, part: _Part, *, is_about_size: bool) -> None:
        middle = len(part.messages) // 2
        second = _Part(part.messages[middle:])
        first = _Part(part.messages[:middle], None if is_about_size else second)
        self._parts += [second, first]


def _size(messages: Sequence[bytes]) -> int:
    return sum(map(len, messages)) + len(messages) - 1
