"""The messages of one request, and its body."""

from otel_segment.wire._limits import MAX_BATCH_EVENT_BYTES, MAX_BATCH_EVENTS

__all__ = ["Batch"]


class Batch:
    """Messages that go in one request, within Segment's limits."""

    __slots__ = ("due", "messages", "size")

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.size = 0
        """Bytes of the messages and the commas between them."""
        self.due = 0.0
        """When it is sent at the latest, on the monotonic clock."""

    @classmethod
    def without_room(cls) -> "Batch":
        """Return a batch that takes no message."""
        batch = cls()
        batch.size = MAX_BATCH_EVENT_BYTES
        return batch

    def __len__(self) -> int:
        return len(self.messages)

    def add(self, message: bytes) -> bool:
        """Add a message; return False where there is no room for it."""
        size = self.size + len(message) + 1
        if size > MAX_BATCH_EVENT_BYTES or len(self.messages) == MAX_BATCH_EVENTS:
            return False
        self.messages.append(message)
        self.size = size
        return True

    def body(self, sent_at: str, write_key: str | None = None) -> bytes:
        """Return the body of a request.

        Args:
            sent_at: The time of this attempt; Segment corrects the events' times by it.
            write_key: The write key as a JSON text, where it goes in the body.
        """
        key = f',"writeKey":{write_key}' if write_key else ""
        return b'{"batch":[%b],"sentAt":"%b"%b}' % (b",".join(self.messages), sent_at.encode(), key.encode())
