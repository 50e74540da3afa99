"""The end of processes that ``multiprocessing`` starts.

They end without the exit handlers that they have from their parent, those of the SDK included. What they do run are
the finalizers of ``multiprocessing.util``, but only those that were registered in the process itself, after it has
begun. The processes of Celery's prefork pool run neither, but Celery's own signal.
"""

import os
import sys
from typing import Any

from otel_segment.delivery._drain import drain, longest_shutdown
from otel_segment.delivery._live import deliveries

__all__ = ["deliver_at_end_of_children"]

_LAST = -1_000
"""The priority of our finalizer: after those of the application, which may emit."""


class _Children:
    """Sees to it that processes of ``multiprocessing`` deliver what they have before they end."""

    def __init__(self) -> None:
        self._is_watching = False
        self._is_registered = False
        self._is_connected = False
        self._ending = 0

    def watch(self) -> None:
        """Begin, in whichever process this is; again is no harm."""
        if not self._is_watching:
            self._is_watching = True
            if hasattr(os, "register_at_fork"):
                # multiprocessing may be imported later than this; a fork is the last moment to find it.
                os.register_at_fork(after_in_child=self._register)
        self._register()
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None and self._ending != os.getpid():
            self._deliver_at_end()

    def _register(self) -> None:
        util = sys.modules.get("multiprocessing.util")
        if util is not None and not self._is_registered:
            self._is_registered = True
            util.register_after_fork(self, _Children._deliver_at_end)
        signals = sys.modules.get("celery.signals")
        if signals is not None and not self._is_connected:
            self._is_connected = True
            signals.worker_process_shutdown.connect(_deliver_at_end_of_worker, weak=False)

    def _deliver_at_end(self) -> None:
        self._ending = os.getpid()
        util: Any = sys.modules["multiprocessing.util"]
        util.Finalize(None, _deliver, exitpriority=_LAST)


def _deliver() -> None:
    timeout = longest_shutdown()
    for delivery in deliveries():
        delivery.hurry(timeout)
    drain(timeout)
    for delivery in deliveries():
        if not delivery.stats().settled:
            delivery.shutdown()


def _deliver_at_end_of_worker(**_: object) -> None:
    _deliver()


_children = _Children()


def deliver_at_end_of_children() -> None:
    """See to it that processes which ``multiprocessing`` starts deliver what they have before they end."""
    _children.watch()
