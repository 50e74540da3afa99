"""Saying what became of events: metrics, log lines and the application's hooks. Never raises."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar

from otel_segment._log import logger, say
from otel_segment._types import JsonObject
from otel_segment.delivery._metrics import Metrics
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.wire import decode_message

__all__ = ["Reporter"]

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
}
# What was asked for is no cause for concern.
_WANTED = frozenset({DropReason.IGNORED_BY_RULE, DropReason.NO_CONSENT, DropReason.SAMPLED_OUT, DropReason.BEFORE_SEND})
_LOST = frozenset({DropReason.REJECTED, DropReason.RETRIES_EXHAUSTED})


class Reporter:
    """Reports for one exporter.

    Args:
        settings: The settings, of which the hooks are used.
        metrics: The exporter's instruments.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._on_delivered = settings.on_delivered
        self._on_dropped = settings.on_dropped
        self.metrics = metrics
        self._is_telling = ContextVar("otel_segment.is_telling", default=False)

    def settled(self, messages: Sequence[bytes], reason: DropReason | None, detail: str) -> None:
        """Report messages that have arrived, or were dropped for a reason after they could not."""
        self.metrics.exported(len(messages), reason)
        if reason is not None:
            self.dropped_messages(reason, messages, detail)
        elif self._on_delivered is not None:
            hook = self._on_delivered
            self._call("on_delivered", lambda: hook([decode_message(message) for message in messages]))

    def dropped(self, reason: DropReason, messages: Sequence[JsonObject], detail: str = "") -> None:
        """Report events that were dropped; the log line names them, and never shows their contents."""
        is_wanted = reason in _WANTED and not detail
        level = logging.DEBUG if is_wanted else logging.ERROR if reason in _LOST else logging.WARNING
        hint = "; ".join(filter(None, (detail, _CURES.get(reason))))
        say(
            f"dropped {reason}",
            level,
            "dropped %d event(s), %s: %s%s",
            len(messages),
            reason,
            _names(messages),
            f" ({hint})" if hint else "",
        )
        self._note(reason, messages)

    def dropped_messages(self, reason: DropReason, messages: Sequence[bytes], detail: str = "") -> None:
        """Report encoded messages that were dropped."""
        self.dropped(reason, [decode_message(message) for message in messages], detail)

    def left(self, messages: Sequence[bytes], where: str) -> None:
        """Report what the shutdown left undelivered; of this the number is always said."""
        with suppress(Exception):
            logger.error("shut down with %d event(s) not delivered to %s", len(messages), where)
        self.metrics.exported(len(messages), DropReason.SHUTDOWN)
        self._note(DropReason.SHUTDOWN, [decode_message(message) for message in messages])

    def _note(self, reason: DropReason, messages: Sequence[JsonObject]) -> None:
        self.metrics.dropped(len(messages), reason)
        # A hook that emits what is dropped in turn would be told of that, and so on without end.
        if self._on_dropped is not None and not self._is_telling.get():
            hook = self._on_dropped
            token = self._is_telling.set(True)
            self._call("on_dropped", lambda: hook(reason, list(messages)))
            self._is_telling.reset(token)

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
