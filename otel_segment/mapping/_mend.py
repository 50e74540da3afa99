"""A payload that cannot be sent as it stands, as one that can."""

from typing import Any, cast

from otel_segment._types import Payload
from otel_segment.mapping._values import json_value, text, without_surrogates

__all__ = ["mended"]


def mended(payload: Payload) -> Payload:
    """Return a payload with only values that JSON can carry, within the bounds on depth and integers.

    Raises:
        TooManyValues: If it is larger than any event may be.
    """
    return cast("Payload", without_surrogates({field: _mend(value) for field, value in payload.items()}))


def _mend(value: Any) -> Any:
    # Depth is counted inside each property, so each is a value of its own.
    return (
        {text(key): json_value(item) for key, item in value.items()} if isinstance(value, dict) else json_value(value)
    )
