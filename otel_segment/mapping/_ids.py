"""Message ids: what the record brings, and what is made of it where one record makes several calls."""

from hashlib import blake2b

from otel_segment import semconv
from otel_segment._types import Payload
from otel_segment.mapping._record import Record

__all__ = ["MAX_ID_LENGTH", "derived_ids", "message_id"]

MAX_ID_LENGTH = 99
"""Characters that a ``messageId`` may have: Segment's documents name 100 in one place, fewer than 100 in another."""


def message_id(record: Record) -> str | None:
    """Return the id that the record brings; a longer one than Segment takes is hashed."""
    uid = record.attributes.get(semconv.LOG_RECORD_UID)
    return _bounded(uid) if isinstance(uid, str) and uid else None


def derived_ids(first: str, payloads: list[Payload]) -> None:
    """Give the calls after the first of one record their ids: that of the first, and what tells them from it."""
    known = {first}
    for payload in payloads[1:]:
        wanted = f"{first}-{payload['type']}"
        # A rule may make a page, say, before an event that is a page itself.
        while (found := _bounded(wanted)) in known:
            wanted += "-own"
        known.add(found)
        payload["messageId"] = found


def _bounded(text: str) -> str:
    if len(text) <= MAX_ID_LENGTH:
        return text
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
