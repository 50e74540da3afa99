"""OpenTelemetry as a test finds it, and as it is left: its global providers, and all that they pass on."""

from collections.abc import Callable, Iterator
from copy import copy
from functools import cache, partial
from typing import Any

import opentelemetry._logs._internal as logs_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs._internal import (
    ConcurrentMultiLogRecordProcessor,
    SynchronousMultiLogRecordProcessor,
)
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, SynchronousMultiSpanProcessor, TracerProvider
from opentelemetry.util._once import Once

from otel_segment import analytics

__all__ = ["Changes", "Surroundings"]

Passed = Callable[[Any, Any], None]
"""Is given one of the SDK's processors of several, and what it has passed on."""

_LOGS = (SynchronousMultiLogRecordProcessor, ConcurrentMultiLogRecordProcessor)
_SPANS = (SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor)

_PROXIES = (
    (logs_api.ProxyLogger, "_logger", "_real_logger"),
    (trace_api.ProxyTracer, "_tracer", "_real_tracer"),
)
_GLOBALS = (
    (logs_api, "_LOGGER_PROVIDER", "_log_record_processors", "_multi_log_record_processor"),
    (trace_api, "_TRACER_PROVIDER", "_span_processors", "_active_span_processor"),
)


class Surroundings:
    """The providers of a process: kept, given a stand-in where there is none, and put back.

    The SDK has no way to see what any provider is given, nor to set a global provider twice.

    Args:
        on_log: Told of each log record, after the processors of its provider.
        on_span: Told of each span that has ended, likewise.
        has_stand_ins: Whether there are to be providers where none is set.
    """

    def __init__(self, on_log: Passed, on_span: Passed, *, has_stand_ins: bool = True) -> None:
        self._has_stand_ins = has_stand_ins
        self._hearers = ((_LOGS, "on_emit", on_log), (_SPANS, "on_end", on_span))
        self._restore: list[Callable[[], None]] = []

    def enter(self) -> None:
        """Begin to hear of everything; the application may set what it finds unset."""
        self._take()
        _entered.append(self)

    def leave(self) -> None:
        """Put back what was there; those that were entered later stay, on top of that."""
        if self not in _entered:
            return
        later = _entered[_entered.index(self) + 1 :]
        for each in reversed(later):
            each.pause()
        _entered.remove(self)
        self._put_back()
        for each in later:
            each.resume()

    def pause(self) -> None:
        """Put back what was there for a while."""
        self._own = list(_found())
        _entered.remove(self)
        self._put_back()
        self._others = Changes()

    def resume(self) -> None:
        """Go on with what was there before the pause, but for what has been changed meanwhile."""
        self._others.end()
        self._take()
        for owner, name, value in self._own:
            if not self._others.concern(owner, name):
                setattr(owner, name, value)
        _entered.append(self)

    def _take(self) -> None:
        analytics.outlet.forget()
        self._note()
        _let_be_set()
        for (module, name, *_), stand_in in zip(_GLOBALS, (_loggers, _tracers), strict=True):
            if getattr(module, name) is None and self._has_stand_ins:
                setattr(module, name, stand_in())
        self._note()  # what the stand-ins pass on to, too
        for classes, method, hear in self._hearers:
            for each in classes:
                self._set(each, method, _heard(getattr(each, method), hear))
        for proxy, leads_to, bound in _PROXIES:
            self._set(proxy, leads_to, _unbound(getattr(proxy, leads_to), bound))

    def _put_back(self) -> None:
        while self._restore:
            self._restore.pop()()
        analytics.outlet.forget()

    def _note(self) -> None:
        self._restore += [partial(setattr, owner, name, value) for owner, name, value in _found()]

    def _set(self, owner: Any, name: str, value: object) -> None:
        self._restore.append(partial(setattr, owner, name, getattr(owner, name)))
        setattr(owner, name, value)


_entered: list[Surroundings] = []


class Changes:
    """What somebody makes of the global providers between this and ``end()``."""

    def __init__(self) -> None:
        self._found = list(_found())
        _let_be_set()

    def end(self) -> None:
        """See what has changed: only that is to be undone."""
        self._found = [(owner, name, value) for owner, name, value in self._found if getattr(owner, name) is not value]

    def concern(self, owner: object, name: str) -> bool:
        """Tell whether something is among what has changed."""
        return any(each is owner and changed == name for each, changed, _ in self._found)

    def undo(self) -> None:
        """Put back what was there before."""
        for owner, name, value in self._found:
            setattr(owner, name, value)


def _found() -> Iterator[tuple[Any, str, object]]:
    """Yield where the global providers stand, and what they pass on to, with what is there."""
    for module, name, several, inside in _GLOBALS:
        yield module, f"{name}_SET_ONCE", getattr(module, f"{name}_SET_ONCE")
        yield module, name, getattr(module, name)
        processor = getattr(getattr(module, name), inside, None)
        if isinstance(getattr(processor, several, None), tuple):
            yield processor, several, getattr(processor, several)


def _let_be_set() -> None:
    """Let global providers be set where none is, without a trace of it later."""
    for module, name, *_ in _GLOBALS:
        if getattr(module, name) is None:
            setattr(module, f"{name}_SET_ONCE", Once())


def _heard(pass_on: Callable[..., None], hear: Passed) -> Callable[[Any, Any], None]:
    def passed(several: Any, given: Any) -> None:
        pass_on(several, given)
        hear(several, given)

    return passed


def _unbound(leads_to: property, bound: str) -> property:
    """Have what was made before there was a provider lead to the one of the moment, not to the first for ever."""

    def led(proxy: Any) -> Any:
        fresh = copy(proxy)
        setattr(fresh, bound, None)
        return leads_to.__get__(fresh)

    return property(led)


# One for the whole process: whoever asks for a logger or tracer in a test may keep it.
@cache
def _loggers() -> LoggerProvider:
    provider = LoggerProvider(shutdown_on_exit=False)
    provider._disabled = False  # noqa: SLF001 - OTEL_SDK_DISABLED is about what leaves the process
    return provider


@cache
def _tracers() -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider._disabled = False  # noqa: SLF001
    return provider
