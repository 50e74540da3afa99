"""Records in, messages and reasons of drops out: through the real processor, with nothing sent."""

from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource

from otel_segment import DropReason, SegmentLogRecordProcessor

__all__ = ["Converter", "convert", "event", "payloads"]

Messages = list[dict[str, Any]]


class Converter:
    """One processor under a mapping, for records that come one after another.

    Args:
        mapping: The mapping.
        scope: The name of the instrumentation scope.
        resource: The attributes of the resource.
        **settings: Other settings.
    """

    def __init__(self, mapping: Any, scope: str = "tests", resource: Any = None, **settings: Any) -> None:
        self.messages: Messages = []
        self.reasons: list[str] = []
        self.processor = SegmentLogRecordProcessor(
            write_key="test-key",
            disabled=True,
            mapping=mapping,
            before_send=self._look,
            on_dropped=self._note,
            **settings,
        )
        provider = LoggerProvider(Resource(resource or {}), shutdown_on_exit=False)
        provider.add_log_record_processor(self.processor)
        self._logger = provider.get_logger(scope, "1.2")

    def emit(self, *records: dict[str, Any]) -> Messages:
        """Emit records; return the messages that they make."""
        before = len(self.messages)
        for record in records:
            given = dict(record)
            if "severity_number" in given:
                given["severity_number"] = SeverityNumber(given["severity_number"])
            self._logger.emit(LogRecord(**given))
        return self.messages[before:]

    def _look(self, message: dict[str, Any]) -> dict[str, Any]:
        self.messages.append(message)
        return message

    def _note(self, reason: DropReason, messages: Messages) -> None:
        self.reasons.extend(reason.value for _ in messages)


def convert(mapping: Any, *records: dict[str, Any], **settings: Any) -> tuple[Messages, list[str]]:
    """Return the messages that records make under a mapping, and the reasons of drops."""
    converter = Converter(mapping, **settings)
    return converter.emit(*records), converter.reasons


def payloads(mapping: Any, *records: dict[str, Any], **settings: Any) -> Messages:
    """Return the messages that records make under a mapping, where none is to be dropped."""
    messages, reasons = convert(mapping, *records, **settings)
    assert reasons == []
    return messages


def event(name: str, **attributes: Any) -> dict[str, Any]:
    """Return an event of a person that no attribute marks as one of analytics."""
    return {"event_name": name, "attributes": {"user.id": "u-1", **attributes}}
