"""The declarative configuration file, read as OpenTelemetry reads it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from otel_segment.cli.doctor._findings import Finding, broken, fine, warning

__all__ = ["VARIABLE", "ConfigFile", "FileExporter", "read_config_file"]

VARIABLE = "OTEL_CONFIG_FILE"

_QUOTED = re.compile(r"(['\"]).*?\1", re.DOTALL)
_PROVIDERS = {"logs": "logger_provider", "traces": "tracer_provider"}
_KINDS = ("batch", "simple")


@dataclass(frozen=True)
class FileExporter:
    """An exporter that the file names.

    Attributes:
        signal: ``logs`` or ``traces``.
        name: Its name.
        place: The file, and where in it.
        arguments: The settings that it is given.
    """

    signal: str
    name: str
    place: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ConfigFile:
    """What the file says.

    Attributes:
        path: Where it is.
        findings: What is to be said of it.
        exporters: The exporters.
        is_disabled: Whether it switches the SDK off.
        is_read: Whether it could be read.
    """

    path: str
    findings: tuple[Finding, ...]
    exporters: tuple[FileExporter, ...] = ()
    is_disabled: bool = False
    is_read: bool = False


def read_config_file() -> ConfigFile | None:
    """Read the file that the environment names; ``None`` where it names none."""
    path = os.environ.get(VARIABLE, "").strip()
    if not path:
        return None
    problem = _unsupported() or _missing(path)
    if problem is not None:
        return ConfigFile(path, (problem,))
    from opentelemetry.configuration import load_config_file

    try:
        model = load_config_file(path)
    except Exception as error:  # noqa: BLE001 - as many kinds as there are mistakes
        return ConfigFile(path, (_mistake(path, error),))
    return _read(path, model)


def _unsupported() -> Finding | None:
    from opentelemetry.sdk import environment_variables

    if not hasattr(environment_variables, VARIABLE):
        return broken(
            f"{VARIABLE} is set, and this version of the SDK does not read it",
            "pip install --upgrade 'otel-segment[auto,yaml]' opentelemetry-sdk",
            VARIABLE,
        )
    try:
        import opentelemetry.configuration  # noqa: F401 - whether it can be imported
    except ImportError as error:
        return broken(
            f"{VARIABLE} is set, and what reads the file is not installed ({error}): nothing starts",
            "pip install 'otel-segment[yaml]'",
            VARIABLE,
        )
    return None


def _missing(path: str) -> Finding | None:
    try:
        with Path(path).open("rb"):
            return None
    except OSError as error:
        return broken(
            f"the file {path} cannot be read: {error.strerror}; nothing starts",
            f"correct {VARIABLE}, or create the file",
            VARIABLE,
        )


def _mistake(path: str, error: Exception) -> Finding:
    """Say what is wrong with the file, without what stands in it, which may be a secret."""
    inner = error.__cause__
    mark = getattr(inner, "problem_mark", None)
    if mark is not None:
        problem = _QUOTED.sub("...", str(getattr(inner, "problem", "")))
        what = f"{path}, line {mark.line + 1}, column {mark.column + 1}: {problem or 'it is no YAML'}"
    elif hasattr(inner, "absolute_path"):
        where = ".".join(map(str, getattr(inner, "absolute_path", ()))) or "the top"
        what = f"{path}: at {where}, the schema wants {getattr(inner, 'validator', '')}: {_wanted(inner)}"
    else:
        what = f"{path}: {_QUOTED.sub('...', str(error))}"
    return broken(f"{what}; nothing starts", f"correct {path} there", VARIABLE)


def _wanted(error: Any) -> str:
    value = getattr(error, "validator_value", "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value) if not isinstance(value, dict) else "…"


def _read(path: str, model: Any) -> ConfigFile:
    exporters = tuple(_exporters(path, model))
    chosen = [f"{each.signal}: {each.name}" for each in exporters]
    findings = [fine(f"{path} is in use: {', '.join(chosen) or 'it names no exporter of logs or traces'}", VARIABLE)]
    if not any(each.name == "segment" for each in exporters):
        findings.append(
            warning(
                f"{path} sends nothing to Segment",
                "add to it, under logger_provider.processors: - batch: {exporter: {segment: {}}}",
                VARIABLE,
            )
        )
    return ConfigFile(path, tuple(findings), exporters, bool(getattr(model, "disabled", None)), is_read=True)


def _exporters(path: str, model: Any) -> Iterator[FileExporter]:
    for signal, provider in _PROVIDERS.items():
        processors = getattr(getattr(model, provider, None), "processors", None) or []
        for number, processor in enumerate(processors):
            for kind in _KINDS:
                exporter = getattr(getattr(processor, kind, None), "exporter", None)
                for name, arguments in _named(exporter):
                    place = f"{path}, {provider}.processors[{number}].{kind}.exporter.{name}"
                    yield FileExporter(signal, name, place, arguments)


def _named(exporter: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not is_dataclass(exporter):
        return
    for field in fields(exporter):
        if getattr(exporter, field.name, None) is not None:
            yield field.name, {}
    for name, arguments in (getattr(exporter, "additional_properties", None) or {}).items():
        yield name, arguments if isinstance(arguments, dict) else {}
