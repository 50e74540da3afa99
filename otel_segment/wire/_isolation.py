"""Finding the messages for which an endpoint refuses a whole request: by halves, until each stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Isolation"]

_Answer = TypeVar("_Answer")

_PROBES = 8
"""Single messages that are tried before it is taken for granted that all will be refused."""


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
    nothing is taken for granted (``is_hopeless``) when it has refused ever smaller parts down to one message, and then
    single ones from all over.

    Args:
        messages: The messages, at least one.
        most_bytes: Bytes of messages that a request may have, as far as is known.
        is_doubtful: Whether the endpoint has refused everything of late, so that few requests are to be spent on it.
        credit: How many messages may be called offenders without another one accepted: the endpoint has accepted
            others since these were refused before.
    """

    def __init__(
        self, messages: Sequence[bytes], most_bytes: int, *, is_doubtful: bool = False, credit: int = 0
    ) -> None:
        self._parts = [_Part(messages)]
        self._most_bytes = most_bytes
        self._alone: list[tuple[bytes, _Answer]] = []
        self._refusals = 0
        self._before_probing = 1 if is_doubtful else (len(messages) - 1).bit_length() + 2
        self._credit = credit
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
            elif self._refusals >= self._before_probing and not self.has_evidence:
                self._single_out()
            else:
                return part.messages
        return None

    @property
    def is_hopeless(self) -> bool:
        """Whether the endpoint has refused so much, and accepted nothing, that it is no use to go on."""
        is_tried = self._refusals >= self._before_probing + _PROBES or (self._refusals > 1 and not self._parts)
        return not self.has_evidence and is_tried

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
        is_first_half = self._refusals <= 2 and part.other_half is not None and part.other_half in self._parts[-1:]  # noqa: PLR2004
        waiting = [self._parts.pop()] if is_first_half else []
        self._divide(part, is_about_size=for_size)
        # The other half of all goes first, since it will tell whether anything is accepted; after that, the smallest.
        self._parts += waiting

    def offenders(self) -> list[tuple[bytes, _Answer]]:
        """Return the messages that the endpoint will not have, as far as is known by now, and why; each once."""
        if self.has_evidence:
            found, self._alone = self._alone, []
        else:
            found, self._alone = self._alone[: self._credit], self._alone[self._credit :]
            self._credit -= len(found)
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

    def _single_out(self) -> None:
        """Have the message in the middle of the largest part sent alone, as a sample of what is there."""
        part = max(self._parts, key=lambda part: len(part.messages))
        self._parts.remove(part)
        middle = len(part.messages) // 2
        sides = [part.messages[:middle], part.messages[middle + 1 :]]
        self._parts += [*(_Part(side) for side in sides if side), _Part(part.messages[middle : middle + 1])]


def _size(messages: Sequence[bytes]) -> int:
    return sum(map(len, messages)) + len(messages) - 1
