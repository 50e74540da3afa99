"""Privacy: what may be read of a record, before anything is read, and one last look at what was made of it."""

from collections.abc import Callable
from typing import Any

import msgspec

from otel_segment import semconv
from otel_segment._types import JsonObject, Payload
from otel_segment.mapping import _document
from otel_segment.mapping._cards import may_hold_card, without_cards
from otel_segment.mapping._credentials import may_be_among, may_hold_credentials
from otel_segment.mapping._privacy_walk import Walk
from otel_segment.mapping._request_leaves import GONE
from otel_segment.mapping._scrubbing import LARGE, scrubbed
from otel_segment.mapping._treatments import BODY, Treatment, Treatments

__all__ = ["Privacy"]

# Applications have few shapes of events; one that makes up names for ever must not grow the cache for ever.
_MOST_SHAPES = 1_024

# Where the fields of a payload would lie, had they come as attributes.
_PLACES = {
    "context": semconv.ANALYTICS_CONTEXT,
    "properties": semconv.ANALYTICS_PROPERTIES,
    "traits": semconv.ANALYTICS_TRAITS,
}
_PAGE = "analytics.page"
_NUMBERS: frozenset[type] = frozenset({int, float})
_LISTS: frozenset[type] = frozenset({list, tuple})
_TEXT: frozenset[type] = frozenset({str})
_FEW = 16
"""Texts in a list that are looked at together with all others."""
_encode = msgspec.json.Encoder().encode
_TEXTS = ("event", "name", "category")


class Privacy:
    """The privacy rules of a mapping. Nothing here raises, whatever the records hold.

    Args:
        rules: The rules.
        salt: The secret for hashes; without one, what should be hashed is left out.
        on_denied: Told of each name for which the deny list leaves out what would be sent.

    Attributes:
        is_needed: Whether anything is to be done at all.
        looks_again: Whether what is made of attributes may be what a request tells of a person, whatever the mapping
            makes, so that :meth:`payload` is worth its time.
    """

    def __init__(self, rules: _document.Privacy, salt: str | None, on_denied: Callable[[str], None]) -> None:
        self._treatments = Treatments(rules, salt, on_denied=on_denied)
        self._last = Treatments(rules, salt, by_name=False)
        self._cleans = rules.deny_list
        self._shapes: dict[tuple[str, ...], dict[str, Treatment]] = {}
        self.looks_again = (rules.ip, rules.query, rules.user_agent) != ("keep", "keep", "keep")
        self.is_needed = self.looks_again or bool(rules.deny_list or rules.drop or rules.hash or rules.mask)

    def attributes(self, attributes: JsonObject) -> JsonObject:
        """Return what may be read of the attributes of a record, a span, a scope or a resource.

        Args:
            attributes: The attributes, which stay as they are.

        Returns:
            The same map where all may be read, else another.
        """
        names = tuple(attributes)
        by_name = self._shapes.get(names)
        if by_name is None:
            by_name = self._shape(names)
        found = self._treated(attributes, by_name) if by_name else attributes
        texts: list[str] = []
        is_plain = True
        # Only a few values are worth a closer look; all texts together get their first one at once.
        for value in found.values():
            kind = type(value)
            if kind is str:
                texts.append(value)
            elif kind is int or kind is float:
                if not -LARGE < value < LARGE:
                    is_plain = False
            elif kind in _LISTS and len(value) <= _FEW and _TEXT.issuperset(map(type, value)):
                texts += value
            elif kind is not bool and value is not None:
                is_plain = False
        joined = "\n".join(texts) if self._cleans else ""
        may_be_card, may_be_credential = may_hold_card(joined), may_hold_credentials(joined)
        if is_plain and not (may_be_card or may_be_credential):
            return found
        return self._swept(found, by_name, may_be_card, may_be_credential)

    def body(self, body: Any) -> Any:
        """Return what may be read of a record's body, of any type; None where nothing may be.

        Args:
            body: The body, which stays as it is.
        """
        if body is None:
            return None
        taken = self._walk().take(body, BODY, self._treatments.find(BODY))
        return None if taken is GONE else taken

    def text(self, value: str) -> str:
        """Return what may be read of the name of a record, a span or a scope."""
        clean: str = scrubbed(value) if self._cleans else value
        return clean

    def payload(self, payload: Payload) -> None:
        """Take out of a payload what the mapping made of values that were called otherwise, or made up itself.

        The names in there are the mapping's own choice, and take nothing out.

        Args:
            payload: The payload; what is in its maps stays as it is, and is replaced where it has to be.
        """
        if not self.looks_again and not (self._cleans and _may_hold_secret(payload)):
            return
        fields: JsonObject = payload  # type: ignore[assignment]
        for field, place in _PLACES.items():
            if given := fields.get(field):
                path = _PAGE if fields["type"] == "page" and field == "properties" else place
                taken = Walk(self._last, cleans_keys=self._cleans).take(given, path, self._last.find(path))
                fields[field] = {} if taken is GONE else taken
        for field in _TEXTS:
            if field in fields:
                fields[field] = self.text(fields[field])

    def _walk(self) -> Walk:
        return Walk(self._treatments, cleans_keys=self._cleans)

    def _shape(self, names: tuple[str, ...]) -> dict[str, Treatment]:
        """Work out which attributes of a record need something done for the sake of their names."""
        found = {name: treatment for name in names if (treatment := self._treatments.find(name)).by_name}
        if self._cleans:
            found |= {name: self._treatments.find(name) for name in names if without_cards(name) != name}
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes[names] = found
        return found

    def _treated(self, attributes: JsonObject, by_name: dict[str, Treatment]) -> JsonObject:
        found = attributes
        for name, treatment in by_name.items():
            value = attributes[name]
            taken = self._walk().take(value, name, treatment)
            clean = without_cards(name) if self._cleans else name
            if taken is value and clean == name:
                continue
            if found is attributes:
                found = attributes.copy()
            if taken is GONE or clean != name:
                del found[name]
            if taken is not GONE:
                found[clean] = taken
        return found

    def _swept(
        self, found: JsonObject, by_name: dict[str, Treatment], may_be_card: bool, may_be_credential: bool
    ) -> JsonObject:
        """Look closer at the values for which there is a reason."""
        changed: JsonObject = {}
        walk = self._walk()
        for name, value in found.items():
            kind = type(value)
            if kind is str:
                if not (may_be_card or (may_be_credential and ("=" in value or "@" in value))):
                    continue
            elif kind is bool or value is None or (kind in _NUMBERS and -LARGE < value < LARGE):
                continue
            if name not in by_name:
                taken = walk.take(value, name, self._treatments.find(name))
                if taken is not value:
                    changed[name] = taken
        if not changed:
            return found
        swept = {**found, **changed}
        return {name: value for name, value in swept.items() if value is not GONE}


def _may_hold_secret(payload: Payload) -> bool:
    """Tell, at the least cost, whether any text or number of a payload may be one to take out."""
    try:
        encoded = _encode(payload)
    except Exception:  # noqa: BLE001 - what cannot be written yet has to be looked at one by one
        return True
    texts = encoded.decode()
    return may_hold_card(texts) or may_be_among(texts)
