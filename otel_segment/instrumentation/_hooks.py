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
        self._done: list[tuple[Any, str, Any, Any]] = []

    def wrap(self, module: str, name: str, wrapper: Wrapper) -> None:
        """Wrap a method of a class.

        Args:
            module: The module's name.
            name: ``Class.method``.
            wrapper: What is called in its place.
        """
        from wrapt import FunctionWrapper

        class_name, _, method = name.rpartition(".")
        found = getattr(import_module(module), class_name)
        # Tracing may have put a class of its own there, which inherits the method from the one that others have.
        owner = next(each for each in found.__mro__ if method in vars(each))
        before = vars(owner)[method]
        ours = FunctionWrapper(before, wrapper)
        setattr(owner, method, ours)
        self._done.append((owner, method, before, ours))

    def undo(self) -> None:
        """Take all of it back, the last first.

        What others have wrapped since stays wrapped by them, with ours inside, which leads straight on.
        """
        while self._done:
            owner, method, before, ours = self._done.pop()
            if vars(owner).get(method) is ours:
                setattr(owner, method, before)
