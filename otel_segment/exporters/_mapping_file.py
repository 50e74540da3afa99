"""The mapping from where the setting points to."""

import json
import os
import sys
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any

from otel_segment.errors import ConfigurationError
from otel_segment.mapping import Mapping, read_mapping

__all__ = ["load_mapping"]


def load_mapping(setting: str | os.PathLike[str] | MappingType[str, Any] | None) -> Mapping:
    """Return the mapping that the setting names, or is.

    Args:
        setting: A path to a YAML, JSON or TOML file, or the document itself as lists and maps.

    Raises:
        ConfigurationError: If the file cannot be read or the document is not valid.
    """
    if setting is None:
        return Mapping()
    if isinstance(setting, MappingType):
        return read_mapping(dict(setting), "given in place")
    path = Path(setting)
    try:
        return read_mapping(_parse(path, path.read_text(encoding="utf-8")), f"file {path}")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise _bad_file(path, f"cannot be read: {reason}; name a file that this process may read") from None


def _parse(path: Path, text: str) -> Any:
    suffix = path.suffix.lower()
    try:
        if suffix in {".yaml", ".yml"}:
            return _parse_yaml(path, text)
        if suffix == ".toml":
            return _parse_toml(path, text)
        if suffix == ".json":
            return json.loads(text)
    except ValueError as error:
        raise _bad_file(path, f"is not valid: {error}") from None
    raise _bad_file(path, "has no ending that says what it is; use .yaml, .json or .toml")


def _parse_yaml(path: Path, text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise _bad_file(path, "needs PyYAML: pip install 'otel-segment[yaml]'") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _bad_file(path, f"is not valid YAML: {error}") from None


def _parse_toml(path: Path, text: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    raise _bad_file(path, "needs Python 3.11 or later to be read; write YAML or JSON instead")


def _bad_file(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(f'setting "mapping": the file {path} {problem}')
