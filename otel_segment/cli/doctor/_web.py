"""The settings of the web instrumentation."""

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec

from otel_segment.cli.doctor._findings import Finding, broken, fine, warning
from otel_segment.errors import ConfigurationError
from otel_segment.instrumentation import resolve_web

__all__ = ["check_web"]

_PREFIX = "OTEL_INSTRUMENTATION_SEGMENT_"
_MEANT = re.compile(r"did you mean (\w+)\?")
_NAME = re.compile(rf"\b{_PREFIX}\w+")
_CALLBACKS = frozenset(f"{_PREFIX}GET_{what}" for what in ("USER", "ANONYMOUS_ID", "SESSION_ID", "CONSENT"))
_SECRETS = frozenset((_PREFIX + "SALT",))


def check_web() -> Iterator[Finding]:
    """Say what is set, and what is wrong with it."""
    names = sorted(name for name in os.environ if name.startswith(_PREFIX) and os.environ[name].strip())
    try:
        resolve_web({})
    except ConfigurationError as error:
        head, *lines = str(error).split("\n- ")
        for line in lines or [head.partition(". ")[2]]:
            problem = line.strip().removesuffix(".")
            name = problem.partition(":")[0]
            what = f"{problem}: there are no page views and no visitors"
            yield broken(what, f"{name}: {_cure(problem)}", "".join(_NAME.findall(problem)[:1]))
        return
    for name in names:
        yield _missing(name) or fine(f"{name.removeprefix(_PREFIX).lower()} = {_shown(name)}", name)
    if not names:
        yield fine(f"all settings have their defaults: no {_PREFIX}... is set", "default")


def _missing(name: str) -> Finding | None:
    """Say where the package of a callback is not found. It is not imported: it may need what sets an application up."""
    package, _, function = os.environ[name].strip().partition(":")
    package = package.partition(".")[0]
    if not (name in _CALLBACKS and function) or (package.isidentifier() and find_spec(package)):
        return None
    what = f"{name.removeprefix(_PREFIX).lower()} = {_shown(name)}: there is no {package} here, so it is never called"
    return warning(what, f"correct {name}, or have {package} in PYTHONPATH where the application is started", name)


def _cure(problem: str) -> str:
    if meant := _MEANT.search(problem):
        return f"rename it to {meant[1]}, or remove it"
    return problem.rpartition("; ")[2] if "; " in problem else problem.rpartition(". ")[2]


def _shown(name: str) -> str:
    return "***" if name in _SECRETS else os.environ[name].strip()
