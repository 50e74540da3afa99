"""Whose thread is this? The SDK's batch processors call an exporter on their own worker and on others' threads."""

import sys
import threading
from types import FrameType
from typing import Protocol, cast

from opentelemetry.sdk._shared_internal import BatchProcessor

__all__ = ["BatchWorker", "calling_batch_worker"]

# An exporter may be wrapped by a few others.
_MOST_FRAMES = 8


class BatchWorker(Protocol):
    """What is known of a batch processor of the SDK while its worker waits for us."""

    _shutdown: bool


def calling_batch_worker() -> BatchWorker | None:
    """Return the batch processor whose worker thread this is; None on any other thread.

    The SDK gives an exporter no other way to know. Should its names change, the answer is None, with which an
    exporter is slower but right.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the inspect module's way to it is slower and no more public
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return None
        caller = frame.f_locals.get("self")
        if isinstance(caller, BatchProcessor):
            is_worker = getattr(caller, "_worker_thread", None) is threading.current_thread()
            return cast("BatchWorker", caller) if is_worker and hasattr(caller, "_shutdown") else None
        frame = frame.f_back
    return None
