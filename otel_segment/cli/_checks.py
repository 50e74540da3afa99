"""What of a dead-letter file can be sent again."""

from typing import NamedTuple

import msgspec

from otel_segment.dead_letter import Letter
from otel_segment.inspector import Outcome, Problem, problems_of
from otel_segment.reasons import DropReason
from otel_segment.wire import decode_message, encode_message

__all__ = ["Checked", "check"]

_REASONS = {str(reason): reason for reason in DropReason}
_is_event = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Checked(NamedTuple):
    """A line that was looked at.

    Attributes:
        letter: The line.
        message: The event; ``None`` where the line holds none.
        problem: Why it cannot be sent; ``None`` where it can.
    """

    letter: Letter
    message: bytes | None
    problem: Problem | None

    @property
    def reason(self) -> DropReason:
        """The reason that it is put down under again."""
        known = _REASONS.get(str(self.problem)) or _REASONS.get(self.letter.reason)
        return known or DropReason.REJECTED


def check(letter: Letter) -> Checked:
    """Look at a line; an event on a line of its own, as ``spool export`` writes it, will do as well."""
    raw = letter.raw if letter.message is None else letter.message
    if not _is_readable(raw):
        return Checked(letter, None, Problem.INVALID_JSON)
    found = [problem for problem in problems_of(raw) if problem.outcome is not Outcome.ALTERED]
    if not found:
        return Checked(letter, _with_id(raw.strip()), None)
    message = None if found[0].outcome is Outcome.REFUSED and found[0] is not Problem.EVENT_TOO_LARGE else raw
    return Checked(letter, message, found[0])


def _is_readable(raw: bytes) -> bool:
    """Tell whether all of it can be decoded: a number may be valid JSON, and be none that can be had here."""
    try:
        decode_message(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True


def _with_id(message: bytes) -> bytes:
    """Return a message as it is, or with an id that is the same each time, where it has none."""
    payload = decode_message(message)
    if isinstance(payload.get("messageId"), str) and payload["messageId"]:
        return message
    payload.pop("messageId", None)
    return encode_message(payload, bytes)  # type: ignore[arg-type]
