"""All commands, in the order of the help: one line each."""

from importlib import import_module

from otel_segment.cli._command import Command

__all__ = ["commands"]

_HOMES = {
    "completion": "_completion",
    "demo": "_demo",
    "doctor": "doctor",
    "inspect": "_inspect",
    "mapping": "mapping",
    "replay": "_replay",
    "run": "run",
    "send": "send",
    "spool": "spool",
    "tail": "tail",
}
"""The name of each, and the module that has it under that name in capitals."""


def commands(chosen: str | None = None) -> tuple[Command, ...]:
    """Load the commands.

    Args:
        chosen: The one that is to be run: where there is such a one, the others are not loaded.
    """
    return tuple(map(_load, [chosen] if chosen in _HOMES else _HOMES))


def _load(name: str) -> Command:
    command: Command = getattr(import_module(f"otel_segment.cli.{_HOMES[name]}"), name.upper())
    return command
