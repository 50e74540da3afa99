"""What is kept of queries."""

import re
from typing import Literal
from urllib.parse import unquote_plus

from otel_segment.mapping._conditions import compile_globs
from otel_segment.mapping._document import QueryKeys

__all__ = ["QueryRule"]

_SEPARATOR = re.compile(r"([&;])")


class QueryRule:
    """A rule for queries, wherever they stand.

    What is kept stays as it was written: its order, its encoding and its repeats.

    Args:
        rule: ``drop``, or the keys to keep.
    """

    def __init__(self, rule: Literal["drop"] | QueryKeys) -> None:
        self._is_drop = rule == "drop"
        self._allows = compile_globs([] if rule == "drop" else rule.allow)

    def url(self, url: str) -> str:
        """Return a URL, or a reference, with what is kept of its query."""
        before, mark, fragment = url.partition("#")
        return self._after_mark(before) + mark + self.fragment(fragment)

    def query(self, query: str) -> str:
        """Return what is kept of a query, with its ``?`` where it has one."""
        kept = self._kept(query.removeprefix("?"))
        return "?" + kept if kept and query.startswith("?") else kept

    def search(self, text: str) -> str:
        """Return what is kept of a text that is a query if it looks like one, and else is what somebody looked for."""
        return self.query(text) if text.startswith("?") or "=" in text else text

    def fragment(self, fragment: str) -> str:
        """Return a fragment; one that is a query, or holds one, is treated like one."""
        if "?" in fragment:
            return self._after_mark(fragment)
        if "=" not in fragment:
            return fragment
        mark = "#" if fragment.startswith("#") else ""
        return mark + self._kept(fragment.removeprefix("#"))

    def allows_campaign(self, key: str) -> bool:
        """Tell whether a key of the campaign is kept, which stands for a ``utm_`` key of a query.

        Args:
            key: The key; empty for the campaign as a whole.
        """
        if not key:
            return not self._is_drop
        return self._allows("utm_campaign" if key == "name" else "utm_" + key)

    def _after_mark(self, text: str) -> str:
        before, mark, query = text.partition("?")
        kept = self._kept(query)
        return before + mark + kept if kept else before

    def _kept(self, query: str) -> str:
        separator, kept = "", ""
        for part in _SEPARATOR.split(query):
            if part in {"&", ";"}:
                separator = part
            elif part and self._allows(unquote_plus(part.partition("=")[0])):
                kept += separator + part if kept else part
        return kept
