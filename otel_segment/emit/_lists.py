"""Lists of more than one type: in an attribute, OpenTelemetry before 1.45 puts nothing in their place."""

from typing import Final

from opentelemetry.version import __version__ as _otel_version

from otel_segment.emit._plain import Plain, text

__all__ = ["MIXED_LISTS_PASS", "carried", "is_mixed", "unmixed"]

_FIRST_TO_PASS = (1, 45)
_EXACT_IN_A_FLOAT = 2**53

MIXED_LISTS_PASS: Final = tuple(int(part) for part in _otel_version.split(".")[:2]) >= _FIRST_TO_PASS
"""Whether attributes can hold lists such as ``[1, "a"]`` and ``[1, 2.5]``."""


def carried(value: Plain) -> Plain:
    """The value in the form that the installed OpenTelemetry carries in an attribute."""
    return value if MIXED_LISTS_PASS else unmixed(value)


def is_mixed(value: Plain) -> bool:
    """Whether there is a list of more than one type anywhere in a plain value."""
    if isinstance(value, dict):
        return any(is_mixed(item) for item in value.values())
    if isinstance(value, list):
        return len(_types(value)) > 1 or any(is_mixed(item) for item in value)
    return False


def unmixed(value: Plain) -> Plain:
    """The value with each mixed list made uniform: floats where all are numbers, else texts, JSON where need be."""
    if isinstance(value, dict):
        return {key: unmixed(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if len(_types(value)) <= 1:
        return [unmixed(item) for item in value]
    if (numbers := _as_floats(value)) is not None:
        return numbers
    return [item if item is None or type(item) is str else _json(item) for item in value]


def _types(values: list[Plain]) -> set[type]:
    return set(map(type, values)) - {type(None)}


def _as_floats(values: list[Plain]) -> list[Plain] | None:
    floats: list[Plain] = []
    for value in values:
        if type(value) is int and abs(value) <= _EXACT_IN_A_FLOAT:
            floats.append(float(value))
        elif value is None or type(value) is float:
            floats.append(value)
        else:
            return None
    return floats


def _json(value: Plain) -> str:
    import json

    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # an integer of more digits than Python cares to write
        return text(value)
