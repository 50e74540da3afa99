"""The dead-letter file: whether it can be written, and whether anything is in it."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from otel_segment.cli.doctor._findings import Finding, broken, fine, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.dead_letter import ROTATED_FILES

__all__ = ["check_dead_letter", "nearest", "why_not_writable"]

_VARIABLE = "OTEL_EXPORTER_SEGMENT_DEAD_LETTER"


def check_dead_letter(setup: Setup) -> Iterator[Finding]:
    """Look at the file and at those that were set aside."""
    given, source = setup.reading("dead_letter").value, setup.source("dead_letter")
    if given is None:
        if not setup.reading("dead_letter").problem:
            yield fine("none: what can never be delivered is dropped with a log line", source)
        return
    path = Path(given)
    cure = f"set {_VARIABLE} to a file that this user ({_user()}) may write"
    if problem := _problem(path):
        yield broken(f"{path} cannot be written: {problem}; what should be in it is lost", cure, source)
    files = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, ROTATED_FILES + 1))]
    sizes = {file: file.stat().st_size for file in files if file.is_file()}
    if any(sizes.values()):
        names = " ".join(str(file) for file in reversed(sizes))
        yield warning(
            f"{path} holds {sum(sizes.values()):,} bytes of events that were not delivered, in {len(sizes)} file(s)",
            f"see why with otel-segment replay --dry-run {names}; send them again with otel-segment replay {names}",
            source,
        )
    elif not problem:
        yield fine(f"{path} is empty, and can be written", source)


def _problem(path: Path) -> str:
    if not path.exists():
        return why_not_writable(path.parent)
    if not stat.S_ISREG(path.stat().st_mode):
        return "it is no regular file"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    except OSError as error:
        return str(error.strerror)
    return ""


def why_not_writable(folder: Path) -> str:
    """Say why files cannot be made in a folder, or in the first above it that is there; empty where they can."""
    folder = nearest(folder)
    try:
        # It has no name, and goes when it is closed: nothing is left of the attempt.
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"{folder}: {error.strerror}"


def nearest(folder: Path) -> Path:
    """Return a folder, or the first above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _user() -> str:
    return f"uid {os.getuid()}" if hasattr(os, "getuid") else os.environ.get("USERNAME", "?")
