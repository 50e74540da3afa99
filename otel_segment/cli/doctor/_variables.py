"""Environment variables whose names are only nearly right: nobody reads them, and nobody says so."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import fields
from difflib import get_close_matches
from functools import cache

from otel_segment._env import ROWS
from otel_segment.cli.doctor._findings import Finding, fine, warning
from otel_segment.instrumentation import resolve_web

__all__ = ["check_variables", "near", "renamed_to"]

_PREFIX = "OTEL_EXPORTER_SEGMENT_"
_WEB_PREFIX = "OTEL_INSTRUMENTATION_SEGMENT_"
_OURS = tuple(variable for row in ROWS for variable in row.variables)
_ENDS = tuple(variable.removeprefix(_PREFIX) for variable in _OURS if variable.startswith(_PREFIX))
_OF_OPENTELEMETRY = (
    *("OTEL_LOGS_EXPORTER", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_SDK_DISABLED"),
    *("OTEL_CONFIG_FILE", "OTEL_PYTHON_LOG_CORRELATION", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"),
)
_OF_OTHER_LANGUAGES = {"OTEL_EXPERIMENTAL_CONFIG_FILE": "OTEL_CONFIG_FILE"}
_LIKENESS = 0.8
_GREAT_LIKENESS = 0.9


def near(name: str, names: Iterable[str]) -> str:
    """Return a question for the name that was likely meant; empty where none is like it."""
    found = get_close_matches(name, list(names), 1)
    return f". Did you mean {found[0]}?" if found else ""


def check_variables() -> Iterator[Finding]:
    """Name what is set and read by nobody, with the name that was likely meant."""
    found = list(_misspelt())
    yield from found
    if not found:
        yield fine("no variable with a misspelt name")


def _misspelt() -> Iterator[Finding]:
    for name in sorted(os.environ):
        meant = _meant(name)
        if meant is not None:
            cure = _renaming(name, meant) if meant else f"{name}: there is no setting of that name; remove {name}"
            question = f"; did you mean {meant}?" if meant else ""
            yield warning(f"{name} is set, and read by nobody{question}", cure, name)


def renamed_to(variables: Iterable[str]) -> str:
    """Return the cure where a variable is set that was meant to be one of these; empty where none is."""
    wanted = frozenset(variables)
    misspelt = ((name, _meant(name)) for name in sorted(os.environ))
    return next((_renaming(name, meant) for name, meant in misspelt if meant in wanted), "")


def _renaming(name: str, meant: str) -> str:
    return f"{name}: rename it to {meant}"


def _meant(name: str) -> str | None:
    """Return the name that was meant, empty where none is near; ``None`` where the name is right, or not ours."""
    upper = name.upper()
    if name in _OURS or name in _known_to_opentelemetry():
        return None
    if name in _OF_OTHER_LANGUAGES:
        return _OF_OTHER_LANGUAGES[name]
    if name.startswith(_WEB_PREFIX):
        return None  # these are checked, and complained of, with the settings of the web instrumentation
    if upper.startswith(_PREFIX):
        # The part that all have in common would make any two alike.
        end = upper.removeprefix(_PREFIX)
        ends = get_close_matches(end, _ENDS, 1)
        return _PREFIX + ends[0] if ends else _WEB_PREFIX + end if _WEB_PREFIX + end in _of_web() else ""
    likely = get_close_matches(upper, _OURS, 1, _LIKENESS) or get_close_matches(upper, _of_web(), 1, _GREAT_LIKENESS)
    if likely and "SEG" in upper:
        return likely[0]
    if upper.startswith("OTEL"):
        likely = get_close_matches(upper, _OF_OPENTELEMETRY, 1, _GREAT_LIKENESS)
        return likely[0] if likely else None
    return None


@cache
def _of_web() -> tuple[str, ...]:
    return tuple(_WEB_PREFIX + field.name.upper() for field in fields(resolve_web({}, {})))


@cache
def _known_to_opentelemetry() -> frozenset[str]:
    from opentelemetry import environment_variables as of_api
    from opentelemetry.sdk import environment_variables as of_sdk

    names = {name for module in (of_api, of_sdk) for name in vars(module) if name.startswith("OTEL_")}
    return frozenset(names | set(_OF_OPENTELEMETRY))
