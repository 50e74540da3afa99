"""The mapping from where the setting points to."""

import json
import os
import sys
from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import Any, NamedTuple

from otel_segment.errors import ConfigurationError
from otel_segment.exporters._functions import find_function
from otel_segment.exporters._yaml_document import parse_yaml
from otel_segment.mapping import LineOf, Mapping, read_mapping

__all__ = ["MappingFile", "load_mapping", "read_mapping_file"]


class MappingFile(NamedTuple):
    """A mapping with the lines of its parts, as far as they are known."""

    mapping: Mapping
    line_of: LineOf


def load_mapping(setting: str | os.PathLike[str] | MappingType[str, Any] | Mapping | None) -> Mapping:
    """Return the mapping that the setting names, or is.

    Args:
        setting: A path to a YAML, JSON or TOML file, or the document itself: as lists and maps, as JSON text, or as
            made in Python.

    Raises:
        ConfigurationError: If the file cannot be read or the document is not valid.
    """
    if setting is None:
        return Mapping()
    if isinstance(setting, MappingType):
        setting = dict(setting)
    if isinstance(setting, dict | Mapping):
        return read_mapping(setting, "given in place", resolve=find_function)
    if isinstance(setting, str) and setting.lstrip().startswith("{"):
        return _read_text(setting)
    return read_mapping_file(Path(setting).expanduser()).mapping


def _read_text(text: str) -> Mapping:
    """Read a mapping that stands in a variable in place of a path, as JSON."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        message = f'setting "mapping": begins as JSON does, but is not valid: {error}; give a path or a whole map'
        raise ConfigurationError(message) from None
    return read_mapping(document, "given in place", resolve=find_function)


def read_mapping_file(path: Path) -> MappingFile:
    """Read a mapping from a YAML, JSON or TOML file.

    Raises:
        ConfigurationError: If the file cannot be read or the document is not valid.
    """
    try:
        document, line_of = _parse(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise _bad_file(path, f"cannot be read: {reason}; name a file that this process may read") from None
    return MappingFile(read_mapping(document, f"file {path}", resolve=find_function, line_of=line_of), line_of)


def _parse(path: Path, text: str) -> tuple[Any, LineOf]:
    suffix = path.suffix.lower()
    try:
        if suffix in {".yaml", ".yml"}:
            return parse_yaml(text)
        if suffix == ".toml":
            return _parse_toml(path, text), _no_line
        if suffix == ".json":
            return json.loads(text, object_pairs_hook=_once), _no_line
    except ImportError:
        raise _bad_file(path, "needs PyYAML: pip install 'otel-segment[yaml]'") from None
    except ValueError as error:
        kind = suffix[1:].upper().replace("YML", "YAML")
        raise _bad_file(path, f"is not valid {kind}: {error}") from None
    raise _bad_file(path, "has no ending that says what it is; use .yaml, .json or .toml")


def _no_line(_: Any) -> None:
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a map of JSON's pairs; a name that is there twice would hide the first in silence."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        message = f'the key "{name}" is there twice in one map; leave one of them out'
        raise ValueError(message)
    return made


def _parse_toml(path: Path, text: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    raise _bad_file(path, "needs Python 3.11 or later to be read; write YAML or JSON instead")


def _bad_file(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(f'setting "mapping": the file {path} {problem}')
