"""Counting requests."""

import threading
from collections import Counter

import msgspec

from otel_segment.delivery._stats import Stats
from otel_segment.transport import Reply

__all__ = ["Requests"]


class Requests:
    """The requests of one process, counted."""

    def __init__(self) -> None:
        # A signal handler may flush, and so send, on the thread that is counting.
        self._lock = threading.RLock()
        self._statuses: Counter[int] = Counter()
        self._retries = 0
        self._sent_bytes = 0

    def made(self, reply: Reply, size: int, *, is_retry: bool) -> None:
        """Count one request."""
        with self._lock:
            self._statuses[reply.status] += 1
            self._retries += is_retry
            self._sent_bytes += size

    def added_to(self, stats: Stats) -> Stats:
        """Return a snapshot with the requests in it."""
        with self._lock:
            return msgspec.structs.replace(
                stats, requests=dict(self._statuses), retries=self._retries, sent_bytes=self._sent_bytes
            )
