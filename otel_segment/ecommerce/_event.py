"""From the arguments of a call to one ``analytics.track()``."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from otel_segment import analytics
from otel_segment._ecommerce_spec import EVENTS
from otel_segment.ecommerce._product import number, product_list

__all__ = ["track"]


def track(event: str, shared: Mapping[str, Any], /, **own: object) -> None:
    """Say that an event of the specification has happened.

    Args:
        event: Its name.
        shared: The arguments that the call shares with others: properties of the event, and what
            ``analytics.track()`` takes.
        **own: The properties that are the call's own.

    Raises:
        TypeError: An argument is neither a property of the event nor one of ``analytics.track()``.
        ValueError: As in ``analytics.track()``.
    """
    known = EVENTS[event].properties
    fields = own | {name: value for name, value in shared.items() if name in known}
    rest = {name: value for name, value in shared.items() if name not in known and name != "properties"}
    analytics.track(event=event, properties=_properties(fields, shared.get("properties")), **rest)


def _properties(fields: dict[str, object], more: Any) -> Any:
    if more and not isinstance(more, Mapping):
        # For track() to refuse.
        return more
    properties: dict[Any, object] = {}
    # A mapping of foreign make may fail in any way.
    with suppress(Exception):
        properties.update(more or {})
    for name, value in fields.items():
        if value is not None:
            properties[name] = product_list(value) if name == "products" else number(value)
    return properties
