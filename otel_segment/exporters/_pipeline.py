"""What all doors have behind them: record, payload, bytes, delivery."""

import logging
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord

from otel_segment._log import say
from otel_segment._types import Drop, Payload
from otel_segment.delivery import Delivery, Watcher
from otel_segment.exporters._from_sdk import SdkReader
from otel_segment.exporters._functions import find_function, say_failed_function
from otel_segment.exporters._last_look import last_look
from otel_segment.exporters._left_out import say_left_out
from otel_segment.exporters._mapping_file import load_mapping
from otel_segment.exporters._memories import leave_memory, memory_for
from otel_segment.exporters._salt import check_salt
from otel_segment.exporters._validation import Validation
from otel_segment.mapping import Mapper, Record
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.wire import MAX_EVENT_BYTES, decode_message, encode_messages

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["Pipeline"]


class Pipeline:
    """Takes SDK objects in and hands messages to delivery. Nothing here raises into the application.

    Args:
        settings: The settings.
        component: The kind of exporter, for its metrics.
        signal: ``log`` or ``span``.
        watcher: Sees what is not sent, where the settings have it ``disabled``.
    """

    def __init__(self, settings: Settings, component: str, signal: str, watcher: Watcher | None = None) -> None:
        self.component = component
        mapping = load_mapping(settings.mapping)
        check_salt(mapping, settings.privacy_salt)
        self._memory = memory = memory_for(settings, mapping, self)
        mapper = Mapper(
            mapping,
            salt=settings.privacy_salt,
            memory=memory,
            resolve=find_function,
            report=say_failed_function,
            on_denied=say_left_out,
        )
        self._reader = SdkReader(mapper)
        self._read = self._reader.log_record
        self._map = mapper.map
        self._keeps_last = mapper.introduces
        self._before_send = settings.before_send
        self._validation = Validation() if mapping.validate else None
        self.delivery = Delivery(settings, component, signal, on_lost=memory.forget_lost, watcher=watcher)

    def forget(self) -> None:
        """Have no part any more in what the doors of this process remember together."""
        leave_memory(self)

    def end(self) -> None:
        """Take nothing in any more, and be counted no more."""
        self.delivery.vanish()
        self.forget()

    def take_log_record(self, readable: ReadableLogRecord | ReadWriteLogRecord) -> bool:
        """Convert a log record and hand over what it makes; False where it is no analytics event."""
        try:
            record = self._read(readable)
            return record is not None and self._take(record)
        except Exception as error:  # noqa: BLE001 - a defect of ours is not the application's problem
            self._failed(error)
        return True

    def take_span(self, span: "ReadableSpan") -> bool:
        """Convert the analytics events of a span and hand over what they make; False where it has none."""
        try:
            records = self._reader.span_events(span)
        except Exception as error:  # noqa: BLE001
            self._failed(error)
            return True
        # Not any() of what is being made, which would stop at the first.
        taken = [self._take_safely(record) for record in records]
        return any(taken)

    def _take_safely(self, record: Record) -> bool:
        try:
            return self._take(record)
        except Exception as error:  # noqa: BLE001
            self._failed(error)
        return True

    def _take(self, record: Record) -> bool:
        made = self._map(record)
        if made is None:
            return False
        payloads = [each for each in made if not isinstance(each, Drop)]
        if payloads:
            messages = encode_messages(payloads, record.seed, keeps_last=self._keeps_last)
            for payload, message in zip(payloads, messages, strict=True):
                if self._validation is not None:
                    self._validation.look(payload)
                self._hand_over(payload, message)
        if len(payloads) < len(made):
            for each in made:
                if isinstance(each, Drop):
                    self.delivery.drop(each)
        return True

    def _hand_over(self, payload: Payload, message: bytes | None) -> None:
        if message is None:
            known = {field: value for field, value in payload.items() if isinstance(value, str)}
            self.delivery.drop(Drop(DropReason.EVENT_TOO_LARGE, known, "more values than an event may have bytes"))
            return
        if self._before_send is not None:
            result = last_look(self._before_send, message)
            if isinstance(result, Drop):
                if result.detail:  # the hook failed, and has decided nothing
                    self._memory.forget_lost(payload)  # type: ignore[arg-type]
                self.delivery.drop(result)
                return
            message = result
        if len(message) > MAX_EVENT_BYTES:
            detail = f"{len(message):,} of at most {MAX_EVENT_BYTES:,} bytes"
            self.delivery.drop(Drop(DropReason.EVENT_TOO_LARGE, decode_message(message), detail))
        else:
            self.delivery.put(message)

    def _failed(self, error: Exception) -> None:
        say("conversion", logging.ERROR, "an event could not be converted; please report this", exc_info=error)
        self.delivery.drop(Drop(DropReason.CONVERSION_ERROR, {}, type(error).__qualname__))
