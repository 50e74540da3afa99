"""What is written for what a request tells of a person: its address, its browser, its URLs."""

from collections.abc import Callable
from typing import Any, TypeAlias

from otel_segment.mapping import _document
from otel_segment.mapping._address import networks
from otel_segment.mapping._browser_family import browser_family
from otel_segment.mapping._cards import without_cards
from otel_segment.mapping._credentials import without_credentials
from otel_segment.mapping._query import QueryRule
from otel_segment.mapping._request_data import CAMPAIGN_PREFIXES, Kind
from otel_segment.mapping._scrubbing import scrubbed

__all__ = ["GONE", "Leaf", "RequestLeaves", "gone", "kept"]

GONE: Any = object()
"""What stands for a value that is left out."""

Leaf: TypeAlias = Callable[[Any], Any]
"""Returns what is written for a value that is neither list nor map, the value itself where it may be; or ``GONE``."""


def gone(_: Any) -> Any:
    """Leave a value out."""
    return GONE


def kept(value: Any) -> Any:
    """Leave a value as it is."""
    return value


class RequestLeaves:
    """The leaves that the rules ask for.

    Args:
        rules: The rules.
    """

    def __init__(self, rules: _document.Privacy) -> None:
        self._query = None if rules.query == "keep" else QueryRule(rules.query)
        self._leaves: dict[Kind, Leaf] = {}
        if rules.ip != "keep":
            self._leaves[Kind.ADDRESS] = gone if rules.ip == "drop" else _text_leaf(networks)
        if rules.user_agent != "keep":
            self._leaves[Kind.AGENT_PART] = gone
            self._leaves[Kind.AGENT] = gone if rules.user_agent == "drop" else _text_leaf(browser_family)
        if rules.user_agent == "drop":
            self._leaves[Kind.AGENT_NAME] = gone
        if self._query is not None or rules.deny_list:
            self._add_references(self._query, scrubbed if rules.deny_list else None)

    def find(self, kind: Kind, path: str) -> Leaf | None:
        """Return what is written for what is of a kind, and lies at a path; None where nothing is to be done."""
        if kind is not Kind.CAMPAIGN or self._query is None:
            return self._leaves.get(kind)
        prefix = next(prefix for prefix in CAMPAIGN_PREFIXES if path.startswith(prefix))
        key = path[len(prefix) + 1 :]
        return None if self._query.allows_campaign(key) else gone

    def _add_references(self, query: QueryRule | None, clean: Leaf | None) -> None:
        self._leaves[Kind.URL] = _reference(query.url if query else None, clean)
        self._leaves[Kind.QUERY] = _reference(query.query if query else None, clean)
        self._leaves[Kind.SEARCH] = _reference(query.search if query else None, clean)
        self._leaves[Kind.FRAGMENT] = _reference(query.fragment if query else None, clean)


def _text_leaf(convert: Callable[[str], str | None]) -> Leaf:
    """Return a leaf that leaves out what it cannot make anything of."""

    def leaf(value: Any) -> Any:
        converted = convert(value) if isinstance(value, str) else None
        return converted or GONE

    return leaf


def _reference(keep: Callable[[str], str] | None, clean: Leaf | None) -> Leaf:
    """Return a leaf for a URL, or for a part of one.

    Args:
        keep: What the rule for queries keeps of it.
        clean: Takes out what gives itself away.
    """

    def leaf(value: Any) -> Any:
        if not isinstance(value, str):
            return value if clean is None else clean(value)
        left = value if keep is None else keep(value)
        if clean is not None:
            left = without_cards(without_credentials(left, is_url=True))
        return value if left == value else left

    return leaf
