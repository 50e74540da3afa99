"""Conditions of the mapping as functions of a value."""

import operator
import re
from collections.abc import Callable
from fnmatch import translate
from typing import Any, TypeAlias

from msgspec import UNSET

from otel_segment.mapping._document import SEVERITIES
from otel_segment.mapping._lookup import MISSING
from otel_segment.mapping._terms import Condition, Test

__all__ = ["Check", "compile_globs", "compile_severity", "compile_test", "is_glob"]

Check: TypeAlias = Callable[[Any], bool]
"""Tells whether a value, or ``MISSING``, is as it must be."""

_SPECIAL = frozenset("*?[")

_STEPS = 4
"""Numbers that a severity has."""


def is_glob(pattern: str) -> bool:
    """Tell whether a text stands for more than itself."""
    return not _SPECIAL.isdisjoint(pattern)


def compile_globs(patterns: str | list[str]) -> Check:
    """Return what tells whether a value is a text of one of these forms."""
    names = [patterns] if isinstance(patterns, str) else patterns
    plain = frozenset(name for name in names if not is_glob(name))
    globs = "|".join(translate(name) for name in names if is_glob(name))
    if not globs:
        return lambda value: isinstance(value, str) and value in plain
    match = re.compile(globs).match
    return lambda value: isinstance(value, str) and (value in plain or match(value) is not None)


def compile_test(test: Test) -> Check:
    """Return what tells whether a value is as a test says."""
    if not isinstance(test, Condition):
        return lambda value: _is_same(value, test)
    checks = list(_checks(test))
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def compile_severity(test: Test) -> Check:
    """Return what tells whether a severity number is as a test says; each name stands for four numbers."""
    if isinstance(test, str):
        first = SEVERITIES[test.upper()]
        return lambda value: isinstance(value, int) and first <= value < first + _STEPS
    return compile_test(test)


def _checks(condition: Condition) -> list[Check]:
    checks: list[Check] = []
    if condition.one_of is not UNSET:
        allowed = condition.one_of
        checks.append(lambda value: any(_is_same(value, item) for item in allowed))
    if condition.exists is not UNSET:
        exists = condition.exists
        checks.append(lambda value: (value is not MISSING) is exists)
    if condition.glob is not UNSET:
        checks.append(compile_globs(condition.glob))
    for bound, holds in (
        (condition.gt, operator.gt),
        (condition.ge, operator.ge),
        (condition.lt, operator.lt),
        (condition.le, operator.le),
    ):
        if bound is not UNSET:
            checks.append(_comparison(bound, holds))
    if condition.negated is not UNSET:
        denied = compile_test(condition.negated)
        checks.append(lambda value: not denied(value))
    return checks


def _comparison(bound: float, holds: Callable[[Any, float], bool]) -> Check:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and holds(value, bound)


def _is_same(value: Any, wanted: Any) -> bool:
    """Tell whether two values are equal, where 1 and true are two."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, list | tuple) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(_is_same, value, wanted))
    return bool(value == wanted)
