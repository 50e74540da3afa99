"""Who did it: user id, anonymous id, group and previous id."""

import math
from typing import Any

from otel_segment import semconv
from otel_segment.mapping._record import Record
from otel_segment.mapping._values import text

__all__ = ["ANONYMOUS_ID_NAMES", "USER_ID_NAMES", "first_identifier", "identifier"]

USER_ID_NAMES = (semconv.USER_ID, semconv.ENDUSER_ID)
ANONYMOUS_ID_NAMES = (
    semconv.ANALYTICS_ANONYMOUS_ID,
    semconv.ENDUSER_PSEUDO_ID,
    semconv.APP_INSTALLATION_ID,
)


def identifier(value: Any) -> str | None:
    """Return an id as text: numbers count, also 0; nothing, empty text, lists and maps are no ids."""
    if type(value) is str:
        return value or None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return text(value) or None
    return None


def first_identifier(record: Record, names: tuple[str, ...]) -> str | None:
    """Return the first id under any of the names, each place asked for all of them before the next place."""
    for place in record.places:
        # A resource tells installations apart, not people.
        is_resource = place is record.source.client
        for name in names:
            value = place.get(name) if not is_resource or name == semconv.APP_INSTALLATION_ID else None
            if value is not None and (found := identifier(value)) is not None:
                return found
    return None
