"""This process, replaced by a command that OpenTelemetry instruments."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from otel_segment.cli._command import CommandError

__all__ = ["NOT_EXECUTABLE", "NOT_FOUND", "check", "launch"]

NOT_EXECUTABLE = 126
"""As a shell has it."""
NOT_FOUND = 127
"""As a shell has it."""

# Python ignores these from its start on, which a program that takes its place would inherit.
_IGNORED = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")


def check(program: str) -> None:
    """See whether there is such a command.

    Raises:
        CommandError: There is none, or it cannot be executed.
    """
    if shutil.which(program) is not None:
        return
    folders = [""] if os.sep in program else os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = next((path for folder in folders if (path := Path(folder) / program).is_file()), None)
    if found is None and not (os.sep in program and Path(program).exists()):
        msg = f"{program}: there is no such command"
        raise CommandError(msg, NOT_FOUND)
    msg = f"{found or program}: it cannot be executed"
    raise CommandError(msg, NOT_EXECUTABLE)


def launch(command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Become the command, as ``opentelemetry-instrument`` does.

    Args:
        command: The command with its arguments.
        variables: What is added to the environment.

    Raises:
        CommandError: It cannot be executed.
    """
    # Its entry point itself, so that whatever it does besides is done here too, now and in later versions.
    from opentelemetry.instrumentation.auto_instrumentation import run

    os.environ.update(variables)
    sys.argv = ["opentelemetry-instrument", *command]
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    for name in _IGNORED:
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_DFL)
    try:
        run()
    except OSError as error:
        msg = f"{command[0]}: it cannot be executed: {error.strerror}"
        raise CommandError(msg, NOT_EXECUTABLE) from error
    raise AssertionError  # pragma: no cover - a process that was replaced does not come back
