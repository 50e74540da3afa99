"""One walk through a value of any shape, under the privacy rules."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from otel_segment.mapping._cards import SHORTEST_CARD, without_cards
from otel_segment.mapping._deny_list import Denial
from otel_segment.mapping._request_leaves import GONE, Leaf
from otel_segment.mapping._treatments import Treatment, Treatments
from otel_segment.mapping._values import TRUNCATED, text

__all__ = ["MAX_VALUES", "Walk"]

MAX_VALUES = 65_536
"""Values that one value may hold; more than an event may, and a bound for one that holds itself."""

# Characters in the paths of keys, and a fourth as many in texts: many times what an event may have.
_MAX_CHARACTERS = 2**20
_WEIGHT_OF_TEXT = 4
_SHORT = 64

# What stands for a value of more: as little an event as that was.
_TOO_MANY: list[None] = [None] * MAX_VALUES
_DEEPEST = 64
"""Levels that are looked into; less deep ones are cut before they are sent."""

_CONTAINERS: frozenset[type] = frozenset({dict, list, tuple})
_SCALARS: frozenset[type] = frozenset({str, bool, int, float, type(None), bytes, bytearray, memoryview})
_QUICK = frozenset({bool, int, float, type(None)})
_TEXTS: frozenset[type] = frozenset({str, bytes, bytearray, memoryview})


class _TooManyError(Exception):
    """The value is larger than any event may be."""


class Walk:
    """One walk, bounded in depth, in the number of values and in that of characters.

    Args:
        treatments: What happens to what lies at a path.
        cleans_keys: Whether keys are searched for the numbers of cards.
    """

    __slots__ = ("_attribute", "_characters", "_cleans_keys", "_find", "_known", "_left", "_tell")

    def __init__(self, treatments: Treatments, *, cleans_keys: bool) -> None:
        self._known = treatments.known.get
        self._find = treatments.find
        self._tell = treatments.tell
        self._cleans_keys = cleans_keys
        self._left = 0
        self._characters = 0
        self._attribute = ""

    def take(self, value: Any, path: str, treatment: Treatment) -> Any:
        """Return what may be read of a value; the value itself where all of it may be, or ``GONE``.

        Args:
            value: The value, which stays as it is.
            path: Where it lies.
            treatment: What happens to it.
        """
        denial = treatment.denial
        if denial.holds_for(value):
            self._tell(denial, path, path)
            return GONE
        self._left = MAX_VALUES
        self._characters = _MAX_CHARACTERS
        self._attribute = path
        try:
            if denial is Denial.COUNT:
                return self._count(value, path, treatment.leaf, treatment.is_final, 0)
            return self._value(value, path, treatment.leaf, treatment.is_final, 0)
        except _TooManyError:
            return {TRUNCATED: _TOO_MANY} if isinstance(value, Mapping) else _TOO_MANY

    def _count(self, value: Any, path: str, leaf: Leaf, is_final: bool, depth: int) -> Any:
        """Take what may hold numbers alone, and nothing where no number is in it."""
        taken = self._value(value, path, _numbers(leaf), is_final, depth)
        if taken is value:
            return value
        self._tell(Denial.COUNT, self._attribute, path)
        return taken or GONE

    def _charge(self, text: Any) -> None:
        self._characters -= _WEIGHT_OF_TEXT * len(text)
        if self._characters < 0:
            raise _TooManyError

    def _value(self, value: Any, path: str, leaf: Leaf, is_final: bool, depth: int) -> Any:
        if type(value) not in _CONTAINERS:
            if type(value) in _TEXTS:
                self._charge(value)
            if type(value) in _SCALARS or not isinstance(value, Mapping | Sequence | AbstractSet):
                return leaf(value)
            if isinstance(value, str | bytes | bytearray | memoryview):
                return leaf(value)
        if depth >= _DEEPEST:
            return TRUNCATED
        try:
            plain = self._plain(value)
            taken: Any
            if isinstance(plain, dict):
                taken = self._map(plain, path, leaf if is_final else None, depth + 1)
            else:
                taken = self._list(plain, path, leaf, is_final, depth + 1)
        except _TooManyError:
            raise
        except Exception:  # noqa: BLE001 - an application's container may do anything
            return TRUNCATED
        if taken is plain:
            return value
        # Sets have no order of their own; one that repeats keeps message ids repeatable.
        return sorted(taken, key=repr) if isinstance(value, AbstractSet) else taken

    def _plain(self, value: Any) -> "dict[Any, Any] | Sequence[Any]":
        """Return a container as a map or a list of Python's own, of no more values than are left."""
        if type(value) in _CONTAINERS:
            self._left -= len(value)
            plain: dict[Any, Any] | Sequence[Any] = value
        else:
            if isinstance(value, Mapping):
                plain = {key: value[key] for key in islice(value, self._left + 1)}
            else:
                plain = list(islice(value, self._left + 1))
            self._left -= len(plain)
        if self._left < 0:
            raise _TooManyError
        return plain

    def _map(self, given: dict[Any, Any], path: str, final: Leaf | None, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        is_same = True
        for key, value in given.items():
            name = key if type(key) is str else text(key)
            inner = f"{path}.{name}"
            # A key that is as long as an event is one path for each key in it.
            self._characters -= len(inner)
            if self._characters < 0:
                raise _TooManyError
            denial, leaf, is_final, _ = self._known(inner) or self._find(inner)
            if denial and denial.holds_for(value):
                self._tell(denial, self._attribute, inner)
                is_same = False
                continue
            if final is not None:
                leaf, is_final = final, True
            kind = type(value)
            if kind in _SCALARS:
                if kind is str and len(value) > _SHORT:
                    self._charge(value)
                taken = leaf(value)
            else:
                take = self._count if denial is Denial.COUNT else self._value
                taken = take(value, inner, leaf, is_final, depth)
            if taken is GONE:
                is_same = False
                continue
            if len(name) >= SHORTEST_CARD and self._cleans_keys and (clean := without_cards(name)) is not name:
                is_same = False
                name = clean
            is_same = is_same and taken is value
            made[name] = taken
        return given if is_same else made

    def _list(self, given: Sequence[Any], path: str, leaf: Leaf, is_final: bool, depth: int) -> Sequence[Any]:
        is_same = True
        made: list[Any] = []
        for item in given:
            taken = leaf(item) if type(item) in _QUICK else self._value(item, path, leaf, is_final, depth)
            is_same = is_same and taken is item
            if taken is not GONE:
                made.append(taken)
        return given if is_same else made


def _numbers(leaf: Leaf) -> Leaf:
    """Return a leaf that leaves out all but numbers and booleans."""
    return lambda value: leaf(value) if isinstance(value, bool | int | float) else GONE
