"""Streamed answers of Django, each step of which runs with the visitor."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from otel_segment.instrumentation._visit import Visit

__all__ = ["follow"]


def follow(response: Any, visit: Visit) -> None:
    """Let the code that makes a streamed answer run with the visitor; a file that is sent is left as it is."""
    if getattr(response, "file_to_stream", None) is not None:
        # Servers send it by themselves; no code of the application makes it.
        return
    kind = _AsyncSteps if getattr(response, "is_async", False) else _Steps
    response.streaming_content = kind(response.streaming_content, visit)


class _Steps:
    # Has no close(), which would be called beside the one of what is inside: the answer keeps that already.
    def __init__(self, body: Iterator[bytes], visit: Visit) -> None:
        self._body = body
        self._visit = visit

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._visit.presence:
            return next(self._body)


class _AsyncSteps:
    def __init__(self, body: AsyncIterator[bytes], visit: Visit) -> None:
        self._body = body
        self._visit = visit

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with self._visit.presence:
            return await anext(self._body)
