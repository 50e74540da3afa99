"""What the application's callbacks say in one request."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from otel_segment.instrumentation._background_loop import in_loop
from otel_segment.instrumentation._callbacks import call, call_async
from otel_segment.instrumentation._framework import Framework
from otel_segment.instrumentation._request import Request, WsgiRequest
from otel_segment.instrumentation._web import Web

__all__ = ["Asked"]

_UNASKED: Any = object()

# In the context alone, as other threads and tasks of the same request may ask at the same time.
_asking: ContextVar[tuple[tuple[object, str], ...]] = ContextVar("otel_segment.asking", default=())


class Asked:
    """Asks callbacks, and keeps what holds for the whole request.

    That is everything but a failure, and but what a plain ``get_user`` says, which is true as of now.

    Args:
        request: The request.
        web: The settings, made ready.

    Attributes:
        is_complete: Whether all that was asked since somebody set this has had an answer that is kept.
    """

    def __init__(self, request: Request, web: Web) -> None:
        self._request = request
        self._web = web
        self._kept: dict[str, Any] = {}
        self._threaded: Any = _UNASKED
        self.is_complete = True

    def has(self, name: str) -> bool:
        """Tell whether a callback's answer is known and kept."""
        return name in self._kept

    def forgo(self, name: str) -> None:
        """Do without a callback."""
        self._kept[name] = None

    def now(self, name: str, framework: Framework) -> Any:
        """Return a callback's answer as of now; None where there is none yet.

        Args:
            name: The setting.
            framework: Knows the application's request.
        """
        if name in self._kept:
            return self._kept[name]
        if name == "get_user" and self._threaded is not _UNASKED and in_loop():
            # It may ask a database, which Django does not let it do here.
            return self._threaded
        # Whoever emits inside of a callback gets nobody from it.
        if (self, name) in _asking.get():
            return None
        request = framework.request(self._request.native)
        is_there = request is not None
        if not is_there:
            if name == "get_user":
                return None
            request = framework.made(self._request.native)
        return self._called(name, request, may_keep=is_there)

    async def wait(self, name: str, framework: Framework, threaded: Callable[..., Any] | None) -> None:
        """Ask a callback in this event loop.

        Args:
            name: The setting.
            framework: Knows the application's request.
            threaded: Makes of a plain function one that can be awaited.
        """
        request = framework.request(self._request.native)
        is_asynchronous = name in self._web.awaited
        if request is None or name in self._kept or (threaded is None and not is_asynchronous):
            return
        settings = self._web.settings
        function = getattr(settings, name)
        token = _asking.set((*_asking.get(), (self, name)))
        try:
            if threaded is not None and not is_asynchronous:
                function = threaded(function)
            answer = await call_async(function, name, request, settings.get_user_timeout)
        finally:
            _asking.reset(token)
        if is_asynchronous:
            self._kept[name] = answer
        else:
            self._threaded = answer

    def _called(self, name: str, request: Any, *, may_keep: bool) -> Any:
        settings = self._web.settings
        token = _asking.set((*_asking.get(), (self, name)))
        try:
            # By ASGI it has its moment, in the server's own loop, to which what it uses may be bound. Here, in the loop
            # or in a thread that the loop waits for, it could hold up itself.
            may_wait = isinstance(self._request, WsgiRequest)
            answer = call(getattr(settings, name), name, request, settings.get_user_timeout, may_wait=may_wait)
        finally:
            _asking.reset(token)
        if answer.is_awaited:
            # A plain function that returns what is to be awaited is known by that alone.
            self._web.awaited.add(name)
        if answer.is_final and may_keep and (answer.is_awaited or name != "get_user"):
            self._kept[name] = answer.value
        elif name != "get_user":
            self.is_complete = False
        return answer.value
