"""What the mapping asks of a memory: whether a person's call is news."""

from collections.abc import Hashable
from collections.abc import Mapping as MappingType
from typing import Any, NamedTuple, Protocol

__all__ = ["NO_MEMORY", "STAMPS", "Knows", "Memory", "Subject", "person_key", "subject_of"]

STAMPS = 251
"""Times are told apart by what is left of them when divided by this, whatever they are truncated to."""


class Subject(NamedTuple):
    """Of whom a memory knows what was said last, apart for each kind of call."""

    kind: str
    """``identify``, ``group`` or ``alias``."""
    person: str
    """As ``person_key()`` writes it."""


class Knows(Protocol):
    """Tells at the least cost whether a call surely says what was said last, and not at this time."""

    def __call__(self, person: str, content: Hashable, time: int, /) -> bool:
        """Tell it.

        Args:
            person: Of whom; see ``person_key()``.
            content: What it says, of which the hash is kept.
            time: The record's own time, in nanoseconds since 1970.
        """
        ...


class Memory(Protocol):
    """Knows what was last said of whom."""

    def knows(self, kind: str) -> "Knows":
        """Return what tells at the least cost whether a call of a kind surely says nothing new."""
        ...

    def is_news(self, kind: str, person: str, content: Hashable, occasion: int, time: int) -> bool:
        """Tell whether a call says what was not the last that was said, and remember that it is said now.

        Args:
            kind: The kind of call.
            person: Of whom; see ``person_key()``.
            content: What it says, of which the hash is kept; empty where it says nothing, which is news of a person of
                whom nothing is known.
            occasion: Three bytes that stand for the record that it is for, the third for its time alone, as what is
                left of it when divided by ``STAMPS``. The record that made a call makes it again when it comes again,
                so that an exporter which is given a record twice makes the same of it.
            time: The record's own time, in nanoseconds since 1970.
        """
        ...

    def forget(self, kind: str, person: str) -> None:
        """Let what was said count as never said."""
        ...


class _NoMemory:
    """Knows nothing, so that all is news."""

    def knows(self, kind: str) -> "Knows":  # noqa: ARG002
        return lambda *_: False

    def is_news(self, kind: str, person: str, content: Hashable, occasion: int, time: int) -> bool:  # noqa: ARG002
        return True

    def forget(self, kind: str, person: str) -> None:
        pass


NO_MEMORY: Memory = _NoMemory()


def person_key(user_id: str | None, anonymous_id: str | None) -> str:
    """Return who a call is about: the user, else the visitor; never the same for both."""
    return f"u{user_id}" if user_id else f"a{anonymous_id}"


def subject_of(call: MappingType[str, Any]) -> Subject | None:
    """Return under what a memory keeps a call, as a payload or as its decoded message.

    An alias is the visitor's whom it ties to a user.

    Returns:
        The subject; None for calls that no memory keeps.
    """
    kind = call.get("type")
    if kind == "alias":
        return Subject(kind, person_key(None, call.get("previousId")))
    if kind in {"identify", "group"}:
        return Subject(kind, person_key(call.get("userId"), call.get("anonymousId")))
    return None
