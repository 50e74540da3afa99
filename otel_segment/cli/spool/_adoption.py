"""Rows that were meant for another endpoint or source, given to the one that is set now."""

from collections.abc import Sequence

from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli.spool._words import confirmed, count
from otel_segment.spool import Destination, DestinationStatus, Spool
from otel_segment.wire import MAX_BATCH_EVENT_BYTES, MAX_BATCH_EVENTS

__all__ = ["adopt"]

_EVER = 1e18


def adopt(spool: Spool, wanted: str, to: Destination, found: Sequence[DestinationStatus], *, yes: bool) -> None:
    """Give rows another destination, after asking.

    Args:
        spool: The spool.
        wanted: The fingerprint or the hint of their source, or the last characters of its write key.
        to: The destination that they get.
        found: What is in the spool.
        yes: Whether the answer was given beforehand.

    Raises:
        CommandError: No source is called that, or more than one, or the answer is no.
    """
    foreign = [each for each in found if (each.url, each.source) != (to.url, to.source)]
    matching = [each for each in foreign if wanted in {each.source, each.hint, each.hint.lstrip("*")}]
    if len({each.source for each in matching}) != 1:
        listed = "; ".join(f"{each.source} ({each.hint or '?'}, {count(each.events, 'event')})" for each in foreign)
        msg = f"{'more than one' if matching else 'no'} source is called {wanted}; there is {listed or 'no other one'}"
        raise CommandError(msg, UNUSABLE)
    for each in matching:
        question = (
            f"Send {count(each.events, 'event')} of source {each.hint or each.source} for {each.url} to {to.hint}"
        )
        if not confirmed(f"{question} at {to.url} instead?", yes=yes):
            msg = "nothing was sent"
            raise CommandError(msg)
    for each in matching:
        _move(spool, Destination(each.url, each.source, each.hint), to)


def _move(spool: Spool, source: Destination, to: Destination) -> None:
    while rows := spool.claim(source, MAX_BATCH_EVENTS, MAX_BATCH_EVENT_BYTES, _EVER):
        messages = [message for row in rows for message in row.messages]
        spool.replace([row.id for row in rows], to, messages)
