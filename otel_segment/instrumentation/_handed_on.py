"""A visitor in the ``baggage`` header (W3C Baggage), as one service hands it on to another.

The entries have names of our own, so that what an application keeps in its baggage is never taken for a visitor, and
what is taken out again is never an application's.
"""

import json
import logging
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from otel_segment._log import say_once
from otel_segment.emit import Visitor
from otel_segment.semconv import ANALYTICS_ANONYMOUS_ID, ANALYTICS_CONSENT

__all__ = ["HEADER", "NAMES", "Baggage", "entries_of", "joined", "read"]

HEADER = "baggage"

_USER_ID = "analytics.user.id"
_SESSION_ID = "analytics.session.id"
_VISITOR = "analytics.visitor"
_NOBODY = "none"
_NOBODY_ENTRY = f"{_VISITOR}={_NOBODY}"

NAMES = frozenset((_USER_ID, ANALYTICS_ANONYMOUS_ID, _SESSION_ID, ANALYTICS_CONSENT, _VISITOR))
"""The entries that are ours."""

_MOST_CHARACTERS = 8_192
_MOST_ENTRIES = 64
"""What everybody on the way has to hand on, by the specification."""


class Baggage(NamedTuple):
    """What a header holds.

    Attributes:
        visitor: Whom our entries name: nobody at all, where they say so. None where they are none, or make no sense.
        rest: The header without them; None where it has none of them.
    """

    visitor: Visitor | None
    rest: str | None


_WITHOUT = Baggage(None, None)


def entries_of(visitor: Visitor, *, is_asked: bool) -> str:
    """Lay out a visitor.

    The ids, and the consent: whoever receives the ids has to respect it, and cannot ask the person. Where not all of
    it fits, nothing is laid out, since ids without their consent would be worse than none.

    Args:
        visitor: The visitor.
        is_asked: Whether it is that of a request, so that one without ids is a person who is not to be known, instead
            of something that nobody has said.

    Returns:
        The entries; empty where nothing is to be handed on.
    """
    user_id, anonymous_id, session_id = visitor.user_id, visitor.anonymous_id, visitor.session_id
    if user_id is None and anonymous_id is None:
        return _NOBODY_ENTRY if is_asked else ""
    said = [(_USER_ID, user_id), (ANALYTICS_ANONYMOUS_ID, anonymous_id), (_SESSION_ID, session_id)]
    if visitor.consent is not None:
        said.append((ANALYTICS_CONSENT, json.dumps(visitor.consent, separators=(",", ":"))))
    text = ",".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in said if value)
    return text if len(text) <= _MOST_CHARACTERS else _too_much()


def read(header: str) -> Baggage:
    """Read a header.

    Args:
        header: Its value; several headers are joined with commas.
    """
    if len(header) > _MOST_CHARACTERS:
        # OpenTelemetry reads none of it, but would read what is left when our entries are out of it.
        return Baggage(None, "")
    found: dict[str, str] = {}
    rest: list[str] = []
    for entry in header.split(","):
        name, _, value = entry.partition("=")
        # As OpenTelemetry's propagator reads it: what it takes for one of our names would go on under that name.
        name = unquote_plus(name.strip(" \t")).strip()
        if name in NAMES:
            found[name] = unquote_plus(value.partition(";")[0].strip(" \t"))
        else:
            rest.append(entry)
    return Baggage(_visitor(found), ",".join(rest).strip()) if found else _WITHOUT


def joined(header: str, entries: str) -> str:
    """Return a header with our entries in place of those of ours that it holds.

    Args:
        header: The header, empty where there is none.
        entries: What :func:`entries_of` made. They are left out where the header has no room for them.
    """
    rest = read(header).rest
    kept = header if rest is None else rest
    if not entries or not kept:
        return kept or entries
    whole = f"{kept},{entries}"
    if len(whole) <= _MOST_CHARACTERS and whole.count(",") < _MOST_ENTRIES:
        return whole
    _too_much()
    return kept


def _visitor(found: dict[str, str]) -> Visitor | None:
    user_id, anonymous_id = found.get(_USER_ID) or None, found.get(ANALYTICS_ANONYMOUS_ID) or None
    if user_id is None and anonymous_id is None:
        return Visitor() if found.get(_VISITOR) == _NOBODY else None
    consent: Any = None
    if ANALYTICS_CONSENT in found:
        try:
            consent = json.loads(found[ANALYTICS_CONSENT])
        except (ValueError, RecursionError):
            consent = None
        if not isinstance(consent, dict):
            return None
    return Visitor(user_id, anonymous_id, consent=consent, session_id=found.get(_SESSION_ID) or None)


def _too_much() -> str:
    say_once(
        "web baggage",
        logging.WARNING,
        "a visitor is not handed on to another service: the baggage header has no room for it. This is said once",
    )
    return ""
