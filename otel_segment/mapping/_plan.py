"""What an event's set of attribute names calls for, worked out once for all events that carry the same set."""

from collections.abc import Collection, Iterable

import msgspec

from otel_segment import semconv
from otel_segment.mapping._context import Part, parts_for
from otel_segment.mapping._fields import CLICKS, USER_TRAITS, is_left_over
from otel_segment.mapping._identity import ANONYMOUS_ID_NAMES, USER_ID_NAMES
from otel_segment.mapping._record import Record

__all__ = ["Plan", "Plans"]

# Applications have few shapes of events; one that makes up names for ever must not grow the cache for ever.
_MOST_PLANS = 1_024

_MAPS = (semconv.ANALYTICS_PROPERTIES, semconv.ANALYTICS_TRAITS, semconv.ANALYTICS_GROUP_TRAITS)


class Plan(msgspec.Struct, frozen=True):
    """What to do for one set of attribute names."""

    claimed: tuple[str, ...]
    """The record's attributes that become neither properties nor traits under their own names."""
    parts: tuple[Part, ...]
    """Parts of the context to add."""
    given: dict[str, tuple[tuple[str, str], ...]]
    """For each map of ours that the record speaks of, the attributes that stand for single keys, with those keys."""
    has_user: bool
    """Whether any attribute may hold a user id; likewise what follows."""
    has_anonymous: bool
    has_uid: bool
    has_person: bool
    has_user_traits: bool
    has_parent: bool
    has_extras: bool
    """Whether there is more to a call than its left-over attributes: what it is given, and the person."""
    has_integrations: bool
    has_context: bool


class Plans:
    """The plans made so far."""

    def __init__(self) -> None:
        self._plans: dict[tuple[object, ...], Plan] = {}

    def plan_for(self, record: Record, event: str | None) -> Plan:
        """Return the plan for a record.

        Args:
            record: The record.
            event: Its event name; a few of them claim fewer attributes.
        """
        own = tuple(record.attributes)
        span, client = record.span, record.source.client_names
        is_click = event in CLICKS
        # Most events are of this kind, whose key is the cheaper one to look up.
        key = own if span is None and not client and not is_click else (own, tuple(span or ()), client, is_click)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[key] = _make_plan(is_click, own, (*own, *(span or ()), *client))
        return plan


def _make_plan(is_click: bool, own: tuple[str, ...], names: Iterable[str]) -> Plan:
    every = frozenset(names)
    has_user_traits = any(name in every for _, name in USER_TRAITS)
    has_person = has_user_traits or _speaks_of(every, semconv.ANALYTICS_TRAITS) or semconv.ANALYTICS_GROUP_ID in every
    has_parent = semconv.ANALYTICS_PARENT_EVENT_ID in own
    given = {name: _flat(own, name) for name in _MAPS if _speaks_of(own, name)}
    return Plan(
        claimed=tuple(name for name in own if not is_left_over(name, is_click)),
        parts=parts_for(every),
        given=given,
        has_user=not every.isdisjoint(USER_ID_NAMES),
        has_anonymous=not every.isdisjoint(ANONYMOUS_ID_NAMES),
        has_uid=semconv.LOG_RECORD_UID in own,
        has_person=has_person,
        has_user_traits=has_user_traits,
        has_parent=has_parent,
        has_extras=has_person or has_parent or bool(given),
        has_integrations=_speaks_of(every, semconv.ANALYTICS_INTEGRATIONS),
        has_context=semconv.ANALYTICS_CONTEXT in every,
    )


def _flat(names: Iterable[str], map_name: str) -> tuple[tuple[str, str], ...]:
    prefix = map_name + "."
    return tuple((name, name.removeprefix(prefix)) for name in names if name.startswith(prefix) and name != prefix)


def _speaks_of(names: Collection[str], map_name: str) -> bool:
    return map_name in names or bool(_flat(names, map_name))
