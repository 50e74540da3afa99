"""A visitor in the OpenTelemetry context, for as long as it is set."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol

from opentelemetry.context import Context, create_key

from otel_segment.emit._visitor import Visitor, VisitorAttributes, inherit

__all__ = ["KEY", "AnyStay", "AskedStay", "Stay", "current_stay", "entered", "request_stay", "requested"]


class AnyStay(Protocol):
    """What the context holds."""

    over: bool

    @property
    def visitor(self) -> Visitor:
        """The visitor."""
        ...

    @property
    def attributes(self) -> VisitorAttributes:
        """The visitor's attributes."""
        ...

    @property
    def around(self) -> "AnyStay | None":
        """The stay that it is inside of."""
        ...


class AskedStay:
    """A stay whose visitor is asked for when an event needs one, and may be somebody else later on.

    Whoever acted outside of it does not act inside: nothing is inherited.

    Args:
        ask: Returns the visitor; the same one as long as nothing has changed.
        owner: What it belongs to, for who has to know.
        withholds: Tells whether the visitor is not to be known by his own wish.
    """

    __slots__ = ("_ask", "_asked", "_attributes", "_withholds", "over", "owner")

    around = None

    def __init__(
        self, ask: Callable[[], Visitor], owner: object = None, withholds: Callable[[], bool] | None = None
    ) -> None:
        self._ask = ask
        self.owner = owner
        self._withholds = withholds
        self._asked: Visitor | None = None
        self._attributes: VisitorAttributes | None = None
        self.over = False

    @property
    def visitor(self) -> Visitor:
        """The visitor as of now."""
        return self._ask()

    @property
    def attributes(self) -> VisitorAttributes:
        """The visitor's attributes as of now, laid out once for each visitor that there is."""
        visitor = self._ask()
        if self._attributes is None or visitor is not self._asked:
            self._attributes, self._asked = VisitorAttributes(visitor), visitor
        return self._attributes

    def withholds(self) -> bool:
        """Tell whether the visitor is not to be known by his own wish."""
        return self._withholds is not None and self._withholds()


class Stay:
    """The time that a visitor is set for: from entering a scope to leaving it.

    Attributes:
        visitor: The visitor, complete with what was inherited.
        attributes: The visitor's attributes.
        around: The stay that it is inside of.
        over: Whether it was left out of order, or in another context, where those who still see it cannot be told.
    """

    __slots__ = ("around", "attributes", "over", "visitor")

    def __init__(self, given: Visitor, around: AnyStay | None) -> None:
        self.visitor: Visitor = inherit(None if around is None else around.visitor, given)
        self.attributes = VisitorAttributes(self.visitor)
        self.around = around
        self.over = False


KEY = create_key("otel_segment.visitor")

# OpenTelemetry hides whether a context is left in the execution context that it was entered in, and logs an error
# where it is not. The token of a variable of our own tells.
entered: ContextVar[AnyStay | None] = ContextVar("otel_segment.entered", default=None)

# OpenTelemetry's own instrumentations serve a request in the context that came with it, which is a new one.
requested: ContextVar[AnyStay | None] = ContextVar("otel_segment.requested", default=None)


def current_stay(context: Context) -> AnyStay | None:
    """The innermost stay in a context that is not over; where there is none, the one of the request being served."""
    stay: Any = context.get(KEY)
    while stay is not None and stay.over:
        stay = stay.around
    found: AnyStay | None = requested.get() if stay is None else stay
    return found


def request_stay(stay: AnyStay | None) -> AskedStay | None:
    """The stay of the request that a stay is inside of, or is itself; None outside of all requests."""
    while stay is not None:
        if isinstance(stay, AskedStay):
            return stay
        stay = stay.around
    return None
