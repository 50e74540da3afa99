"""What all doors have behind them: record, payload, bytes, delivery."""

import logging
from typing import TYPE_CHECKING

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord

from otel_segment._log import say
from otel_segment._types import Drop, Payload
from otel_segment.delivery import Delivery
from otel_segment.exporters._from_sdk import SdkReader
from otel_segment.exporters._last_look import last_look
from otel_segment.exporters._mapping_file import load_mapping
from otel_segment.mapping import Mapper, Record, TooManyValues
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings
from otel_segment.wire import MAX_EVENT_BYTES, decode_message, encode_message

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["Pipeline"]


class Pipeline:
    """Takes SDK objects in and hands messages to delivery. Nothing here raises into the application.

    Args:
        settings: The settings.
        component: The kind of exporter, for its metrics.
        signal: ``log`` or ``span``.
    """

    def __init__(self, settings: Settings, component: str, signal: str) -> None:
        self._mapper = Mapper(load_mapping(settings.mapping))
        self._reader = SdkReader(self._mapper)
        self._read = self._reader.log_record
        self._map = self._mapper.map
        self._before_send = settings.before_send
        self.delivery = Delivery(settings, component, signal)

    def take_log_record(self, readable: ReadableLogRecord | ReadWriteLogRecord) -> bool:
        """Convert a log record and hand over what it makes; False where it is no analytics event."""
        try:
            record = self._read(readable)
            if record is None:
                return False
            self._take(record)
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
        for record in records:
            self._take_safely(record)
        return bool(records)

    def _take_safely(self, record: Record) -> None:
        try:
            self._take(record)
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def _take(self, record: Record) -> None:
        result = self._map(record)
        if isinstance(result, list):
            for payload in result:
                self._hand_over(payload, record)
        elif result is not None:
            self.delivery.drop(result)

    def _hand_over(self, payload: Payload, record: Record) -> None:
        try:
            message = encode_message(payload, record.seed)
        except TooManyValues:
            known = {field: value for field, value in payload.items() if isinstance(value, str)}
            self.delivery.drop(Drop(DropReason.EVENT_TOO_LARGE, known, "more values than an event may have bytes"))
            return
        if self._before_send is not None:
            result = last_look(self._before_send, message)
            if isinstance(result, Drop):
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
