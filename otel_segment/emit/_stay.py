"""A visitor in the OpenTelemetry context, for as long as it is set."""

from contextvars import ContextVar
from typing import Any

from opentelemetry.context import Context, create_key

from otel_segment.emit._visitor import Visitor, VisitorAttributes, inherit

__all__ = ["KEY", "Stay", "current_stay", "entered"]


class Stay:
    """The time that a visitor is set for: from entering a scope to leaving it.

    Attributes:
        visitor: The visitor, complete with what was inherited.
        attributes: The visitor's attributes.
        around: The stay that it is inside of.
        over: Whether it was left out of order, or in another context, where those who still see it cannot be told.
    """

    __slots__ = ("around", "attributes", "over", "visitor")

    def __init__(self, given: Visitor, around: "Stay | None") -> None:
        self.visitor: Visitor = inherit(None if around is None else around.visitor, given)
        self.attributes = VisitorAttributes(self.visitor)
        self.around = around
        self.over = False


KEY = create_key("otel_segment.visitor")

# OpenTelemetry hides whether a context is left in the execution context that it was entered in, and logs an error
# where it is not. The token of a variable of our own tells.
entered: ContextVar[Stay | None] = ContextVar("otel_segment.entered", default=None)


def current_stay(context: Context) -> Stay | None:
    """The innermost stay in a context that is not over."""
    stay: Any = context.get(KEY)
    while stay is not None and stay.over:
        stay = stay.around
    found: Stay | None = stay
    return found
