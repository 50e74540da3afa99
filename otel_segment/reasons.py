"""Why an event may be dropped: the closed list."""

from enum import Enum

__all__ = ["DropReason"]


class DropReason(str, Enum):
    """The reason that a dropped event is counted, logged and reported under.

    Where several reasons hold for one event, the first in the order of this list is given.
    """

    IGNORED_BY_RULE = "ignored_by_rule"
    """A mapping rule says so, or leaves no call to make."""
    UNKNOWN_TYPE = "unknown_type"
    """``analytics.type`` is not one of the six calls."""
    NO_CONSENT = "no_consent"
    """A consent that the mapping requires was not given."""
    SAMPLED_OUT = "sampled_out"
    """The person is outside the share that a rule keeps."""
    MISSING_EVENT = "missing_event"
    """A track call has no event name."""
    MISSING_GROUP_ID = "missing_group_id"
    """A group call has no group id."""
    MISSING_PREVIOUS_ID = "missing_previous_id"
    """An alias call has no previous id."""
    MISSING_USER_ID = "missing_user_id"
    """An alias call has no user id."""
    MISSING_IDENTITY = "missing_identity"
    """There is neither a user id nor an anonymous id."""
    CONVERSION_ERROR = "conversion_error"
    """The record could not be converted: a defect of this library, said with its traceback."""
    BEFORE_SEND = "before_send"
    """The ``before_send`` hook dropped it, or failed."""
    EVENT_TOO_LARGE = "event_too_large"
    """The encoded event is larger than Segment accepts."""
    REJECTED = "rejected"
    """The endpoint refused it for good."""
    RETRIES_EXHAUSTED = "retries_exhausted"
    """The endpoint could not be reached within ``max_retry_time``."""
    QUEUE_FULL = "queue_full"
    """More bytes were waiting than ``max_queue_bytes`` allows."""
    SPOOL_FULL = "spool_full"
    """The durable spool is at its bound."""
    SHUTDOWN = "shutdown"
    """It was still waiting when the time for shutting down had passed."""

    def __str__(self) -> str:
        return self.value
