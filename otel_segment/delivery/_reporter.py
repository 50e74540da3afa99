"""Saying what became of events: metrics, log lines and the application's hooks. Never raises."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import NamedTuple, TypeAlias

from otel_segment._clock import Clock
from otel_segment._log import logger, say
from otel_segment._types import JsonObject
from otel_segment.dead_letter import DeadLetter
from otel_segment.delivery._metrics import Metrics
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.transport import Reply
from otel_segment.wire import decode_message

__all__ = ["Fate", "OnLost", "Reporter"]

OnLost: TypeAlias = Callable[[JsonObject], None]
"""Is told of a message that was lost on its way."""

# What a person can do about it, where the name of the reason does not say it all.
_CURES = {
    DropReason.UNKNOWN_TYPE: "analytics.type is track, page, screen, identify, group or alias",
    DropReason.MISSING_EVENT: "give the record an event_name",
    DropReason.MISSING_GROUP_ID: "give analytics.group.id",
    DropReason.MISSING_PREVIOUS_ID: "give analytics.previous_id",
    DropReason.MISSING_USER_ID: "give user.id",
    DropReason.MISSING_IDENTITY: "give user.id or analytics.anonymous_id",
    DropReason.EVENT_TOO_LARGE: "Segment takes 32 KB an event",
    DropReason.QUEUE_FULL: "emit less, or raise max_queue_bytes",
    DropReason.SPOOL_FULL: "raise spool_max_bytes, or see why so much is waiting: otel-segment spool status",
}
# What was asked for is no cause for concern.
_WANTED = frozenset({DropReason.IGNORED_BY_RULE, DropReason.NO_CONSENT, DropReason.SAMPLED_OUT, DropReason.BEFORE_SEND})
_LOST = frozenset({DropReason.REJECTED, DropReason.RETRIES_EXHAUSTED, DropReason.SPOOL_FULL})
_LOST_ON_THE_WAY = _LOST | {DropReason.QUEUE_FULL, DropReason.SHUTDOWN}
# What is not stored, even where a file is set: it was not to leave, or there is nothing of it.
_NEVER_KEPT = _WANTED | {DropReason.CONVERSION_ERROR}
# What never came to the hook that may edit and remove.
_UNSEEN = frozenset(
    {
        DropReason.UNKNOWN_TYPE,
        DropReason.MISSING_EVENT,
        DropReason.MISSING_GROUP_ID,
        DropReason.MISSING_PREVIOUS_ID,
        DropReason.MISSING_USER_ID,
        DropReason.MISSING_IDENTITY,
    }
)


class Fate(NamedTuple):
    """What became of messages: no reason to drop them means that they have arrived."""

    reason: DropReason | None = None
    detail: str = ""
    """What a person needs to know besides."""
    status: int = 0
    """The HTTP status of the answer that decided it; 0 where none did."""
    answer: str = ""
    """The beginning of that answer."""

    @classmethod
    def of(cls, reason: DropReason, reply: Reply) -> "Fate":
        """Return the fate that an answer decides."""
        return cls(reason, reply.detail, reply.status, reply.text)


class Reporter:
    """Reports for one exporter.

    Args:
        settings: The settings, of which the hooks and the dead-letter file are used.
        metrics: The exporter's instruments.
        clock: The clock.
        on_lost: Told of each message that delivery has given up for good, also where a file has it; None for nobody.
    """

    def __init__(self, settings: Settings, metrics: Metrics, clock: Clock, on_lost: OnLost | None = None) -> None:
        self._on_delivered = settings.on_delivered
        self._on_dropped = settings.on_dropped
        self._on_lost = on_lost
        self._clock = clock
        self._dead_letter = (
            DeadLetter(settings.dead_letter, settings.dead_letter_max_bytes)
            if settings.dead_letter and not settings.disabled
            else None
        )
        self._never_kept = _NEVER_KEPT | (_UNSEEN if settings.before_send else frozenset())
        self.metrics = metrics
        self._is_telling = ContextVar("otel_segment.is_telling", default=False)

    def settled(self, messages: Sequence[bytes], fate: Fate) -> bool:
        """Report messages that have arrived, or were dropped after they could not; tell whether a file has them."""
        self.metrics.exported(len(messages), fate.reason)
        if fate.reason is not None:
            return self.dropped_messages(messages, fate)
        if self._on_delivered is not None:
            hook = self._on_delivered
            self._call("on_delivered", lambda: hook([decode_message(message) for message in messages]))
        return False

    def dropped(self, messages: Sequence[JsonObject], fate: Fate) -> bool:
        """Report events that were dropped; the log line names them, and never shows their contents.

        Returns:
            Whether they are in the dead-letter file.
        """
        reason = fate.reason or DropReason.REJECTED
        is_wanted = reason in _WANTED and not fate.detail
        level = logging.DEBUG if is_wanted else logging.ERROR if reason in _LOST else logging.WARNING
        hint = "; ".join(filter(None, (fate.detail, _CURES.get(reason))))
        say(
            f"dropped {reason}",
            level,
            "dropped %d event(s), %s: %s%s",
            len(messages),
            reason,
            _names(messages),
            f" ({hint})" if hint else "",
        )
        return self._note(messages, fate)

    def dropped_messages(self, messages: Sequence[bytes], fate: Fate) -> bool:
        """Report encoded messages that were dropped; tell whether they are in the dead-letter file."""
        return self.dropped([decode_message(message) for message in messages], fate)

    def left(self, messages: Sequence[bytes], where: str) -> bool:
        """Report what the shutdown left undelivered; of this the number is always said."""
        with suppress(Exception):
            logger.error("shut down with %d event(s) not delivered to %s", len(messages), where)
        self.metrics.exported(len(messages), DropReason.SHUTDOWN)
        return self._note([decode_message(message) for message in messages], Fate(DropReason.SHUTDOWN))

    def _note(self, messages: Sequence[JsonObject], fate: Fate) -> bool:
        reason = fate.reason or DropReason.REJECTED
        if self._on_lost is not None and reason in _LOST_ON_THE_WAY:
            self._tell_lost(self._on_lost, messages)
        is_kept = self._keep(messages, fate, reason)
        if is_kept:
            self.metrics.dead_lettered(len(messages), reason)
        else:
            self.metrics.dropped(len(messages), reason)
        # A hook that emits what is dropped in turn would be told of that, and so on without end.
        if self._on_dropped is not None and not self._is_telling.get():
            hook = self._on_dropped
            token = self._is_telling.set(True)
            self._call("on_dropped", lambda: hook(reason, list(messages)))
            self._is_telling.reset(token)
        return is_kept

    def _tell_lost(self, on_lost: OnLost, messages: Sequence[JsonObject]) -> None:
        try:
            for message in messages:
                on_lost(message)
        except Exception as error:  # noqa: BLE001 - a defect of ours keeps nobody from hearing of the loss
            say("lost", logging.ERROR, "the loss of an event could not be noted", exc_info=error)

    def _keep(self, messages: Sequence[JsonObject], fate: Fate, reason: DropReason) -> bool:
        """Write messages to the dead-letter file, where there is one and they may be stored."""
        if self._dead_letter is None or reason in self._never_kept:
            return False
        answer = fate.answer or fate.detail
        return self._dead_letter.write(reason, messages, fate.status, answer, self._clock.time())

    def _call(self, name: str, hook: Callable[[], None]) -> None:
        try:
            hook()
        except Exception as error:  # noqa: BLE001 - an application's hook may do anything
            say(f"hook {name}", logging.ERROR, "the hook %s failed", name, exc_info=error)


def _names(messages: Sequence[JsonObject]) -> str:
    """Return the names of the first events: what a person needs to find the code that emits them."""
    names = dict.fromkeys(str(message.get("event") or message.get("type") or "?") for message in messages)
    shown = [f"{name[:80]!r}" for name in list(names)[:3]]
    return ", ".join(shown) + (" and others" if len(names) > len(shown) else "")
