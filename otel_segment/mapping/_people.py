"""Who did it, by what the mapping says of identity."""

from msgspec import UNSET

from otel_segment import semconv
from otel_segment._types import Payload
from otel_segment.mapping._document import AnonymousId, Identity
from otel_segment.mapping._forms import Compiler
from otel_segment.mapping._identity import ANONYMOUS_ID_NAMES, USER_ID_NAMES, first_identifier, identifier
from otel_segment.mapping._lookup import MISSING, Getter
from otel_segment.mapping._plan import Plan
from otel_segment.mapping._record import Record

__all__ = ["People", "add_ids"]


class People:
    """Finds the ids of the person behind a record.

    Args:
        identity: What the mapping says.
        compiler: Compiles its values.
    """

    def __init__(self, identity: Identity, compiler: Compiler) -> None:
        given = identity.anonymous_id
        anonymous = given.first if isinstance(given, AnonymousId) else given
        # An id that is there, but none, is not the end: the next place may know.
        self._user_id = None if identity.user_id is UNSET else [compiler.value(each) for each in identity.user_id]
        self._anonymous_id = None if anonymous is UNSET else [compiler.value(each) for each in anonymous]
        self._fallback = given.fallback if isinstance(given, AnonymousId) else "none"

    def ids(self, record: Record) -> dict[str, str]:
        """Return ``userId`` and ``anonymousId``, as far as they are known."""
        found: dict[str, str] = {}
        if user_id := _first(record, self._user_id, USER_ID_NAMES):
            found["userId"] = user_id
        if anonymous_id := _first(record, self._anonymous_id, ANONYMOUS_ID_NAMES):
            found["anonymousId"] = anonymous_id
        if not found and (stand_in := self._stand_in(record)):
            found["anonymousId"] = stand_in
        return found

    def _stand_in(self, record: Record) -> str | None:
        if self._fallback == "trace":
            return f"{record.trace_id:032x}" if record.trace_id else None
        return identifier(record.first(semconv.SESSION_ID)) if self._fallback == "session" else None


def _first(record: Record, getters: list[Getter] | None, names: tuple[str, ...]) -> str | None:
    if getters is None:
        return first_identifier(record, names)
    found = (identifier(get(record, MISSING)) for get in getters)
    return next((value for value in found if value is not None), None)


def add_ids(record: Record, plan: Plan, payload: Payload) -> None:
    """Add the ids that are known without a mapping."""
    # What nearly every event has is looked for first, and for itself.
    user_id = record.attributes.get(semconv.USER_ID)
    if type(user_id) is str and user_id:
        payload["userId"] = user_id
    elif plan.has_user and (found := first_identifier(record, USER_ID_NAMES)):
        payload["userId"] = found
    if plan.has_anonymous and (anonymous_id := first_identifier(record, ANONYMOUS_ID_NAMES)):
        payload["anonymousId"] = anonymous_id
