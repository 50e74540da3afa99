"""The names by which OpenTelemetry finds us, and the frameworks that are instrumented by them."""

import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points

from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._versions import installed

__all__ = ["EXPORTERS", "check_entry_points", "names_of"]

EXPORTERS = {
    "logs": "opentelemetry_logs_exporter",
    "traces": "opentelemetry_traces_exporter",
    "metrics": "opentelemetry_metrics_exporter",
}
"""The groups of exporters by signal."""

_INSTRUMENTORS = "opentelemetry_instrumentor"
_DISABLED = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
_OUR_PACKAGE = "otel_segment"
_REINSTALL = "pip install --force-reinstall --no-deps otel-segment"
_FRAMEWORKS = {
    "flask": "segment_flask",
    "django": "segment_django",
    "starlette": "segment_starlette",
    "fastapi": "segment_starlette",
}


def names_of(group: str) -> list[str]:
    """Return the names in a group of entry points."""
    return sorted(_points(group).names)


@cache
def _points(group: str) -> EntryPoints:
    # Each time all packages of the environment are looked through.
    return entry_points(group=group)


def check_entry_points() -> Iterator[Finding]:
    """Load every entry point of ours, as OpenTelemetry's launcher does, and look for frameworks."""
    for signal in ("logs", "traces"):
        yield from _exporter(signal)
    found = {point.name: point for point in _points(_INSTRUMENTORS) if _is_ours(point)}
    disabled = {name.strip() for name in os.environ.get(_DISABLED, "").split(",")} - {""}
    for name in (*dict.fromkeys(_FRAMEWORKS.values()), "segment_visitor"):
        if name not in found:
            yield broken(f"no entry point {name} in {_INSTRUMENTORS}", _REINSTALL)
        else:
            yield _loaded(found[name])
    for framework, name in _FRAMEWORKS.items():
        if number := installed(framework):
            yield _framework(f"{framework} {number}", name, found, disabled)


def _exporter(signal: str) -> Iterator[Finding]:
    group = EXPORTERS[signal]
    # OpenTelemetry takes the first.
    named = [point for point in _points(group) if point.name == "segment"]
    if not named:
        yield broken(f'no entry point "segment" in {group}: it cannot be chosen by name', _REINSTALL)
        return
    if not _is_ours(named[0]):
        yield broken(
            f'the name "segment" in {group} is of another package: {named[0].value}',
            "uninstall that package, or set exporters up in code with otel_segment.configure()",
        )
        return
    yield _loaded(named[0])


def _loaded(point: EntryPoint) -> Finding:
    try:
        point.load()
    except Exception as error:  # noqa: BLE001 - importing may raise anything
        cause = f"{point.name} in {point.group} cannot be loaded: {type(error).__name__}: {error}"
        missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
        return broken(cause, f"pip install {missing.partition('.')[0]}" if missing else _REINSTALL)
    return fine(f"{point.name} in {point.group}: {point.value} loads")


def _framework(framework: str, name: str, found: dict[str, EntryPoint], disabled: set[str]) -> Finding:
    if "*" in disabled or name in disabled:
        return warning(
            f"{framework}: {name} is disabled, so there are no page views and no visitors",
            f"take {name if name in disabled else '*'} out of {_DISABLED}",
            _DISABLED,
        )
    if name not in found:
        return unknown(f"{framework}: {name} is not there")
    conflict = _conflict(found[name])
    if conflict:
        return warning(f"{framework} is not instrumented: {conflict}", "install a version that is supported")
    return fine(f"{framework}: instrumented by {name}, under opentelemetry-instrument or in code")


def _conflict(point: EntryPoint) -> str:
    from opentelemetry.instrumentation.dependencies import get_dependency_conflicts

    try:
        conflict = get_dependency_conflicts(point.load()().instrumentation_dependencies())
    except Exception as error:  # noqa: BLE001 - what cannot be loaded is said elsewhere
        return type(error).__name__
    return str(conflict) if conflict and getattr(conflict, "found", None) else ""


def _is_ours(point: EntryPoint) -> bool:
    return point.value.partition(":")[0].partition(".")[0] == _OUR_PACKAGE
