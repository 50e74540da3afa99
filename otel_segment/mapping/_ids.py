"""Message ids: what the record brings, and what is made of it where one record makes several calls."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from otel_segment import semconv
from otel_segment._types import JsonObject, Payload
from otel_segment.mapping._record import Record

__all__ = ["MAX_ID_LENGTH", "derived_ids", "known_of", "message_id"]

MAX_ID_LENGTH = 99
"""Characters that a ``messageId`` may have: Segment's documents name 100 in one place, fewer than 100 in another."""


def message_id(record: Record) -> str | None:
    """Return the id that the record brings; a longer one than Segment takes is hashed."""
    uid = record.attributes.get(semconv.LOG_RECORD_UID)
    return _bounded(uid) if isinstance(uid, str) and uid else None


def derived_ids(base: str, payloads: Iterable[Payload]) -> None:
    """Give calls of one record ids that follow from one: that, and what tells them from each other.

    Args:
        base: The id that none of them has.
        payloads: The calls, which have none yet.
    """
    known = {base}
    for payload in payloads:
        wanted = f"{base}-{payload['type']}"
        # A rule may make a page, say, before an event that is a page itself.
        while (found := _bounded(wanted)) in known:
            wanted += "-own"
        known.add(found)
        payload["messageId"] = found


def known_of(kind: Any, event: str | None, record: Record) -> JsonObject:
    """Return what can be said of an event that has no payload."""
    known = {"type": kind, "event": event, "messageId": message_id(record)}
    return {field: value for field, value in known.items() if isinstance(value, str)}


def _bounded(text: str) -> str:
    if len(text) <= MAX_ID_LENGTH:
        return text
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
