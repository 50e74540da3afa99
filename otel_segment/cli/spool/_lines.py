"""A file of events as JSON Lines that a command writes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from otel_segment.cli._command import UNUSABLE, CommandError

__all__ = ["new_file"]


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """Open a file that is not there yet, for its owner alone; ``-`` is the standard output.

    Raises:
        CommandError: It is there already, or cannot be made.
    """
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        msg = f"{path} is there already; give another name, or move it away"
        raise CommandError(msg, UNUSABLE) from error
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise CommandError(msg, UNUSABLE) from error
    Path(path).chmod(0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
