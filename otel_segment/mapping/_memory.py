"""What the mapping asks of a memory: whether a person's call is news."""

from collections.abc import Hashable
from collections.abc import Mapping as MappingType
from typing import Any, NamedTuple, Protocol

__all__ = ["NO_MEMORY", "Memory", "Subject", "person_key", "subject_of"]


class Subject(NamedTuple):
    """Of whom a memory knows what was said last, apart for each kind of call."""

    kind: str
    """``identify``, ``group`` or ``alias``."""
    person: str
    """As ``person_key()`` writes it."""


class Memory(Protocol):
    """Knows what was last said of whom."""

    def is_known(self, kind: str, person: str, content: Hashable, stamp: int, time: int) -> bool:
        """Tell at the least cost whether a call surely says what was said last, and not on this occasion.

        Args:
            kind: The kind of call.
            person: Of whom; see ``person_key()``.
            content: What it says, of which the hash is kept.
            stamp: The third byte of the occasion.
            time: The record's own time, in nanoseconds since 1970.
        """
        ...

    def is_news(self, kind: str, person: str, content: Hashable, occasion: int, time: int) -> bool:
        """Tell whether a call says what was not the last that was said, and remember that it is said now.

        Args:
            kind: The kind of call.
            person: Of whom.
            content: What it says; empty where it says nothing, which is news of a person of whom nothing is known.
            occasion: Three bytes that stand for the record that it is for, the third for its time alone. The record
                that made a call makes it again when it comes again, so that an exporter which is given a record twice
                makes the same of it.
            time: The record's own time, in nanoseconds since 1970.
        """
        ...

    def forget(self, kind: str, person: str) -> None:
        """Let what was said count as never said."""
        ...


class _NoMemory:
    """Knows nothing, so that all is news."""

    def is_known(self, kind: str, person: str, content: Hashable, stamp: int, time: int) -> bool:  # noqa: ARG002
        return False

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
