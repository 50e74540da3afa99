"""The feed: what arrives, told to everybody who looks on, at once and in bounded memory."""

import asyncio
import itertools
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import msgspec

from otel_segment.inspector.live._row import Row

__all__ = ["Feed", "FullFeedError", "events_frame"]

_GATHER_SECONDS: Final = 0.02
_SECONDS_PER_VIEWER: Final = 0.000_25
_SUMMARY_SECONDS: Final = 1.0
_KEEP_ALIVE_SECONDS: Final = 15.0
_ROWS_PER_FRAME: Final = 500
_FRAMES: Final = 1_000
_ROWS: Final = 10_000
_MAX_PENDING: Final = 20_000
_MAX_VIEWERS: Final = 2_000

_RETRY: Final = b"retry: 500\n\n"
"""After how many milliseconds a viewer that was cut off is to come back."""

_encode = msgspec.json.encode


class FullFeedError(Exception):
    """There are as many viewers as can be."""


class _Frame(msgspec.Struct, frozen=True):
    """What is sent to everybody, made once."""

    data: bytes
    rows: Sequence[Row] = ()


def events_frame(rows: list[Row], skipped: int, last: int) -> bytes:
    """Give the server-sent event that tells of events.

    Args:
        rows: The events, in their order.
        skipped: How many before them are not told of.
        last: The number that the viewer has then come to.
    """
    return b"id: %d\nevent: events\ndata: %s\n\n" % (last, _encode({"events": rows, "skipped": skipped}))


class Feed:
    """Gathers events for a moment and hands them on in frames, which all viewers share.

    A viewer who cannot keep up with the frames that are remembered is told how many events it missed.
    """

    def __init__(self, summary: Callable[[], dict[str, Any]], version: Callable[[], object]) -> None:
        """Make a feed without viewers.

        Args:
            summary: Gives what the viewers are told of as a whole.
            version: Gives another number whenever that has changed.
        """
        self._summary = summary
        self._version = version
        self._pending: deque[Row] = deque(maxlen=_MAX_PENDING)
        self._lock = threading.Lock()
        self._frames: deque[_Frame] = deque()
        self._rows = 0
        self._made = 0
        self._viewers: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_due = False
        self._last_flush = 0.0
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many look on."""
        return len(self._viewers)

    def publish(self, rows: list[Row]) -> None:
        """Tell of events; from any thread, in their order."""
        loop = self._loop
        if loop is None or not self._viewers:
            return
        with self._lock:
            self._pending.extend(rows)
            if self._is_due:
                return
            self._is_due = True
        loop.call_soon_threadsafe(self._schedule)

    async def run(self) -> None:
        """Tell the viewers of the whole, each second in which something has changed, until cancelled."""
        self._loop = asyncio.get_running_loop()
        told: object = None
        quiet = 0.0
        while True:
            await asyncio.sleep(_SUMMARY_SECONDS)
            quiet += _SUMMARY_SECONDS
            if self._viewers and self._version() != told:
                told, quiet = self._version(), 0.0
                self._push(_Frame(self.summary_frame()))
            elif quiet >= _KEEP_ALIVE_SECONDS:
                quiet = 0.0
                self._push(_Frame(b": still here\n\n"))

    def summary_frame(self) -> bytes:
        """Give the server-sent event that tells of the whole."""
        return b"event: summary\ndata: %s\n\n" % _encode(self._summary())

    def close(self) -> None:
        """Tell the viewers the last, and send them away; on the loop's thread."""
        if self._loop is not None:
            self._flush()
        self._closed = True
        for viewer in self._viewers:
            viewer.set()

    async def follow(self, catch_up: Callable[[], tuple[list[Row], int, int]]) -> AsyncIterator[bytes]:
        """Give the frames for one viewer as they come.

        Args:
            catch_up: Gives, on a thread of its own, what came before: events, how many are left out before them,
                and the number of the last event.

        Raises:
            FullFeedError: If there are too many viewers.
        """
        if len(self._viewers) >= _MAX_VIEWERS:
            raise FullFeedError
        signal = asyncio.Event()
        self._viewers.add(signal)
        try:
            position = self._made
            rows, skipped, last = await asyncio.to_thread(catch_up)
            yield _RETRY + events_frame(rows, skipped, last) + self.summary_frame()
            while not self._closed:
                await signal.wait()
                signal.clear()
                frames, position = self._since(position)
                pieces, last = _for_one(frames, last)
                if pieces:
                    yield b"".join(pieces)
        finally:
            self._viewers.discard(signal)

    def _since(self, position: int) -> tuple[list[_Frame], int]:
        newest_first = itertools.islice(reversed(self._frames), self._made - position)
        return list(newest_first)[::-1], self._made

    def _schedule(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101
        # A thousand viewers take longer to be told than one.
        pause = max(_GATHER_SECONDS, _SECONDS_PER_VIEWER * len(self._viewers))
        loop.call_at(max(loop.time(), self._last_flush + pause), self._flush)

    def _flush(self) -> None:
        with self._lock:
            rows = list(self._pending)
            self._pending.clear()
            self._is_due = False
        assert self._loop is not None  # noqa: S101
        self._last_flush = self._loop.time()
        for start in range(0, len(rows), _ROWS_PER_FRAME):
            part = rows[start : start + _ROWS_PER_FRAME]
            last = part[-1].number
            self._push(_Frame(events_frame(part, 0, last), part))

    def _push(self, frame: _Frame) -> None:
        self._frames.append(frame)
        self._made += 1
        self._rows += len(frame.rows)
        while self._rows > _ROWS or len(self._frames) > _FRAMES:
            self._rows -= len(self._frames.popleft().rows)
        for viewer in self._viewers:
            viewer.set()


def _for_one(frames: list[_Frame], last: int) -> tuple[list[bytes], int]:
    """Give the frames that a viewer does not know, with a word on those that are lost in between."""
    pieces = []
    for frame in frames:
        if frame.rows and frame.rows[0].number != last + 1:
            rows = [row for row in frame.rows if row.number > last]
            if not rows:
                continue
            skipped = rows[0].number - last - 1
            last = rows[-1].number
            pieces.append(events_frame(rows, skipped, last))
        else:
            last = frame.rows[-1].number if frame.rows else last
            pieces.append(frame.data)
    return pieces, last
