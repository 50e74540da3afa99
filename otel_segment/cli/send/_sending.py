"""One call through the real exporter, as an application would make it."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from opentelemetry._logs import Logger
from opentelemetry.sdk._logs import LoggerProvider

from otel_segment._version import __version__
from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli._tame import tame_line
from otel_segment.cli.send._configuration import Configuration
from otel_segment.cli.send._outcome import Outcome
from otel_segment.delivery import deliveries
from otel_segment.emit import Kind, Outlet, emit
from otel_segment.exporters import SegmentLogRecordProcessor
from otel_segment.settings import SettingsArguments

__all__ = ["Call", "rehearse", "send"]


class Call(NamedTuple):
    """The arguments of one of the six calls.

    Attributes:
        kind: Which call.
        event: The name of the event.
        who: User id and anonymous id.
        payload: Properties or traits.
        rest: Context, timestamp, integrations and message id.
        extras: What this kind takes besides.
    """

    kind: Kind
    event: str
    who: tuple[str | None, str | None]
    payload: dict[str, Any] | None
    rest: tuple[dict[str, Any] | None, str | None, dict[str, Any] | None, str | None]
    extras: tuple[str | None, ...]


class _OwnOutlet(Outlet):
    """Leads to a logger of this command's own, whatever the process has besides."""

    def __init__(self, logger: Logger) -> None:
        super().__init__(dict)
        self._own = logger

    def logger(self, *, strict: bool = False) -> Logger | None:  # noqa: ARG002 - the signature is given
        return self._own


class _Remarks(logging.Handler):
    """Says on the standard error what the package logs, and keeps it."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        text = tame_line(record.getMessage())
        self._kept.append(text)
        print(f"{record.levelname.lower()}: {text}", file=sys.stderr, flush=True)


def rehearse(call: Call, configuration: Configuration) -> Outcome:
    """Make of a call what an exporter would, and send nothing.

    Raises:
        CommandError: The settings or the arguments are wrong.
    """
    return _made(call, configuration, {"disabled": True}, 0)


def send(call: Call, configuration: Configuration, timeout: float) -> Outcome:
    """Send a call and wait for what becomes of it.

    Args:
        call: The call.
        configuration: The settings.
        timeout: Seconds that it may take.

    Raises:
        CommandError: The settings or the arguments are wrong.
    """
    patience = min(configuration.settings.max_retry_time, timeout)
    return _made(call, configuration, {"max_retry_time": patience}, timeout)


def _made(call: Call, configuration: Configuration, arguments: SettingsArguments, timeout: float) -> Outcome:
    outcome = Outcome()
    with _heard(outcome.remarks):
        processor = _processor(configuration, arguments, outcome)
        delivery = next(each for each in deliveries() if each.settings.on_delivered == outcome.note_delivered)
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        began = time.monotonic()
        try:
            _emit(call, provider)
            processor.force_flush(int(timeout * 1_000))
        finally:
            processor.shutdown(0)
            outcome.seconds = time.monotonic() - began
            outcome.requests = delivery.stats().requests
    return outcome


def _emit(call: Call, provider: LoggerProvider) -> None:
    outlet = _OwnOutlet(provider.get_logger("otel_segment", __version__))
    try:
        emit(outlet, True, *call)
    except ValueError as error:
        raise CommandError(str(error), UNUSABLE) from error


def _processor(
    configuration: Configuration, arguments: SettingsArguments, outcome: Outcome
) -> SegmentLogRecordProcessor:
    more: SettingsArguments = {
        "before_send": outcome.note_made,
        "on_delivered": outcome.note_delivered,
        "on_dropped": outcome.note_dropped,
    }
    more.update(arguments)
    with configuration.applied(more) as complete:
        return SegmentLogRecordProcessor(**complete)


@contextmanager
def _heard(remarks: list[str]) -> Iterator[None]:
    logger, handler = logging.getLogger("otel_segment"), _Remarks(remarks)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
