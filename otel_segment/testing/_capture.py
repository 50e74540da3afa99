"""Seeing what would be sent: all events of this process, whichever way they are emitted, and none of them leaves."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from typing_extensions import Unpack

from otel_segment._log import forget_said
from otel_segment._types import Drop
from otel_segment.delivery import door_processors, has_door, processors_of
from otel_segment.emit import refused, release
from otel_segment.exporters import (
    SegmentLogRecordProcessor,
    SegmentSpanExporter,
    VisitorLogRecordProcessor,
    forget_door,
    watch_doors,
)
from otel_segment.settings import SettingsArguments
from otel_segment.testing._events import SegmentEvents
from otel_segment.testing._surroundings import Surroundings
from otel_segment.testing._wording import Event, Seen
from otel_segment.wire import decode_message

__all__ = ["Capture", "capture_events"]

_active: "list[Capture]" = []


class Capture:
    """Shows the events of the time between ``start()`` and ``stop()``.

    A provider that has a Segment exporter is listened to there, under the settings that the application gave it; any
    other as if it had one.

    Args:
        settings: The settings that go before the application's.
    """

    def __init__(self, settings: SettingsArguments) -> None:
        self.settings = settings
        self.events = SegmentEvents(self._seen)
        self._messages: list[Event] = []
        self._drops: list[Drop] = []
        self._refused_before = Counter(refused())
        self._surroundings = Surroundings(self._hear_log, self._hear_span)
        self._visitor = VisitorLogRecordProcessor()
        self._passing: WeakSet[Any] = WeakSet()
        self._log_door: SegmentLogRecordProcessor | None = None
        self._span_door: SegmentSpanExporter | None = None
        self._is_over = False
        self._pauses = 0

    def start(self) -> None:
        """Begin, as if nothing had been emitted before.

        Raises:
            ConfigurationError: If a setting is wrong; nothing has begun then.
        """
        if _active:
            _active[-1].settle()
        self._surroundings.enter()
        try:
            self._begin()
        except BaseException:
            self._surroundings.leave()
            raise
        _active.append(self)
        forget_said()
        self._forget_the_past()

    def use(self, settings: SettingsArguments) -> None:
        """Have other settings from now on, as if nothing had been emitted before.

        Raises:
            ConfigurationError: If one is wrong.
        """
        before, self.settings = self.settings, settings
        try:
            watch_doors(self)
        except BaseException:
            self.settings = before
            raise
        self._forget_the_past()

    def pause(self) -> None:
        """Leave what is done now to whoever does it: nothing is sent, nothing of it is seen, and it stays set up."""
        self._pauses += 1
        if self._pauses == 1:
            self.settle()
            self._surroundings.pause()
            self._refused_before.subtract(refused())

    def resume(self) -> None:
        """Go on, when as many times as it was paused."""
        if self._pauses == 1:
            _flush(door_processors())
            self._refused_before.update(refused())
            self._surroundings.resume()
            if _active[-1] is not self:
                _active.remove(self)
                _active.append(self)
                watch_doors(self)
        self._pauses -= 1

    def stop(self) -> None:
        """End; what was seen stays readable."""
        if self._is_over:
            return
        self._last = self._seen()
        self._is_over = True
        was_last = _active[-1] is self
        _active.remove(self)
        self._surroundings.leave()
        if was_last:
            watch_doors(_active[-1] if _active else None)
        for door in (self._log_door, self._span_door):
            if door is not None:
                forget_door(door)

    def clear(self) -> None:
        """Forget what was seen."""
        self._messages.clear()
        self._drops.clear()
        self._refused_before = Counter(refused())

    def withheld(self, message: bytes) -> None:
        """See a message that would be sent."""
        if self._is_seeing:
            self._messages.append(decode_message(message))

    def dropped(self, drop: Drop) -> None:
        """See what is dropped."""
        if self._is_seeing:
            self._drops.append(drop)

    def _begin(self) -> None:
        before = watch_doors(self)
        try:
            self._log_door = SegmentLogRecordProcessor()
        except BaseException:
            watch_doors(before)
            raise

    def _forget_the_past(self) -> None:
        """Have what was emitted before, and is held back somewhere, come now, and forget it."""
        self.settle()
        _flush(door_processors())
        self.clear()

    @property
    def _is_seeing(self) -> bool:
        return not (self._is_over or self._pauses)

    def _seen(self) -> Seen:
        if self._is_over:
            return self._last
        self.settle()
        return Seen(list(self._messages), list(self._drops), Counter(refused()) - self._refused_before)

    def settle(self) -> None:
        """Let everything go that is held back: by the web instrumentation, and in the SDK's batch processors."""
        with suppress(Exception):
            release()
        _flush(
            processor for several in list(self._passing) for processor in processors_of(several) if has_door(processor)
        )

    def _hear_log(self, several: Any, record: ReadWriteLogRecord) -> None:
        if self._must_stand_in(several) and self._log_door is not None:
            self._visitor.on_emit(record)
            self._log_door.on_emit(record)

    def _hear_span(self, several: Any, span: ReadableSpan) -> None:
        context = span.get_span_context()
        if self._must_stand_in(several) and context is not None and context.trace_flags.sampled:
            if self._span_door is None:
                self._span_door = SegmentSpanExporter()
            self._span_door.export([span])

    def _must_stand_in(self, several: Any) -> bool:
        if _active[-1:] != [self]:
            return False
        self._passing.add(several)
        return not has_door(several)


@contextmanager
def capture_events(**settings: Unpack[SettingsArguments]) -> Iterator[SegmentEvents]:
    """Show the events of a block of code, instead of sending them.

    They are seen at once, whichever way they are emitted. No write key is needed, and no connection is made. Global
    providers that the block sets are taken away again.

    Args:
        **settings: Settings that go before the application's, such as ``mapping`` and ``before_send``.

    Raises:
        ConfigurationError: If one of them is wrong.
    """
    capture = Capture(settings)
    capture.start()
    try:
        yield capture.events
    finally:
        capture.stop()


def _flush(processors: Any) -> None:
    for processor in processors:
        # Whatever hangs on the application's provider may fail.
        with suppress(Exception):
            flush: Callable[[], object] = processor.force_flush
            flush()
