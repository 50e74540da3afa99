"""Finding our doors on the SDK's providers, so that nobody else's exporters are waited for, or ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry._logs import get_logger_provider

__all__ = ["door_processors", "doors_of", "has_door", "processors_of"]

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
_METHODS = ("on_emit", "on_end", "export")
_MOST_LEVELS = 8


def doors_of(part: Any, level: int = 0) -> Iterator[Any]:
    """Yield our doors inside of a provider, a processor or an exporter."""
    if part is None or level > _MOST_LEVELS:
        return
    if _is_door(part):
        yield part
        return
    for inner in _known(_held(part)):
        yield from doors_of(inner, level + 1)


def has_door(part: Any) -> bool:
    """Tell whether one of our doors is inside, whatever the names that it is kept under."""
    seen: set[int] = set()
    parts = [part]
    while parts:
        part = parts.pop()
        if _is_door(part):
            return True
        if id(part) not in seen:
            seen.add(id(part))
            held = _held(part)
            parts += [*_known(held), *(inner for inner in held.values() if _is_like_a_part(inner))]
    return False


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


def _is_door(part: Any) -> bool:
    # A stand-in of a test has every attribute that it is asked for, and is no door for that.
    return getattr(part, "leads_to_segment", False) is True


def _held(part: Any) -> Mapping[str, Any]:
    return dict(getattr(part, "__dict__", None) or {})


def _known(held: Mapping[str, Any]) -> list[Any]:
    several = [inner for name in _SEVERAL for inner in held.get(name, ())]
    return several + [held[name] for name in _INNER if name in held]


def _is_like_a_part(value: object) -> bool:
    return any(hasattr(type(value), method) for method in _METHODS)
