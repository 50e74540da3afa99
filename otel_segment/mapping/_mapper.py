"""From a record to the Segment calls that it makes, or the reason why it makes none."""

from collections.abc import Mapping as MappingType
from hashlib import blake2b
from typing import Any

from otel_segment import semconv
from otel_segment._types import Drop, JsonObject, Payload
from otel_segment.mapping._calls import CALLS, CallKind
from otel_segment.mapping._context import merge_given
from otel_segment.mapping._document import Mapping, Rule
from otel_segment.mapping._identity import ANONYMOUS_ID_NAMES, USER_ID_NAMES, first_identifier
from otel_segment.mapping._plan import Plan, Plans
from otel_segment.mapping._record import Record
from otel_segment.mapping._rules import Rules
from otel_segment.mapping._time import iso_time
from otel_segment.mapping._values import TooManyValues
from otel_segment.reasons import DropReason

__all__ = ["MAX_ID_LENGTH", "Mapper"]

MAX_ID_LENGTH = 99
"""Characters that a ``messageId`` may have: Segment's documents name 100 in one place, fewer than 100 in another."""

# Reporting that consent was taken back must not need that consent (Segment's consent specification).
_CONSENT_EVENT = "Segment Consent Preference Updated"

_NO_MAPPING = Mapping()


class Mapper:
    """Turns records into payloads under one mapping.

    Pure: what it returns depends on the record and the mapping alone. It may be called by many threads at once.

    Args:
        mapping: The mapping; the default selects the events that carry ``analytics.type``.
    """

    def __init__(self, mapping: Mapping = _NO_MAPPING) -> None:
        self._rules = Rules(mapping.rules)
        self._has_rules = bool(mapping.rules)
        self._required_consent = mapping.require_consent
        self._strict_consent = mapping.strict_consent
        self._is_selective = bool(mapping.rules or mapping.require_consent)
        self._plans = Plans()

    def selects(self, name: str | None, attributes: MappingType[str, Any]) -> bool:
        """Tell whether an event is one of analytics at all, at the least cost."""
        if semconv.ANALYTICS_TYPE in attributes:
            return True
        return self._has_rules and self._rules.find(_event_name(name, attributes)) is not None

    def map(self, record: Record) -> list[Payload] | Drop | None:
        """Return a record's payloads, or why it is dropped, or None where it is no analytics event.

        A payload has a ``messageId`` only where the record brings one; else it is made from the encoded payload.
        """
        attributes = record.attributes
        kind = attributes.get(semconv.ANALYTICS_TYPE)
        event = _event_name(record.name, attributes)
        rule = self._rules.find(event) if self._has_rules else None
        if kind is None:
            if rule is None:
                return None
            kind = rule.type or "track"
        payload: Payload = {"type": kind}
        try:
            reason = self._convert(record, event, rule, payload)
        except TooManyValues:
            reason = DropReason.EVENT_TOO_LARGE
        if reason is None:
            return [payload]
        return Drop(reason, _known(kind, event, record))

    def _convert(self, record: Record, event: str | None, rule: Rule | None, payload: Payload) -> DropReason | None:
        """Fill a payload in, or return why there is none: the first of the reasons in their order."""
        kind = payload["type"]
        call = CALLS.get(kind) if isinstance(kind, str) else None
        if self._is_selective and (refusal := self._refusal(record, event, rule, call)):
            return refusal
        if call is None:
            return DropReason.UNKNOWN_TYPE
        plan = self._plans.plan_for(record, event)
        _add_identity(record, plan, payload)
        if rule is not None and rule.sample is not None and not _is_kept(payload, rule.sample):
            return DropReason.SAMPLED_OUT
        if missing := call.require(record, payload, event):
            return missing
        if "userId" not in payload and "anonymousId" not in payload:
            return DropReason.MISSING_IDENTITY
        if plan.has_uid and (message_id := _message_id(record)):
            payload["messageId"] = message_id
        payload["timestamp"] = iso_time(record.timestamp or record.observed_timestamp)
        payload["context"] = context = _context(record, plan)
        call.fill(record, plan, payload, context)
        if plan.has_context:
            merge_given(context, record.first(semconv.ANALYTICS_CONTEXT))
        if plan.has_integrations and (integrations := record.merged(semconv.ANALYTICS_INTEGRATIONS)):
            payload["integrations"] = integrations
        return None

    def _refusal(
        self, record: Record, event: str | None, rule: Rule | None, call: CallKind | None
    ) -> DropReason | None:
        """Return why the mapping does not let an event leave."""
        if rule is not None and rule.ignore:
            return DropReason.IGNORED_BY_RULE
        if call is None or not self._required_consent:
            return None
        if event == _CONSENT_EVENT and not self._strict_consent:
            return None
        given = record.merged(semconv.ANALYTICS_CONSENT)
        has_all = all(given.get(consent) is True for consent in self._required_consent)
        return None if has_all else DropReason.NO_CONSENT


def _event_name(name: Any, attributes: MappingType[str, Any]) -> str | None:
    """Return an event's name; the attribute is how names were given before records had a field for it."""
    name = name or attributes.get(semconv.EVENT_NAME)
    return name if isinstance(name, str) and name else None


def _add_identity(record: Record, plan: Plan, payload: Payload) -> None:
    # What nearly every event has is looked for first, and for itself.
    user_id = record.attributes.get(semconv.USER_ID)
    if type(user_id) is str and user_id:
        payload["userId"] = user_id
    elif plan.has_user and (found := first_identifier(record, USER_ID_NAMES)):
        payload["userId"] = found
    if plan.has_anonymous and (anonymous_id := first_identifier(record, ANONYMOUS_ID_NAMES)):
        payload["anonymousId"] = anonymous_id


def _context(record: Record, plan: Plan) -> JsonObject:
    context = record.source.context.copy()
    for add in plan.parts:
        add(record, context)
    if record.trace_id and record.span_id:
        context["trace"] = {"traceId": f"{record.trace_id:032x}", "spanId": f"{record.span_id:016x}"}
    return context


def _is_kept(payload: Payload, share: float) -> bool:
    """Tell whether a person is among the share whose events are kept, the same in every process."""
    identity = payload.get("userId") or payload.get("anonymousId") or ""
    digest = blake2b(identity.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def _message_id(record: Record) -> str | None:
    """Return the id that the record brings; a longer one than Segment takes is hashed."""
    uid = record.attributes.get(semconv.LOG_RECORD_UID)
    if not isinstance(uid, str) or not uid:
        return None
    if len(uid) <= MAX_ID_LENGTH:
        return uid
    return blake2b(uid.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _known(kind: Any, event: str | None, record: Record) -> JsonObject:
    """Return what can be said of an event that has no payload."""
    known = {"type": kind, "event": event, "messageId": _message_id(record)}
    return {field: value for field, value in known.items() if isinstance(value, str)}
