"""Finding our doors on the SDK's providers, so that nobody else's exporters are waited for, or ended."""

from collections.abc import Iterator
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider

__all__ = ["door_processors", "doors_of", "processors_of"]

# Where processors and exporters of the SDK, and what wraps them, keep what is inside of them: there is no public way.
_SEVERAL = ("_log_record_processors", "_span_processors")
_INNER = (
    "_multi_log_record_processor",
    "_active_span_processor",
    "_batch_processor",
    "_exporter",
    "span_exporter",
    "exporter",
    "_delegate",
    "_wrapped",
)
_MOST_LEVELS = 8


def doors_of(part: Any, level: int = 0) -> Iterator[Any]:
    """Yield our doors inside of a provider, a processor or an exporter."""
    if part is None or level > _MOST_LEVELS:
        return
    if getattr(part, "leads_to_segment", False):
        yield part
        return
    for name in _SEVERAL:
        for inner in getattr(part, name, ()):
            yield from doors_of(inner, level + 1)
    for name in _INNER:
        yield from doors_of(getattr(part, name, None), level + 1)


def door_processors() -> list[Any]:
    """Return the processors on the providers that are set behind which there is a door of ours."""
    found = []
    for provider in (get_logger_provider(), trace.get_tracer_provider()):
        several = getattr(provider, "_multi_log_record_processor", None) or getattr(
            provider, "_active_span_processor", None
        )
        found += [processor for processor in processors_of(several) if next(doors_of(processor), None) is not None]
    return found


def processors_of(several: Any) -> list[Any]:
    """Return the processors that one of the SDK's processors of several passes everything on to."""
    return [processor for name in _SEVERAL for processor in getattr(several, name, ())]
