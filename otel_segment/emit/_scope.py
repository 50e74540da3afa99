"""Entering and leaving a visitor's time in the OpenTelemetry context."""

import logging
from collections.abc import Callable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any, TypeVar

from opentelemetry.context import Context, attach, get_current, set_value

from otel_segment._log import say_once
from otel_segment.emit._ids import id_text
from otel_segment.emit._plain import Plain, plain, plain_map, text
from otel_segment.emit._stay import KEY, AnyStay, Stay, current_stay, entered
from otel_segment.emit._visitor import Visitor

__all__ = ["Visitor", "VisitorScope", "current_visitor", "use_visitor"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def current_visitor(context: Context | None = None) -> Visitor | None:
    """The innermost visitor.

    Args:
        context: The OpenTelemetry context to look in; by default the current one.

    Returns:
        The visitor with all that it inherits, or ``None`` outside of any :func:`use_visitor`.
    """
    stay = current_stay(get_current() if context is None else context)
    return None if stay is None else stay.visitor


class VisitorScope:
    """What :func:`use_visitor` returns: a context manager, and a decorator."""

    __slots__ = ("_given", "_stays")

    def __init__(self, given: Visitor) -> None:
        self._given = given
        self._stays: list[tuple[Stay, Context, Token[AnyStay | None]]] = []

    def __enter__(self) -> Visitor:
        before = get_current()
        stay = Stay(self._given, current_stay(before))
        attach(set_value(KEY, stay, before))
        self._stays.append((stay, before, entered.set(stay)))
        return stay.visitor

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stay, before, token = self._stays.pop()
        try:
            entered.reset(token)
        except (ValueError, RuntimeError):
            # Elsewhere, as when a generator is closed by another thread or task: nothing here is ours to restore.
            stay.over = True
            return
        if get_current().get(KEY) is stay:
            attach(before)
        else:
            stay.over = True

    def __call__(self, function: _Function) -> _Function:
        """Let each call of a function run inside.

        Of a coroutine function it is the whole run; of a generator function each step, so that the code which
        takes the values never sees the visitor.
        """
        from otel_segment.emit._decorated import decorated

        return decorated(function, lambda: VisitorScope(self._given))


def use_visitor(
    user_id: object = None,
    *,
    anonymous_id: object = None,
    traits: Mapping[str, object] | None = None,
    group_id: object = None,
    consent: Mapping[str, object] | None = None,
    session_id: object = None,
    page: Mapping[str, object] | None = None,
    device: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    ip: object = None,
    user_agent: str | None = None,
    locale: str | None = None,
    timezone: str | None = None,
) -> VisitorScope:
    """Set who is acting, for the analytics calls inside.

    A nested one inherits what it does not say itself. Where it names somebody else (another user id than the outer
    one's, or, without a user id, another anonymous id), it inherits the surroundings alone: ``page``, ``device``,
    ``context``, ``ip``, ``user_agent``, ``locale`` and ``timezone``.

    Used inside a generator, the visitor is seen between the steps by the code that takes the values, because Python
    runs both in one context; used as the decorator of the generator function, it is not.

    An argument of a useless type is left out and said once in the log; nothing is raised.

    Args:
        user_id: Text, number or ``UUID``; empty text counts as ``None`` here and below.
        anonymous_id: As ``user_id``.
        traits: What is known of the person. ``email``, ``name``, ``username`` and ``roles`` become the attributes
            that OpenTelemetry names for them.
        group_id: The account that the person acts for; as ``user_id``.
        consent: Categories, under the application's names, to ``True`` or ``False``.
        session_id: As ``user_id``.
        page: ``title``, ``referrer``, ``url``, ``path``, ``search``, ``hash`` and any other field of Segment's
            ``context.page``.
        device: ``id``, ``manufacturer``, ``model``, ``name``, ``type`` and any other field of ``context.device``.
        context: Any other fields of Segment's ``context``, laid over what is derived from the rest.
        ip: The person's address.
        user_agent: The person's ``User-Agent``.
        locale: As ``en-US``.
        timezone: An IANA name, as ``Europe/Berlin``.

    Returns:
        The scope: a context manager that gives the :class:`Visitor`, and a decorator of functions, coroutine
        functions, generator functions and asynchronous generator functions.
    """
    return VisitorScope(
        Visitor(
            user_id=_id("user_id", user_id),
            anonymous_id=_id("anonymous_id", anonymous_id),
            traits=_map("traits", traits),
            group_id=_id("group_id", group_id),
            consent=_map("consent", consent),
            session_id=_id("session_id", session_id),
            page=_map("page", page),
            device=_map("device", device),
            context=_map("context", context),
            ip=_text(ip),
            user_agent=_text(user_agent),
            locale=_text(locale),
            timezone=_text(timezone),
        )
    )


def _id(argument: str, value: object) -> str | None:
    try:
        return id_text(value)
    except Exception:  # noqa: BLE001 - a number of foreign make may fail in any way
        _say_wrong(argument, value, "a text, a number or a UUID")
        return None


def _map(argument: str, value: object) -> dict[str, Plain] | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return plain_map(value)
    _say_wrong(argument, value, "a mapping")
    return None


def _text(value: object) -> str | None:
    return None if value is None else text(plain(value)) or None


def _say_wrong(argument: str, value: object, wanted: str) -> None:
    say_once(
        f"visitor {argument}",
        logging.WARNING,
        "use_visitor(): %s was of the type %s and is left out, wanted: %s",
        argument,
        type(value).__name__,
        wanted,
    )
