"""The time of one request in the OpenTelemetry context, in one piece or in several steps."""

from collections.abc import Callable
from types import TracebackType

from opentelemetry.context import Context, attach, get_current, set_value

from otel_segment.emit._stay import KEY, AnyStay, AskedStay, requested
from otel_segment.emit._visitor import Visitor

__all__ = ["Presence"]


class Presence:
    """A context manager inside of which a visitor is asked for by whatever is emitted.

    It may be entered again after it was left, by the same thread or another one, but not twice at a time; then it goes
    on in the context that it was left in.

    Args:
        ask: Returns the visitor; called for each event, so that who signs in meanwhile is known from then on.
        owner: What it belongs to, for who has to know.
        prepared: What else is to be done with the context; nothing for most.
        withholds: Tells whether the visitor is not to be known by his own wish.
    """

    __slots__ = ("_around", "_before", "_inside", "_prepared", "_stay")

    def __init__(
        self,
        ask: Callable[[], Visitor],
        owner: object = None,
        prepared: Callable[[Context], Context] | None = None,
        withholds: Callable[[], bool] | None = None,
    ) -> None:
        self._stay = AskedStay(ask, owner, withholds)
        self._prepared = prepared
        self._before: Context | None = None
        self._inside: Context | None = None
        self._around: AnyStay | None = None

    def __enter__(self) -> None:
        self._before = before = get_current()
        self._around = requested.get()
        requested.set(self._stay)
        if self._inside is None:
            inside = set_value(KEY, self._stay, before)
            self._inside = inside if self._prepared is None else self._prepared(inside)
        attach(self._inside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What somebody attached inside and has not detached is of this request, too: a span or a visitor that a
        # generator is in the middle of is there again at its next step, and nowhere else.
        self._inside = get_current()
        requested.set(self._around)
        if self._before is not None:
            attach(self._before)
