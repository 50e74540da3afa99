"""The functions that a mapping names."""

import logging
from importlib import import_module

from otel_segment._log import say
from otel_segment.mapping import Function

__all__ = ["find_function", "say_failed_function"]


def find_function(name: str) -> Function:
    """Return the function that a text such as ``package.module:name`` stands for.

    Raises:
        ValueError: If there is no such module, or nothing of that name in it that can be called.
    """
    module_name, _, path = name.partition(":")
    try:
        found: object = import_module(module_name)
    except Exception as error:
        message = f"the module {module_name} of the function {name} cannot be imported: {error}"
        raise ValueError(message) from error
    for step in path.split("."):
        found = getattr(found, step, None)
    if not callable(found):
        message = f"the module {module_name} has no function {path}"
        raise ValueError(message)  # noqa: TRY004 - what is wrong is the name
    function: Function = found
    return function


def say_failed_function(name: str, error: Exception) -> None:
    """Say that a function of the mapping failed; the error's own text may quote the event, and is left out."""
    say(
        f"function {name}",
        logging.ERROR,
        "the mapping's function %s failed with %s; its value counts as missing",
        name,
        type(error).__qualname__,
    )
