"""Calls that are refused for their arguments: never raised into an application, always counted, said once."""

import logging
import sys
from contextlib import suppress
from threading import Lock
from types import FrameType
from typing import Final, Protocol

from otel_segment._log import say_once
from otel_segment._version import __version__

__all__ = ["INVALID_ARGUMENT", "INVALID_TIMESTAMP", "WithheldError", "WrongArgumentError", "refuse", "refused"]

INVALID_ARGUMENT: Final = "invalid_argument"
"""An argument is of a type that the call has no use for."""

INVALID_TIMESTAMP: Final = "invalid_timestamp"
"""The time of an event is none; the one kind whose event is emitted all the same, with the current time."""


class WrongArgumentError(ValueError):
    """What is wrong with a call: the argument, what it was, what is wanted.

    Attributes:
        reason: What it is counted under: a value of ``DropReason`` where one fits, else one of this module.
        argument: The argument that is at fault.
    """

    def __init__(self, reason: str, call: str, argument: str, problem: str) -> None:
        super().__init__(f"{call}(): {argument} {problem}")
        self.reason = reason
        self.argument = argument


class WithheldError(Exception):
    """A call is about a visitor who does not want to be known; nothing is wrong with it."""


class _Counter(Protocol):
    def add(self, amount: int, attributes: dict[str, str]) -> None: ...


_counts: dict[str, int] = {}
_counter: _Counter | None = None
_lock = Lock()

# A fork may leave the lock locked for good. To count without it may miss one; to wait for ever is worse.
_PATIENCE_S = 0.1
_PACKAGE = __name__.partition(".")[0]


def refuse(refusal: WrongArgumentError) -> None:
    """Count a refusal, and say the first one of each kind."""
    held = _lock.acquire(timeout=_PATIENCE_S)
    try:
        _counts[refusal.reason] = _counts.get(refusal.reason, 0) + 1
    finally:
        if held:
            _lock.release()
    # The MeterProvider is foreign code.
    with suppress(Exception):
        _measure(refusal.reason)
    where = _caller()
    say_once(
        f"refused {refusal.reason} {refusal.argument} {where}",
        logging.WARNING,
        "%s, at %s; more like this from there are counted but not logged (%s)",
        refusal,
        where,
        refusal.reason,
    )


def refused() -> dict[str, int]:
    """How often each reason was given in this process."""
    return dict(_counts)


def _caller() -> str:
    """Return the file and the line of the application that made the call."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - what inspect does, without reading files
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return "?" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _measure(reason: str) -> None:
    global _counter  # noqa: PLW0603 - one instrument for the process
    if _counter is None:
        from opentelemetry.metrics import get_meter

        _counter = get_meter("otel_segment", __version__).create_counter(
            "otel_segment.calls.refused",
            unit="{call}",
            description="Calls of otel_segment.analytics whose arguments were wrong, by reason.",
        )
    _counter.add(1, {"otel_segment.reason": reason})
