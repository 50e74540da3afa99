"""One call through the real exporter, as an application would make it."""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from opentelemetry._logs import Logger
from opentelemetry.sdk._logs import LoggerProvider

from otel_segment._env import resolve
from otel_segment._version import __version__
from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli.send._outcome import Outcome
from otel_segment.delivery import deliveries
from otel_segment.emit import Kind, Outlet, emit
from otel_segment.errors import ConfigurationError
from otel_segment.exporters import SegmentLogRecordProcessor
from otel_segment.settings import Settings, SettingsArguments

__all__ = ["Call", "rehearse", "send", "settings_for"]

# What is tried stays out of what waits, and away from files that belong to the application's user.
_LEFT_OUT = tuple("OTEL_EXPORTER_SEGMENT_" + name for name in ("SPOOL", "DURABLE", "DEAD_LETTER"))


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
        text = " ".join(record.getMessage().split())
        self._kept.append(text)
        print(f"{record.levelname.lower()}: {text}", file=sys.stderr, flush=True)


def settings_for(*, dry_run: bool) -> Settings:
    """Read the settings of the environment.

    Raises:
        CommandError: They are wrong, or nothing would be sent with them.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        msg = "OTEL_SDK_DISABLED is set: no event would come about; take it out of the environment"
        raise CommandError(msg, UNUSABLE)
    with _only_relevant_variables():
        try:
            settings = resolve({"disabled": True} if dry_run else {})
        except ConfigurationError as error:
            raise CommandError(str(error), UNUSABLE) from error
    if settings.disabled and not dry_run:
        msg = "OTEL_EXPORTER_SEGMENT_DISABLED is set: nothing would be sent; take it out, or give --dry-run"
        raise CommandError(msg, UNUSABLE)
    return settings


def rehearse(call: Call) -> Outcome:
    """Make of a call what an exporter would, and send nothing.

    Raises:
        CommandError: The settings or the arguments are wrong.
    """
    return _made(call, {"disabled": True}, 0)


def send(call: Call, settings: Settings, timeout: float) -> Outcome:
    """Send a call and wait for what becomes of it.

    Args:
        call: The call.
        settings: The settings of the environment.
        timeout: Seconds that it may take.

    Raises:
        CommandError: The settings or the arguments are wrong.
    """
    return _made(call, {"max_retry_time": min(settings.max_retry_time, timeout)}, timeout)


def _made(call: Call, arguments: SettingsArguments, timeout: float) -> Outcome:
    outcome = Outcome()
    with _heard(outcome.remarks):
        processor = _processor(arguments, outcome)
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


def _processor(arguments: SettingsArguments, outcome: Outcome) -> SegmentLogRecordProcessor:
    complete: SettingsArguments = {
        "before_send": outcome.note_made,
        "on_delivered": outcome.note_delivered,
        "on_dropped": outcome.note_dropped,
    }
    complete.update(arguments)
    with _only_relevant_variables():
        try:
            return SegmentLogRecordProcessor(**complete)
        except ConfigurationError as error:
            raise CommandError(str(error), UNUSABLE) from error


@contextmanager
def _only_relevant_variables() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _LEFT_OUT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


@contextmanager
def _heard(remarks: list[str]) -> Iterator[None]:
    logger, handler = logging.getLogger("otel_segment"), _Remarks(remarks)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
