"""Which spool is meant, and opening it."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.spool import Spool, SpoolError, has_spool, spool_for

__all__ = ["VARIABLE", "add_folder", "folder_of", "opened"]

VARIABLE = "OTEL_EXPORTER_SEGMENT_SPOOL"

_MAX_BYTES = 2**40
"""What applications may put there is bounded by their own setting."""


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Let a command take the folder."""
    parser.add_argument("--spool", type=Path, metavar="DIR", help=f"the spool's folder ({VARIABLE})")


def folder_of(arguments: argparse.Namespace) -> Path:
    """Return the folder that is meant.

    Raises:
        CommandError: None is given, or there is no spool in it.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if arguments.spool is None and not given:
        msg = f"which spool? Give its folder with --spool DIR, or set {VARIABLE}"
        raise CommandError(msg, UNUSABLE)
    folder = (arguments.spool or Path(given)).expanduser().absolute()
    if not folder.is_dir():
        msg = f"no such folder: {folder}; give another one with --spool DIR, or set {VARIABLE}"
        raise CommandError(msg, UNUSABLE)
    if not has_spool(folder):
        msg = f"no spool in {folder}: an application makes one there when it first keeps an event"
        raise CommandError(msg, UNUSABLE)
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Spool]:
    """Open the spool of a folder.

    Raises:
        CommandError: It cannot be used.
    """
    spool = spool_for(folder, _MAX_BYTES)
    try:
        yield spool
    except SpoolError as error:
        raise CommandError(str(error)) from error
    finally:
        spool.close()
