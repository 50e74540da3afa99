"""One call that wires the SDK, and what can be asked of all exporters of a process at once."""

import os
import threading
import time
from typing import Any

from opentelemetry._logs import LoggerProvider as ApiLoggerProvider
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry._logs._internal import ProxyLoggerProvider
from opentelemetry.sdk._logs import LoggerProvider
from typing_extensions import Unpack

from otel_segment._log import logger
from otel_segment.delivery import Stats, call_in_time, deliveries, door_processors, doors_of, drain, longest_shutdown
from otel_segment.errors import ConfigurationError
from otel_segment.exporters import SegmentLogRecordProcessor, put_visitor_first
from otel_segment.settings import SettingsArguments

__all__ = ["configure", "flush", "shutdown", "stats"]

# One for each process: a fork may copy a lock while another thread holds it, and that thread is not in the child.
_locks: dict[int, threading.RLock] = {}


def configure(**settings: Unpack[SettingsArguments]) -> None:
    """Wire the OpenTelemetry SDK so that analytics events reach Segment.

    Adds a :class:`SegmentLogRecordProcessor` to the LoggerProvider that is set, or makes one and sets it. Where the
    provider has a Segment exporter already, it says so and adds none, so that no event leaves twice. Before all
    processors stands a :class:`VisitorLogRecordProcessor` from then on.

    Args:
        **settings: The settings; what is not given comes from the environment. See
            :class:`otel_segment.settings.Settings`.

    Raises:
        ConfigurationError: If a setting is missing, unknown or wrong, or if the provider that is set takes no
            processors.
    """
    with _locks.setdefault(os.getpid(), threading.RLock()):
        provider = get_logger_provider()
        if isinstance(provider, LoggerProvider):
            _remove_closed(provider)
            if next(doors_of(provider), None) is not None:
                logger.warning("configure(): the LoggerProvider has a Segment exporter already; nothing was added")
                return
            provider.add_log_record_processor(SegmentLogRecordProcessor(**settings))
            put_visitor_first(provider)
        elif _is_set(provider):
            message = (
                f"configure(): the LoggerProvider that is set, {type(provider).__qualname__}, is not the SDK's and "
                "takes no processors; set an opentelemetry.sdk._logs.LoggerProvider, or none, before"
            )
            raise ConfigurationError(message)
        else:
            processor = SegmentLogRecordProcessor(**settings)
            made = LoggerProvider()
            made.add_log_record_processor(processor)
            put_visitor_first(made)
            set_logger_provider(made)


def flush(timeout: float | None = None) -> bool:
    """Wait until all that was emitted before is settled: delivered, or dropped with a reason.

    Reaches through the SDK's batch processors, whose own flush does not keep its timeout. Other exporters on the
    same providers are not waited for.

    Args:
        timeout: Seconds to wait at most; None to wait for ever.

    Returns:
        Whether everything is settled.
    """
    return drain(timeout)


def shutdown(timeout: float | None = None) -> bool:
    """Deliver what can be delivered in time, and end all Segment exporters of this process.

    Other exporters, and the application's OpenTelemetry providers, go on. ``configure()`` may be called again.

    Args:
        timeout: Seconds that it may take; the default is each exporter's setting ``shutdown_timeout``.

    Returns:
        Whether nothing was left undelivered.
    """
    limit = timeout if timeout is not None else longest_shutdown()
    deadline = time.monotonic() + limit
    for delivery in deliveries():
        # So that retries do not wait longer than there is time for.
        delivery.hurry(limit)
    outcomes = [flush(limit)]
    outcomes += [delivery.shutdown(max(0.0, deadline - time.monotonic())) for delivery in deliveries()]
    call_in_time([processor.shutdown for processor in door_processors()], deadline)
    return all(outcomes)


def stats() -> Stats:
    """Return where the events of this process are: the sum over its Segment exporters, each event counted once."""
    return sum((delivery.stats() for delivery in deliveries()), Stats()).reconciled()


def _is_set(provider: ApiLoggerProvider) -> bool:
    """Tell whether somebody set a provider; until then the API hands out a stand-in."""
    return not isinstance(provider, ProxyLoggerProvider)


def _remove_closed(provider: LoggerProvider) -> None:
    """Take processors off a provider whose doors were all shut down: they would drop each event, and say so."""
    several = getattr(provider, "_multi_log_record_processor", None)
    processors = getattr(several, "_log_record_processors", None)
    if several is not None and isinstance(processors, tuple):
        several._log_record_processors = tuple(  # noqa: SLF001 - the SDK can add a processor, but not remove one
            processor for processor in processors if not _is_closed(processor)
        )


def _is_closed(processor: Any) -> bool:
    doors = list(doors_of(processor))
    return bool(doors) and not any(door.is_open for door in doors)
