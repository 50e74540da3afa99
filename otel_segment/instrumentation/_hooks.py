"""Wrapping what a framework calls, and undoing it; the only file that knows how."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

__all__ = ["Hooks", "Wrapper"]

Wrapper: TypeAlias = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""Called with what is wrapped, the instance it is bound to, and the arguments."""


class Hooks:
    """What one instrumentor has wrapped."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str]] = []

    def wrap(self, module: str, name: str, wrapper: Wrapper) -> None:
        """Wrap a method of a class.

        Args:
            module: The module's name.
            name: ``Class.method``.
            wrapper: What is called in its place.
        """
        from wrapt import wrap_function_wrapper

        wrap_function_wrapper(module, name, wrapper)
        owner, _, method = name.rpartition(".")
        self._undo.append((getattr(import_module(module), owner), method))

    def undo(self) -> None:
        """Take all of it back, the last first; what others have wrapped since stays wrapped by them."""
        from opentelemetry.instrumentation.utils import unwrap

        while self._undo:
            unwrap(*self._undo.pop())
