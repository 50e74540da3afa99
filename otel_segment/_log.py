"""The package's logger, and how often it may say the same thing."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

__all__ = ["REPEAT_AFTER", "forget_said", "logger", "say", "say_once"]

logger = logging.getLogger("otel_segment")

REPEAT_AFTER = 60.0
"""Seconds for which a message of one kind is not said again."""

_MOST_KINDS = 1_000

# Plain dictionaries without a lock: a fork cannot leave them locked, and the worst that a race does is to say a
# line twice.
_last_said: dict[str, float] = {}
_unsaid: dict[str, int] = {}


def say(
    kind: str,
    level: int,
    message: str,
    *arguments: object,
    exc_info: BaseException | None = None,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Log a message, at most once in ``REPEAT_AFTER`` seconds for each kind.

    What was held back since is counted in the next line of that kind. Never call it with a lock held: a logging
    handler may come back to us.

    Args:
        kind: What the message is about; messages of one kind share the limit.
        level: A level of :mod:`logging`.
        message: The message, with ``%`` placeholders.
        *arguments: The values for the placeholders; never a secret, never a payload.
        exc_info: An error whose traceback is of use to a person.
        now: The monotonic clock, in seconds.
    """
    moment = now()
    last = _last_said.get(kind)
    if last is not None and moment - last < REPEAT_AFTER:
        _unsaid[kind] = _unsaid.get(kind, 0) + 1
        return
    if len(_last_said) >= _MOST_KINDS:
        _last_said.clear()
    _last_said[kind] = moment
    if unsaid := _unsaid.pop(kind, 0):
        message += " (%d more like this in the meantime)"
        arguments = (*arguments, unsaid)
    # A logging handler of the application may fail, and that must not end what we are at.
    with suppress(Exception):
        logger.log(level, message, *arguments, exc_info=exc_info)


def say_once(kind: str, level: int, message: str, *arguments: object) -> None:
    """Log a message the first time that its kind comes up in this process, and never again."""
    if kind in _last_said:
        return
    if len(_last_said) >= _MOST_KINDS:
        _last_said.clear()
    _last_said[kind] = float("inf")
    with suppress(Exception):
        logger.log(level, message, *arguments)


def forget_said() -> None:
    """Begin as if nothing had been said yet."""
    _last_said.clear()
    _unsaid.clear()
