"""The mapping file that a command is about."""

import argparse
from pathlib import Path

from otel_segment.cli._command import UNUSABLE, CommandError, require
from otel_segment.exporters import MappingFile, read_mapping_file

__all__ = ["add_file", "mapping_of"]


def add_file(parser: argparse.ArgumentParser) -> None:
    """Let a command take a mapping file."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a mapping: .yaml, .yml, .json or .toml")


def mapping_of(arguments: argparse.Namespace) -> MappingFile:
    """Return the mapping of the file that was named.

    Raises:
        CommandError: There is no such file, or a package to read it is missing.
        ConfigurationError: It has mistakes.
    """
    file: Path = arguments.file
    if not file.is_file():
        msg = f"{file}: no such file"
        raise CommandError(msg, UNUSABLE)
    if file.suffix.lower() in {".yaml", ".yml"}:
        require("yaml", ("yaml",))
    return read_mapping_file(file)
