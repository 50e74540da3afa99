"""What an export waits for: how the two exporters behave behind the SDK's processors."""

import time

from otel_segment.delivery import Delivery, is_draining, time_to_wait
from otel_segment.exporters._batch_processor import (
    CallingProcessor,
    calling_processor,
    has_batch,
    is_ending,
    is_its_worker,
    time_to_gather,
)
from otel_segment.reasons import DropReason

__all__ = ["EXPORT_TIMEOUT", "finish_export", "losses"]

EXPORT_TIMEOUT = 30.0
"""Seconds that an export on anybody's thread but the SDK's worker waits to see its events settled."""

_LOOK_UP = 0.05
"""Seconds between two looks at whether the SDK is shutting down."""
_GLANCE = 0.01
"""Seconds between two looks at whether the SDK has something to do for its worker."""

_LOSSES = (DropReason.REJECTED, DropReason.RETRIES_EXHAUSTED, DropReason.SHUTDOWN, DropReason.QUEUE_FULL)


def finish_export(delivery: Delivery, losses_before: int) -> bool:
    """Send what was handed over, and wait: for room on the SDK's worker, for the outcome on any other thread.

    Args:
        delivery: Where the events were handed over.
        losses_before: ``losses()`` before that.

    Returns:
        False where events were lost, or are not settled though they should be.
    """
    processor = calling_processor()
    if processor is not None and is_its_worker(processor):
        is_well = _wait_for_room(delivery, processor)
    else:
        is_well = _wait_for_outcome(delivery, processor)
    return is_well and losses(delivery) == losses_before


def losses(delivery: Delivery) -> int:
    """Return how many events were lost in delivery so far."""
    dropped = delivery.stats().dropped
    return sum(dropped.get(reason, 0) for reason in _LOSSES)


def _wait_for_room(delivery: Delivery, processor: CallingProcessor) -> bool:
    """Hold the SDK's worker while all requests are taken, but not when the SDK is shutting down.

    The SDK waits long for its worker before it tells the exporter to shut down, so the time for that begins here.
    """
    while not is_ending(processor):
        if delivery.wait_window(_LOOK_UP):
            _linger(delivery, processor)
            return True
    return delivery.wait_window(delivery.hurry(delivery.settings.shutdown_timeout))


def _linger(delivery: Delivery, processor: CallingProcessor) -> None:
    """Stay with what is on its way while the SDK has nothing else to do for its worker.

    The SDK's flush waits for the worker, but not for an exporter: with an empty queue it would return at once.
    """
    batches = delivery.send()
    began = time.monotonic()
    while not (has_batch(processor) or is_ending(processor) or delivery.is_ending or is_draining()):
        if time.monotonic() - began >= min(EXPORT_TIMEOUT, time_to_gather(processor)):
            return
        if delivery.wait(batches, _GLANCE) and delivery.wait_for_spool(_LOOK_UP):
            return


def _wait_for_outcome(delivery: Delivery, processor: CallingProcessor | None) -> bool:
    """Hold the caller until the events are settled; a processor that is shutting down waits for its caller, too.

    A processor's flush waits for what an outage has left in the spool, as our own flush does; anyone else who exports
    has done enough when the spool has it.
    """
    batches = delivery.send()
    timeout = time_to_wait(EXPORT_TIMEOUT)
    if processor is None:
        return delivery.wait(batches, timeout)
    deadline = time.monotonic() + timeout
    while not is_ending(processor) and time.monotonic() < deadline:
        if delivery.wait(batches, _LOOK_UP) and delivery.wait_for_spool(_LOOK_UP):
            return True
    if is_ending(processor):
        return delivery.wait(batches, delivery.hurry(delivery.settings.shutdown_timeout))
    return False
