"""What a check finds, in one form for people and for programs."""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import TypeAlias

import msgspec

__all__ = ["Check", "Finding", "Section", "State", "broken", "fine", "unknown", "warning"]


class State(str, Enum):
    """How something is."""

    OK = "ok"
    UNKNOWN = "unknown"
    """It cannot be known from here; nothing to worry about by itself."""
    WARNING = "warning"
    """It works, but hardly as it was meant."""
    BROKEN = "broken"
    """Events are lost, or the start fails."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line.

    Attributes:
        state: How it is.
        what: What was found; where something is wrong, with the cause.
        source: Where it comes from: a variable, a file, the default.
        cure: What to change.
    """

    state: State
    what: str
    source: str = ""
    cure: str = ""


class Section(msgspec.Struct, frozen=True):
    """What was found about one subject."""

    title: str
    findings: list[Finding]


Check: TypeAlias = Callable[[], Iterator[Finding]]
"""Looks at one subject."""


def fine(what: str, source: str = "") -> Finding:
    """Say what is as it should be."""
    return Finding(State.OK, what, source)


def unknown(what: str, source: str = "", cure: str = "") -> Finding:
    """Say what cannot be known from here."""
    return Finding(State.UNKNOWN, what, source, cure)


def warning(what: str, cure: str, source: str = "") -> Finding:
    """Say what is doubtful, and what to change."""
    return Finding(State.WARNING, what, source, cure)


def broken(what: str, cure: str, source: str = "") -> Finding:
    """Say what does not work, and what to change."""
    return Finding(State.BROKEN, what, source, cure)
