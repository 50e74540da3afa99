"""All that a process still has, in the SDK's queues and in ours."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider

from otel_segment._log import logger
from otel_segment.delivery._live import deliveries

__all__ = ["call_in_time", "drain", "longest_shutdown", "providers"]

_LONG = 24 * 60 * 60
"""Seconds: the SDK has no word for as long as it takes."""


def drain(timeout: float | None = None) -> bool:
    """Wait until all that was emitted before is settled.

    Args:
        timeout: Seconds to wait at most; None to wait for ever.

    Returns:
        Whether everything is settled.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    # Each is to be flushed, even where another could not be.
    millis = int(min(_LONG if timeout is None else timeout, _LONG) * 1_000)
    outcomes = [call_in_time(partial(provider.force_flush, millis), deadline) for provider in providers()]
    outcomes += [delivery.flush(_left(deadline)) for delivery in deliveries()]
    return all(outcomes)


def providers() -> list[Any]:
    """Return the SDK's providers that are set."""
    return [
        provider
        for provider in (get_logger_provider(), trace.get_tracer_provider())
        if hasattr(provider, "force_flush") and hasattr(provider, "shutdown")
    ]


def longest_shutdown() -> float:
    """Return the seconds that the end of this process may take."""
    return max((delivery.settings.shutdown_timeout for delivery in deliveries()), default=0.0)


def call_in_time(call: Callable[[], object], deadline: float | None) -> bool:
    """Call what knows no deadline, and leave it to itself when the deadline is over.

    Returns:
        Whether it came to its end. What it returned says nothing: a provider that was shut down before, or another
        exporter that fails, returns False too.
    """
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception:  # noqa: BLE001 - whatever hangs on a provider is not ours to judge
            logger.debug("%r failed", call, exc_info=True)

    caller = threading.Thread(target=run, name="otel-segment-flush", daemon=True)
    try:
        caller.start()
    except RuntimeError:
        # The interpreter is ending and starts no more threads.
        run()
    else:
        caller.join(_left(deadline))
    return bool(outcome)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX)
