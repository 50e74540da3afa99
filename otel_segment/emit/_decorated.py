"""Functions of every kind that run inside a context manager."""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, TypeAlias, TypeVar, cast

__all__ = ["decorated"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_NewScope: TypeAlias = Callable[[], AbstractContextManager[object]]


def decorated(function: _Function, new_scope: _NewScope) -> _Function:
    """A function that runs inside a scope of its own at each call; of generators it is each step that does."""
    if inspect.isasyncgenfunction(function):
        wrapper = _of_async_generator(function, new_scope)
    elif inspect.isgeneratorfunction(function):
        wrapper = _of_generator(function, new_scope)
    elif inspect.iscoroutinefunction(function):
        wrapper = _of_coroutine(function, new_scope)
    else:
        wrapper = _of_function(function, new_scope)
    return cast("_Function", wraps(function)(wrapper))


def _of_function(function: Callable[..., Any], new_scope: _NewScope) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with new_scope():
            return function(*args, **kwargs)

    return wrapper


def _of_coroutine(function: Callable[..., Any], new_scope: _NewScope) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with new_scope():
            return await function(*args, **kwargs)

    return wrapper


def _of_generator(function: Callable[..., Any], new_scope: _NewScope) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps: Generator[Any, Any, Any] = function(*args, **kwargs)
        step: Callable[[Any], Any] = steps.send
        argument: Any = None
        while True:
            with new_scope():
                try:
                    item = step(argument)
                except StopIteration as end:
                    return end.value
            try:
                step, argument = steps.send, (yield item)
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in is thrown on
                step, argument = steps.throw, error

    return wrapper


def _of_async_generator(function: Callable[..., Any], new_scope: _NewScope) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps: AsyncGenerator[Any, Any] = function(*args, **kwargs)
        step: Callable[[Any], Any] = steps.asend
        argument: Any = None
        while True:
            with new_scope():
                try:
                    item = await step(argument)
                except StopAsyncIteration:
                    return
            try:
                step, argument = steps.asend, (yield item)
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in is thrown on
                step, argument = steps.athrow, error

    return wrapper
