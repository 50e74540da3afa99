"""The messages of one request, and its body."""

from collections.abc import Iterable, Sequence

from otel_segment.wire._limits import MAX_BATCH_EVENT_BYTES, MAX_BATCH_EVENTS

__all__ = ["Batch", "encode_body"]


class Batch:
    """Messages that go in one request, within Segment's limits.

    Args:
        messages: The messages, where they are known beforehand.
        rows: Where they are in the spool.
    """

    __slots__ = ("due", "has_failed", "is_whole", "messages", "recovered", "rows", "size", "taken_over", "was_left")

    def __init__(self, messages: Iterable[bytes] = (), rows: Iterable[int] = ()) -> None:
        self.messages = list(messages)
        self.rows = list(rows)
        """The rows of the spool that hold the messages; none where they are in memory alone."""
        self.size = sum(map(len, self.messages)) + len(self.messages)
        """Bytes of the messages and the commas between them."""
        self.due = 0.0
        """When it is sent at the latest, on the monotonic clock."""
        self.is_whole = True
        """Whether nothing of it is settled yet."""
        self.has_failed = False
        """Whether a request with some of it has failed before."""
        self.was_left = False
        """Whether it was left in the spool, and taken up again."""
        self.recovered = 0
        """How many of the messages another process, or another exporter of this one, has left in the spool."""
        self.taken_over = 0
        """How many of those another exporter of this process has left."""

    @classmethod
    def without_room(cls) -> "Batch":
        """Return a batch that takes no message."""
        batch = cls()
        batch.size = MAX_BATCH_EVENT_BYTES
        return batch

    def __len__(self) -> int:
        return len(self.messages)

    def add(self, message: bytes, row: int | None = None) -> bool:
        """Add a message, with its row in the spool; return False where there is no room for it."""
        size = self.size + len(message) + 1
        if size > MAX_BATCH_EVENT_BYTES or len(self.messages) == MAX_BATCH_EVENTS:
            return False
        if row is None:
            if self.rows:
                return False  # a batch is in the spool or not, as a whole
        elif self.messages and not self.rows:
            return False
        else:
            self.rows.append(row)
        self.messages.append(message)
        self.size = size
        return True

    def remove(self, messages: Sequence[bytes]) -> None:
        """Take messages out that are settled."""
        if len(messages) == len(self.messages):
            self.messages = []
        else:
            gone = set(map(id, messages))
            self.messages = [message for message in self.messages if id(message) not in gone]
        self.is_whole = False


def encode_body(messages: Iterable[bytes], sent_at: str, write_key: str | None = None) -> bytes:
    """Return the body of a request.

    Args:
        messages: The encoded messages.
        sent_at: The time of this attempt; Segment corrects the events' times by it.
        write_key: The write key as a JSON text, where it goes in the body.
    """
    key = f',"writeKey":{write_key}' if write_key else ""
    return b'{"batch":[%b],"sentAt":"%b"%b}' % (b",".join(messages), sent_at.encode(), key.encode())
