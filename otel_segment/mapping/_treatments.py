"""What the privacy rules ask of a value, told by where it lies."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from otel_segment import semconv
from otel_segment.mapping import _document
from otel_segment.mapping._cards import without_cards
from otel_segment.mapping._conditions import Check, compile_globs
from otel_segment.mapping._deny_list import Denial, denial_of
from otel_segment.mapping._disguise import Hash, mask
from otel_segment.mapping._fields import USER_TRAITS, is_left_over
from otel_segment.mapping._request_data import IDENTIFIERS, REFERENCES, kind_of
from otel_segment.mapping._request_leaves import Leaf, RequestLeaves, gone, kept
from otel_segment.mapping._scrubbing import scrubbed

__all__ = ["BODY", "Treatment", "Treatments"]

BODY = "body"
"""The path of a record's body."""

# Names in there are the application's own, and count by themselves as well.
_OWN = tuple(
    name + "."
    for name in (
        BODY,
        semconv.ANALYTICS_PROPERTIES,
        semconv.ANALYTICS_TRAITS,
        semconv.ANALYTICS_GROUP_TRAITS,
        semconv.ANALYTICS_CONTEXT,
    )
)
_TRAITS = semconv.ANALYTICS_TRAITS + "."
_CONTEXT_TRAITS = semconv.ANALYTICS_CONTEXT + ".traits."
# A trait that the conventions have a name for comes under either.
_TRAIT_OF = {name: trait for trait, name in USER_TRAITS}
_NAME_OF = dict(USER_TRAITS)

# The same person, before and after an alias and in older conventions: an id of one must not give the other away.
_SAME_PERSON = frozenset({semconv.USER_ID, semconv.ENDUSER_ID, semconv.ANALYTICS_PREVIOUS_ID})

# Maps may have keys that never come again, which must not grow the cache for ever.
_MOST_PATHS = 4_096
_MOST_TOLD = 1_000
_HARMLESS_KEY = re.compile(r"[A-Za-z_-]{1,40}(?: [A-Za-z_-]{1,40})?")
_LONGEST_PATH = 256


def _nobody(_: str) -> None:
    """Hear of nothing."""


class Treatment(NamedTuple):
    """What happens to a value."""

    denial: Denial
    """Whether it is left out."""
    leaf: Leaf
    """What is written for it, or for each leaf of it."""
    is_final: bool = False
    """Whether the leaves inside of it have no other one of their own."""
    by_name: bool = True
    """Whether it happens because of the name, not only to values in which a secret can be seen."""


class Treatments:
    """The rules for values, worked out once for each path.

    Args:
        rules: The rules.
        salt: The secret for hashes; without one, what should be hashed is left out.
        by_name: Whether names that the deny list or a glob holds for count; else only what lies there does.
        on_denied: Told of each name for which the deny list leaves out what would be sent.
    """

    def __init__(
        self,
        rules: _document.Privacy,
        salt: str | None,
        *,
        by_name: bool = True,
        on_denied: Callable[[str], None] = _nobody,
    ) -> None:
        self._on_denied = on_denied
        self._has_deny_list = rules.deny_list
        self._denies = rules.deny_list and by_name
        self._plain = Treatment(Denial.NOTHING, scrubbed if rules.deny_list else kept, by_name=False)
        self._globs = list(_globs(rules, salt)) if by_name else []
        self._requests = RequestLeaves(rules)
        self._keeps_queries = rules.query == "keep"
        self._told: set[str] = set()
        self._older: dict[str, Treatment] = {}
        self.known: dict[str, Treatment] = {}
        """What has been worked out lately."""

    def find(self, path: str) -> Treatment:
        """Return what happens to what lies at a path.

        Args:
            path: The attribute's name, for what lies in a map followed by the keys, with dots between; the items of a
                list lie where the list does.
        """
        found = self.known.get(path)
        if found is None:
            found = self._older.get(path) or self._decide(path)
            if len(path) <= _LONGEST_PATH:
                if len(self.known) >= _MOST_PATHS:
                    # What comes again stays known, however many keys come once.
                    self._older, self.known = self.known, {}
                self.known[path] = found
        return found

    def tell(self, denial: Denial, attribute: str, path: str) -> None:
        """Tell that a value was left out for its name, once for each attribute and key.

        Args:
            denial: Why; what a mapping drops is no news.
            attribute: The attribute's name.
            path: Where the value lay in it.
        """
        if denial is Denial.ALL or "@" in attribute or not _is_missed(path):
            return
        key = path.rpartition(".")[2]
        # Keys may be anything, also people; what is told of has to be a word or two that name a secret.
        shows_key = path != attribute and _HARMLESS_KEY.fullmatch(key) and denial_of(key) is not Denial.NOTHING
        name = without_cards(f"{attribute}.{key}" if shows_key else attribute)
        if name not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(name)
            self._on_denied(name)

    def _decide(self, path: str) -> Treatment:
        denial = denial_of(path) if self._denies else Denial.NOTHING
        own = _own_name(path) if path.startswith(_OWN) else path
        names = _names(path, own) if self._globs else ()
        same = _SAME_PERSON if path in _SAME_PERSON else ()
        for matches, leaf in self._globs:
            if any(map(matches, names)) or (leaf is not gone and any(map(matches, same))):
                return Treatment(Denial.ALL if leaf is gone else denial, leaf, is_final=True)
        kind = kind_of(path)
        if kind is None and own is not path:
            kind = kind_of(own)
        leaf_of_kind = None if kind is None else self._requests.find(kind, path)
        if leaf_of_kind is gone:
            return Treatment(Denial.ALL, gone)
        if leaf_of_kind is not None:
            by_name = not (self._keeps_queries and kind in REFERENCES)
            return Treatment(denial, leaf_of_kind, is_final=True, by_name=by_name or denial is not Denial.NOTHING)
        if self._has_deny_list and path in IDENTIFIERS:
            return Treatment(denial, _identifier, by_name=False)
        return self._plain._replace(denial=denial, by_name=True) if denial is not Denial.NOTHING else self._plain


def _is_missed(path: str) -> bool:
    """Tell whether what lies at a path would be sent: what the conventions claim is no property in any case."""
    return path.startswith(_OWN) or is_left_over(path, is_click=False)


def _own_name(path: str) -> str:
    """Return what the application calls what lies in one of the maps that are its own."""
    return path[len(next(filter(path.startswith, _OWN))) :]


def _names(path: str, own: str) -> tuple[str, ...]:
    """Return all names by which a mapping may call what lies at a path."""
    trait = _TRAIT_OF.get(path)
    if trait is None:
        for prefix in (_TRAITS, _CONTEXT_TRAITS):
            if path.startswith(prefix):
                trait = path[len(prefix) :]
    if trait is None:
        return path, own
    return path, own, trait, "traits." + trait, _TRAITS + trait, _NAME_OF.get(trait, path)


def _globs(rules: _document.Privacy, salt: str | None) -> Iterator[tuple[Check, Leaf]]:
    """Yield the rules for names, in the order in which they count."""
    for globs, leaf in (
        (rules.drop, gone),
        (rules.hash, gone if salt is None else Hash(salt)),
        (rules.mask, mask),
    ):
        if globs:
            yield compile_globs(globs), leaf


def _identifier(value: Any) -> Any:
    """Leave a number that is an id: a card's would be one of ten, and everybody with such an id would be one person."""
    return value if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()) else scrubbed(value)
