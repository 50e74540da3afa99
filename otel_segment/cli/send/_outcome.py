"""What became of the messages that one call made."""

from dataclasses import dataclass, field
from typing import Any

from otel_segment.reasons import DropReason
from otel_segment.settings import Settings, masked, scrubbed

__all__ = ["Dropped", "Outcome"]

_WHY = {
    DropReason.IGNORED_BY_RULE: "a mapping rule says so",
    DropReason.UNKNOWN_TYPE: "the type is none of the six calls",
    DropReason.NO_CONSENT: "a consent that the mapping requires was not given",
    DropReason.SAMPLED_OUT: "the person is outside the share that a mapping rule keeps",
    DropReason.MISSING_EVENT: "a track call needs the name of an event",
    DropReason.MISSING_GROUP_ID: "a group call needs a group id",
    DropReason.MISSING_PREVIOUS_ID: "an alias call needs a previous id",
    DropReason.MISSING_USER_ID: "an alias call needs a user id",
    DropReason.MISSING_IDENTITY: "there is neither a user id nor an anonymous id, after the mapping",
    DropReason.CONVERSION_ERROR: "it could not be converted: a defect of this library",
    DropReason.BEFORE_SEND: "the hook before_send dropped it",
    DropReason.EVENT_TOO_LARGE: "Segment takes 32 KB an event",
    DropReason.REJECTED: "the endpoint refused it for good",
    DropReason.RETRIES_EXHAUSTED: "the endpoint did not take it in the time that --timeout gives",
    DropReason.QUEUE_FULL: "it found no room in memory",
    DropReason.SPOOL_FULL: "it found no room in the spool",
    DropReason.SHUTDOWN: "the endpoint did not answer in the time that --timeout gives",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message, or a call that made none, that was dropped."""

    reason: DropReason
    message_id: str | None

    @property
    def why(self) -> str:
        """The reason, in words."""
        return _WHY[self.reason]


@dataclass(slots=True)
class Outcome:
    """What became of a call.

    Attributes:
        messages: What the call made, as it leaves.
        delivered: The ids of the messages that arrived.
        dropped: What was dropped.
        requests: Requests by HTTP status; 0 where no answer came.
        seconds: How long it took.
        remarks: What was said on the way: log lines of the level WARNING and above.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    requests: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    def note_made(self, message: dict[str, Any]) -> dict[str, Any]:
        """Note a message that is about to leave."""
        self.messages.append(message)
        return message

    def note_delivered(self, messages: list[dict[str, Any]]) -> None:
        """Note messages that arrived."""
        self.delivered += [message["messageId"] for message in messages]

    def note_dropped(self, reason: DropReason, messages: list[dict[str, Any]]) -> None:
        """Note messages that were dropped."""
        self.dropped += [Dropped(reason, message.get("messageId")) for message in messages]

    def is_complete(self, *, dry_run: bool) -> bool:
        """Tell whether everything that it made has arrived, or would be sent."""
        return bool(self.messages) and not self.dropped and (dry_run or len(self.delivered) == len(self.messages))

    def facts(self, settings: Settings, *, dry_run: bool) -> dict[str, Any]:
        """Return all of it as one JSON object."""
        return {
            "outcome": self.word(dry_run=dry_run),
            "dryRun": dry_run,
            "messageIds": [message["messageId"] for message in self.messages],
            "endpoint": scrubbed(settings.url, settings.write_key),
            "writeKey": masked(settings.write_key),
            "delivered": self.delivered,
            "dropped": [
                {"reason": str(each.reason), "why": each.why, "messageId": each.message_id} for each in self.dropped
            ],
            "requests": {str(status): count for status, count in self.requests.items()},
            "seconds": round(self.seconds, 3),
            "messages": self.messages,
            "remarks": self.remarks,
        }

    def word(self, *, dry_run: bool) -> str:
        """Say in a word how it ended."""
        if self.is_complete(dry_run=dry_run):
            return "would be sent" if dry_run else "delivered"
        if self.dropped:
            return "dropped"
        return "not delivered" if self.messages else "not selected"
