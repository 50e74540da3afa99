"""Identifiers of people and groups, as text."""

from enum import Enum
from typing import Any
from uuid import UUID

from otel_segment.emit._plain import plain

__all__ = ["id_text"]


def id_text(value: object) -> str | None:
    """The identifier as Segment wants it.

    Args:
        value: A text, a number, a ``UUID``, or an ``Enum`` of those; ``0`` is an identifier as good as any.

    Returns:
        The text, or ``None`` for ``None`` and for an empty text: no identifier.

    Raises:
        TypeError: It is nothing of that kind. A boolean is refused too: it is the answer to another question.
        Exception: Whatever the value itself raises when it is looked at.
    """
    if type(value) is str:
        return value or None
    if value is None:
        return None
    if isinstance(value, Enum):
        return id_text(value.value)
    if isinstance(value, (str, UUID)):
        return str.__str__(str(value)) or None
    if not isinstance(value, bool) and _is_number(type(value)):
        number = plain(value)
        if type(number) in (int, float) or type(number) is str:
            return str(value)
    raise TypeError(type(value).__name__)


def _is_number(kind: Any) -> bool:
    # Numbers of numpy, decimal and fractions alike say so, and bytes, lists and the rest do not.
    return hasattr(kind, "__float__") or hasattr(kind, "__index__")
