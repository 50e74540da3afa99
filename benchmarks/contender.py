"""What a contender can do, and where to find each by its name."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from benchmarks.event import SAMPLES

__all__ = ["CONTENDERS", "ENOUGH", "Contender", "build"]

CONTENDERS = {
    "segment": "segment",
    "segment-tuned": "segment_tuned",
    "floor": "floor",
    "A": "exporter",
    "A-default": "exporter_default",
    "B": "processor",
    "A-spool": "exporter_spool",
    "B-spool": "processor_spool",
    "B-durable": "processor_durable",
    "track": "track",
    "otlp": "otlp",
}
"""Name on the command line and in the tables, and the module under ``contenders``."""

ENOUGH = 131_072
"""A queue in the SDK's batch processor that holds every burst whole."""


class Contender(NamedTuple):
    """One way of sending events, set up and ready."""

    emit: Callable[[str, dict[str, Any]], object]
    """Emits one event: the user and the properties."""
    settle: Callable[[], object]
    """Returns when every event emitted so far has been answered for."""
    full: Callable[[], bool] | None = None
    """Whether the next event would be refused; None where nothing is ever refused."""
    samples: Sequence[tuple[str, dict[str, Any]]] = SAMPLES
    """What to emit, in turn: 64 users with their properties."""


def build(name: str, endpoint: str) -> Contender:
    """Set up one contender, importing only what it needs.

    Args:
        name: A key of ``CONTENDERS``.
        endpoint: The base URL of the sink.

    Raises:
        ImportError: What the contender needs is not installed, or not there yet.
    """
    module = importlib.import_module(f"benchmarks.contenders.{CONTENDERS[name]}")
    return cast("Contender", module.build(endpoint))
