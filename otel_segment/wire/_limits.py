"""Segment's limits on a batch call (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/)."""

__all__ = ["MAX_BATCH_EVENTS", "MAX_BATCH_EVENT_BYTES", "MAX_EVENT_BYTES"]

MAX_EVENT_BYTES = 32 * 1024
"""Bytes of one encoded event."""

MAX_BATCH_EVENTS = 2_500
"""Events of one request; what is over is accepted with a 200 and dropped."""

MAX_BATCH_EVENT_BYTES = 475_000
"""Bytes of the events of one request: its body may have 500 KB, of which the envelope needs little."""
