"""Values of the mapping as functions of a record."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from msgspec import UNSET

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping._conditions import compile_test
from otel_segment.mapping._conversion import CONVERSIONS, to_string
from otel_segment.mapping._lookup import MISSING, Getter, compile_name
from otel_segment.mapping._properties import Selection, compile_properties
from otel_segment.mapping._record import Record
from otel_segment.mapping._terms import Properties, Value, ValueForm, When
from otel_segment.mapping._values import json_value

__all__ = ["Compiler", "Function", "Holds"]

Function: TypeAlias = Callable[[Any], Any]
"""What ``fn`` names: it gets the record, inside a loop the item, and returns a value; None where there is none."""

Holds: TypeAlias = Callable[[Record, Any], bool]
"""Tells whether a condition holds for a record, or for the item of a loop."""

_PART = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
_BRACES = {"{{": "{", "}}": "}"}


class Compiler:
    """Compiles the parts of a mapping once, so that a record costs only what its values cost.

    Args:
        resolve: Finds the functions that ``fn`` names.
        report: Told what is wrong with a function that fails.
    """

    def __init__(self, resolve: Callable[[str], Function], report: Callable[[str, Exception], None]) -> None:
        self._resolve = resolve
        self._report = report

    def values(self, values: dict[str, Value]) -> list[tuple[str, Getter]]:
        """Return what makes each of the values."""
        return [(name, self.value(value)) for name, value in values.items()]

    def first(self, values: list[Value]) -> Getter:
        """Return what makes the first of the values that is not missing."""
        getters = [self.value(value) for value in values]

        def get(record: Record, item: Any) -> Any:
            found = (getter(record, item) for getter in getters)
            return next((value for value in found if value is not MISSING), MISSING)

        return get

    def properties(self, spec: Properties) -> Selection:
        """Return what chooses properties or traits."""
        return compile_properties(spec, self.value)

    def value(self, value: Value) -> Getter:
        """Return what makes a value of a record; ``MISSING`` where there is none."""
        if isinstance(value, str):
            return compile_name(value)
        get = self._form(value)
        if value.convert is not UNSET:
            get = _converted(get, CONVERSIONS[value.convert])
        if value.default is not UNSET:
            get = _with_default(get, value.default)
        if value.when is not UNSET:
            get = _only_when(get, self.when(value.when))
        return get

    def when(self, when: When) -> Holds:
        """Return what tells whether a condition holds."""
        consent = when.consent if when.consent is not UNSET else []
        named = when.attributes if when.attributes is not UNSET else {}
        tests = [(compile_name(name), compile_test(test)) for name, test in named.items()]

        def holds(record: Record, item: Any) -> bool:
            if consent and not has_consent(record, consent):
                return False
            return all(check(get(record, item)) for get, check in tests)

        return holds

    def _form(self, form: ValueForm) -> Getter:
        if form.source is not UNSET:
            return compile_name(form.source)
        if form.map is not UNSET:
            return _map(self.values(form.map))
        if form.items is not UNSET:
            return _list([self.value(each) for each in form.items])
        if form.loop is not UNSET:
            return _loop(self.value(form.loop[0]), self.value(form.loop[1]))
        if form.first is not UNSET:
            return self.first(form.first)
        if form.template is not UNSET:
            return _template(form.template)
        if form.fn is not UNSET:
            return self._function(form.fn)
        constant = form.value
        return lambda _, __: constant

    def _function(self, name: str) -> Getter:
        function, report = self._resolve(name), self._report

        def get(record: Record, item: Any) -> Any:
            try:
                found = function(record if item is MISSING else item)
                return MISSING if found is None else json_value(found)
            except Exception as error:  # noqa: BLE001 - an application's function may do anything
                report(name, error)
                return MISSING

        return get


def has_consent(record: Record, names: Iterable[str]) -> bool:
    """Tell whether all of these consents were given: only a true is a yes."""
    given = record.merged(semconv.ANALYTICS_CONSENT)
    return all(given.get(name) is True for name in names)


def evaluate(fields: list[tuple[str, Getter]], record: Record, item: Any = MISSING) -> JsonObject:
    """Return the values of a record by their names, without those that are missing."""
    found = ((name, get(record, item)) for name, get in fields)
    return {name: value for name, value in found if value is not MISSING}


def _map(fields: list[tuple[str, Getter]]) -> Getter:
    return lambda record, item: evaluate(fields, record, item)


def _list(getters: list[Getter]) -> Getter:
    def get(record: Record, item: Any) -> Any:
        made = (each(record, item) for each in getters)
        return [value for value in made if value is not MISSING]

    return get


def _loop(source: Getter, make: Getter) -> Getter:
    def get(record: Record, item: Any) -> Any:
        items = source(record, item)
        if not isinstance(items, list | tuple):
            return MISSING
        made = (make(record, each) for each in items)
        return [value for value in made if value is not MISSING]

    return get


def _template(template: str) -> Getter:
    parts: list[str | Getter] = []
    end = 0
    for found in _PART.finditer(template):
        parts.append(template[end : found.start()])
        parts.append(_BRACES.get(found[0]) or compile_name(found[1].strip()))
        end = found.end()
    parts.append(template[end:])

    def get(record: Record, item: Any) -> Any:
        texts: list[str] = []
        for part in parts:
            value = part if isinstance(part, str) else part(record, item)
            if value is MISSING or value is None:
                return MISSING
            texts.append(to_string(value))
        return "".join(texts)

    return get


def _converted(get: Getter, convert: Callable[[Any], Any]) -> Getter:
    def converted(record: Record, item: Any) -> Any:
        value = get(record, item)
        return MISSING if value is MISSING else convert(value)

    return converted


def _with_default(get: Getter, default: Any) -> Getter:
    def with_default(record: Record, item: Any) -> Any:
        value = get(record, item)
        return default if value is MISSING else value

    return with_default


def _only_when(get: Getter, holds: Holds) -> Getter:
    return lambda record, item: get(record, item) if holds(record, item) else MISSING
