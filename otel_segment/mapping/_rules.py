"""Finding the rule for an event."""

import re
from fnmatch import translate
from typing import NamedTuple

from msgspec import UNSET

from otel_segment.mapping._conditions import compile_globs, compile_severity, compile_test, is_glob
from otel_segment.mapping._document import Match, Rule
from otel_segment.mapping._forms import Compiler, Holds
from otel_segment.mapping._lookup import MISSING, compile_name, dig
from otel_segment.mapping._record import Record

__all__ = ["Rules"]

# Applications have few names of events; one that makes up names for ever must not grow the cache for ever.
_MOST_NAMES = 4_096


class _Candidate(NamedTuple):
    """A rule that takes an event by its name, where its conditions hold as well."""

    position: int
    conditions: tuple[Holds, ...]


class Rules:
    """The rules in the form that finds one quickly: by name, whose candidates are worked out once.

    Args:
        rules: The rules.
        compiler: Compiles their conditions.
    """

    def __init__(self, rules: list[Rule], compiler: Compiler) -> None:
        self._by_name: dict[str, list[_Candidate]] = {}
        self._by_glob: list[tuple[re.Pattern[str], _Candidate]] = []
        self._nameless: list[_Candidate] = []
        self._known: dict[str, tuple[_Candidate, ...]] = {}
        for position, rule in enumerate(rules):
            self._add(rule, _Candidate(position, tuple(_conditions(rule, compiler))))

    def may_take(self, name: str | None) -> bool:
        """Tell whether any rule is for events of a name."""
        return bool(self._candidates(name))

    def find(self, name: str | None, record: Record) -> int | None:
        """Return the position of the first rule that is for a record; None where there is none."""
        for position, conditions in self._candidates(name):
            for holds in conditions:
                if not holds(record, MISSING):
                    break
            else:
                return position
        return None

    def _add(self, rule: Rule, candidate: _Candidate) -> None:
        event = rule.match.event if isinstance(rule.match, Match) else rule.match
        if event is UNSET:
            self._nameless.append(candidate)
            self._by_glob.append((re.compile(""), candidate))
            return
        for name in [event] if isinstance(event, str) else dict.fromkeys(event):
            if is_glob(name):
                self._by_glob.append((re.compile(translate(name)), candidate))
            else:
                self._by_name.setdefault(name, []).append(candidate)

    def _candidates(self, name: str | None) -> "tuple[_Candidate, ...] | list[_Candidate]":
        if not name:
            return self._nameless
        if not self._by_glob:
            return self._by_name.get(name, ())
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            matching = (candidate for pattern, candidate in self._by_glob if pattern.match(name))
            every = {each.position: each for each in (*self._by_name.get(name, ()), *matching)}
            found = self._known[name] = tuple(every[position] for position in sorted(every))
        return found


def _conditions(rule: Rule, compiler: Compiler) -> "list[Holds]":
    conditions: list[Holds] = []
    if isinstance(rule.match, Match):
        conditions.extend(_matches(rule.match))
    if rule.when is not UNSET:
        conditions.append(compiler.when(rule.when))
    return conditions


def _matches(match: Match) -> "list[Holds]":
    conditions: list[Holds] = []
    if match.scope is not UNSET:
        is_scope = compile_globs(match.scope)
        conditions.append(lambda record, _: is_scope(record.scope.name))
    if match.severity is not UNSET:
        is_severity = compile_severity(match.severity)
        conditions.append(lambda record, _: is_severity(record.severity or MISSING))
    for name, test in ({} if match.resource is UNSET else match.resource).items():
        conditions.append(_resource_is(name, test))
    for name, test in ({} if match.attributes is UNSET else match.attributes).items():
        conditions.append(_attribute_is(name, test))
    return conditions


def _resource_is(name: str, test: "object") -> Holds:
    check = compile_test(test)  # type: ignore[arg-type]
    return lambda record, _: check(dig(record.source.resource, name))


def _attribute_is(name: str, test: "object") -> Holds:
    get, check = compile_name(name), compile_test(test)  # type: ignore[arg-type]
    return lambda record, item: check(get(record, item))
