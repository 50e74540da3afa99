"""What the privacy rules ask of a value, told by where it lies."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from otel_segment import semconv
from otel_segment.mapping import _document
from otel_segment.mapping._cards import without_cards
from otel_segment.mapping._conditions import Check, compile_globs
from otel_segment.mapping._deny_list import Denial, denial_of
from otel_segment.mapping._disguise import Hash, mask
from otel_segment.mapping._fields import is_left_over
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
# Maps may have keys that never come again, which must not grow the cache for ever.
_MOST_PATHS = 8_192
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
        has_globs: Whether the globs of names count.
        on_denied: Told of each name for which the deny list leaves out what would be sent.
    """

    def __init__(
        self,
        rules: _document.Privacy,
        salt: str | None,
        *,
        has_globs: bool = True,
        on_denied: Callable[[str], None] = _nobody,
    ) -> None:
        self._on_denied = on_denied
        self._has_deny_list = rules.deny_list
        self._plain = Treatment(Denial.NOTHING, scrubbed if rules.deny_list else kept, by_name=False)
        self._globs = list(_globs(rules, salt)) if has_globs else []
        self._requests = RequestLeaves(rules)
        self._keeps_queries = rules.query == "keep"
        self.known: dict[str, Treatment] = {}
        """What has been worked out by now."""

    def find(self, path: str) -> Treatment:
        """Return what happens to what lies at a path.

        Args:
            path: The attribute's name, for what lies in a map followed by the keys, with dots between; the items of a
                list lie where the list does.
        """
        found = self.known.get(path)
        if found is None:
            found = self._decide(path)
            if len(path) <= _LONGEST_PATH:
                if len(self.known) >= _MOST_PATHS:
                    self.known.clear()
                self.known[path] = found
        return found

    def _decide(self, path: str) -> Treatment:
        denial = denial_of(path) if self._has_deny_list else Denial.NOTHING
        own = next((path[len(prefix) :] for prefix in _OWN if path.startswith(prefix)), path)
        # What the conventions claim is no property in any case, and nobody misses a header.
        if denial is not Denial.NOTHING and (own != path or is_left_over(path, is_click=False)):
            self._on_denied(without_cards(path))
        for matches, leaf in self._globs:
            if matches(path) or matches(own):
                return Treatment(Denial.ALL if leaf is gone else denial, leaf, is_final=True)
        kind = kind_of(path) or kind_of(own)
        leaf_of_kind = None if kind is None else self._requests.find(kind, path)
        if leaf_of_kind is gone:
            return Treatment(Denial.ALL, gone)
        if leaf_of_kind is not None:
            by_name = not (self._keeps_queries and kind in REFERENCES)
            return Treatment(denial, leaf_of_kind, is_final=True, by_name=by_name or denial is not Denial.NOTHING)
        if self._has_deny_list and path in IDENTIFIERS:
            return Treatment(denial, _identifier, by_name=False)
        return self._plain._replace(denial=denial, by_name=True) if denial is not Denial.NOTHING else self._plain


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
