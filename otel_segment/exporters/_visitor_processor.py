"""The visitor on events that an application emits itself, for whichever exporter comes after."""

import logging
import re
from collections.abc import Iterable
from fnmatch import translate
from typing import Any

from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord

from otel_segment._log import logger, say_once
from otel_segment.emit import additions
from otel_segment.semconv import ANALYTICS_ANONYMOUS_ID, ANALYTICS_CONSENT, ANALYTICS_TYPE, SESSION_ID, USER_ID

__all__ = ["VisitorLogRecordProcessor", "put_visitor_first", "remove"]

_OURS = "otel_segment"
"""The scope of events that have their visitor already."""

_FIRST = frozenset((USER_ID, ANALYTICS_ANONYMOUS_ID, ANALYTICS_CONSENT, SESSION_ID))


class VisitorLogRecordProcessor(LogRecordProcessor):
    """Adds the visitor's attributes to analytics events that are emitted as plain log records.

    The visitor is the one of the record's own context: set by :func:`otel_segment.use_visitor`, or of the web request.
    What a record says itself goes first. Add it before the processor of any exporter::

        provider.add_log_record_processor(VisitorLogRecordProcessor())
        provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))

    Under ``opentelemetry-instrument``, and by :func:`otel_segment.configure`, it is there by itself.

    Args:
        events: Names, or globs of names, of events that are meant besides those with ``analytics.type``: those that a
            mapping selects by name.
    """

    def __init__(self, events: Iterable[str] = ()) -> None:
        globs = [events] if isinstance(events, str) else list(events)
        self._named = re.compile("|".join(map(translate, globs))) if globs else None

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Add what a record inherits; one that is no analytics event is left alone."""
        try:
            self._stamp(log_record)
        except Exception as error:  # noqa: BLE001 - never the application's problem
            say_once("visitor", logging.ERROR, "an event could not be given its visitor: %s", type(error).__name__)

    def enabled(self, **_: Any) -> bool:
        """Tell that no record is wanted for this processor's sake."""
        return False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """Do nothing: nothing is held."""
        return True

    def shutdown(self) -> None:
        """Do nothing: nothing is held."""

    def _stamp(self, readable: ReadWriteLogRecord) -> None:
        record, scope = readable.log_record, readable.instrumentation_scope
        attributes: Any = record.attributes
        if attributes is None:
            attributes = record.attributes = {}
        if ANALYTICS_TYPE not in attributes and not self._is_named(record.event_name):
            return
        if record.context is None or (scope is not None and scope.name == _OURS):
            return
        said: Any = attributes.copy() if type(attributes) is BoundedAttributes else dict(attributes)
        added = additions(said, record.body, record.context)
        for name in _fitting(added, said, getattr(attributes, "maxlen", None)):
            attributes[name] = added[name]

    def _is_named(self, name: str | None) -> bool:
        return self._named is not None and name is not None and self._named.match(name) is not None


def put_visitor_first(provider: ApiLoggerProvider) -> None:
    """Put one before all processors of a provider, unless there is one; do nothing where it is not the SDK's."""
    if not isinstance(provider, LoggerProvider):
        logger.debug("%s takes no processors: events emitted by hand name no visitor", type(provider).__qualname__)
        return
    several, present = _processors(provider)
    if any(isinstance(each, VisitorLogRecordProcessor) for each in present):
        return
    ours = VisitorLogRecordProcessor()
    if several is None:
        # Better late than not at all: what batches records reads them later on.
        provider.add_log_record_processor(ours)
        return
    several._log_record_processors = (ours, *present)  # noqa: SLF001 - the SDK can only add behind the others


def remove(provider: ApiLoggerProvider) -> None:
    """Take away what :func:`put_visitor_first` put there."""
    several, present = _processors(provider)
    if several is not None:
        several._log_record_processors = tuple(  # noqa: SLF001
            each for each in present if not isinstance(each, VisitorLogRecordProcessor)
        )


def _processors(provider: Any) -> tuple[Any, tuple[Any, ...]]:
    several = getattr(provider, "_multi_log_record_processor", None)
    present = getattr(several, "_log_record_processors", None)
    return (several, present) if isinstance(present, tuple) else (None, ())


def _fitting(added: dict[str, Any], said: dict[str, Any], most: int | None) -> Iterable[str]:
    """Return which of the attributes there is room for: the SDK would make it by taking away the record's own."""
    if most is None or len(said.keys() | added.keys()) <= most:
        return added
    ranked = sorted(added, key=lambda name: (name not in said, name not in _FIRST))
    return ranked[: max(0, most - len(said)) + len(said.keys() & added.keys())]
