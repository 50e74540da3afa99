"""What a test expects of an event, and how an event differs from that."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from unittest.mock import ANY

__all__ = ["ABSENT", "ANY", "Difference", "Expectation"]


class _Absent:
    """Stands for a field that must not be there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final[Any] = _Absent()
"""In the place of a value: the field must not be there."""

_NOTHING: Final = object()


class Difference(NamedTuple):
    """A field that is not as it should be."""

    field: str
    expected: object
    found: object
    """What is there; :data:`ABSENT` where nothing is."""


class Expectation(NamedTuple):
    """What an event must have; it may have more.

    Attributes:
        type: The Segment call.
        fields: Values by the names of the event's own fields. In a map, those that are named have to be there, and
            there may be more, unless it names none; anything else has to be equal, as JSON is.
    """

    type: str
    fields: Mapping[str, Any]

    def differences(self, event: Mapping[str, Any]) -> list[Difference]:
        """Return how an event differs; empty where it is as expected."""
        return list(_differences({"type": self.type, **self.fields}, event, ""))

    def __str__(self) -> str:
        naming = next((field for field in ("event", "name") if isinstance(self.fields.get(field), str)), "")
        title = f"{self.type} {self.fields[naming]!r}" if naming else self.type
        rest = {field: value for field, value in self.fields.items() if field != naming}
        shown = ", ".join(f"{field}={value!r}" for field, value in _leaves(rest, ""))
        return f"{title} with {shown}" if shown else title


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any], path: str) -> Iterator[Difference]:
    for name, value in expected.items():
        is_map = isinstance(value, Mapping) and bool(value)
        there = found.get(name, {} if is_map else _NOTHING)
        if value is ABSENT or there is _NOTHING:
            if (value is ABSENT) != (there is _NOTHING):
                yield Difference(_joined(path, name), value, ABSENT if there is _NOTHING else there)
        elif is_map and isinstance(there, Mapping):
            yield from _differences(value, there, _joined(path, name))
        elif not _is_equal(value, there):
            yield Difference(_joined(path, name), value, there)


def _is_equal(expected: object, found: object) -> bool:
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        return len(expected) == len(found) and all(map(_is_equal, expected, found))
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return expected.keys() == found.keys() and all(_is_equal(expected[name], found[name]) for name in expected)
    # In JSON they are not the same, whatever Python says.
    if isinstance(expected, bool) != isinstance(found, bool) and isinstance(expected, (bool, int, float)):
        return False
    return bool(expected == found)


def _leaves(fields: Mapping[str, Any], path: str) -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, _joined(path, name))
        else:
            yield _joined(path, name), value


def _joined(path: str, name: str) -> str:
    if not name.isidentifier():
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name
