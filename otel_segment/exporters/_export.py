"""What an export waits for: how the two exporters behave behind the SDK's processors."""

from otel_segment.delivery import Delivery
from otel_segment.exporters._batch_worker import BatchWorker, calling_batch_worker
from otel_segment.reasons import DropReason

__all__ = ["EXPORT_TIMEOUT", "finish_export", "losses", "shut_down"]

EXPORT_TIMEOUT = 30.0
"""Seconds that an export on anybody's thread but the SDK's worker waits to see its events settled."""

_LOOK_UP = 0.05
"""Seconds between two looks at whether the SDK wants its worker back."""

_LOSSES = (DropReason.REJECTED, DropReason.RETRIES_EXHAUSTED, DropReason.SHUTDOWN, DropReason.QUEUE_FULL)


def finish_export(delivery: Delivery, losses_before: int) -> bool:
    """Send what was handed over, and wait: for room on the SDK's worker, for the outcome on any other thread.

    Args:
        delivery: Where the events were handed over.
        losses_before: ``losses()`` before that.

    Returns:
        False where events were lost, or are not settled though they should be.
    """
    worker = calling_batch_worker()
    settled = delivery.flush(EXPORT_TIMEOUT) if worker is None else _wait_for_room(delivery, worker)
    return settled and losses(delivery) == losses_before


def losses(delivery: Delivery) -> int:
    """Return how many events were lost in delivery so far."""
    dropped = delivery.stats().dropped
    return sum(dropped.get(reason, 0) for reason in _LOSSES)


def shut_down(delivery: Delivery, timeout_millis: float) -> None:
    """End a delivery within its setting ``shutdown_timeout`` and what the SDK allows, whichever is shorter."""
    delivery.shutdown(min(delivery.settings.shutdown_timeout, timeout_millis / 1000))


def _wait_for_room(delivery: Delivery, worker: BatchWorker) -> bool:
    """Hold the SDK's worker while all requests are taken, but not when the SDK is shutting down.

    The SDK waits long for its worker before it tells the exporter to shut down, so the time for that begins here.
    """
    while not delivery.wait_window(_LOOK_UP):
        if worker._shutdown:  # noqa: SLF001 - the SDK has no public way to ask
            return delivery.wait_window(delivery.hurry(delivery.settings.shutdown_timeout))
    return True
