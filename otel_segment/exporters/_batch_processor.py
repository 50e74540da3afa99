"""Whose call is this? The SDK's batch processors call an exporter on their own worker and on others' threads."""

import math
import sys
import threading
from collections import deque
from types import FrameType
from typing import Protocol, cast

from opentelemetry.sdk._shared_internal import BatchProcessor

__all__ = ["CallingProcessor", "calling_processor", "has_batch", "is_ending", "is_its_worker", "time_to_gather"]

# An exporter may be wrapped by a few others.
_MOST_FRAMES = 8


class CallingProcessor(Protocol):
    """What is known of a batch processor of the SDK while it waits for us."""

    _shutdown: bool
    _worker_thread: threading.Thread
    _queue: deque[object]
    _max_export_batch_size: int
    _schedule_delay: float


def calling_processor() -> CallingProcessor | None:
    """Return the batch processor of the SDK that calls; None where something else does.

    The SDK gives an exporter no other way to know. Should its names change, the answer is None, with which an
    exporter is slower but right.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - documented, though of CPython alone
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return None
        caller = frame.f_locals.get("self")
        if isinstance(caller, BatchProcessor):
            is_known = all(hasattr(caller, name) for name in CallingProcessor.__annotations__)
            return cast("CallingProcessor", caller) if is_known else None
        frame = frame.f_back
    return None


def is_its_worker(processor: CallingProcessor) -> bool:
    """Tell whether this is the processor's own thread, which nobody but the SDK waits for."""
    return processor._worker_thread is threading.current_thread()  # noqa: SLF001


def is_ending(processor: CallingProcessor) -> bool:
    """Tell whether the processor is shutting down."""
    return processor._shutdown  # noqa: SLF001


def has_batch(processor: CallingProcessor) -> bool:
    """Tell whether a whole batch waits for the processor's thread."""
    return len(processor._queue) >= processor._max_export_batch_size  # noqa: SLF001


def time_to_gather(processor: CallingProcessor) -> float:
    """Return the seconds for which the processor lets less than a batch wait; without end where nothing waits."""
    return processor._schedule_delay if processor._queue else math.inf  # noqa: SLF001
