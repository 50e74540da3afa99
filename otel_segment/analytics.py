"""The six calls of product analytics, as OpenTelemetry events.

The names and the order of the arguments are those of Segment's own Python library, so that moving over is a change
of import::

    from otel_segment import analytics

    analytics.write_key = "..."
    analytics.track("user-1", "Order Completed", {"total": 42.5})
    analytics.flush()

Each call emits one log record through the OpenTelemetry API and does nothing else. Where there is no LoggerProvider,
the first call sets one up with ``otel_segment.configure()``, if it finds a write key here or in the environment.

Who acts may also come from :func:`otel_segment.use_visitor`; what the call says itself goes first. A call about
somebody else takes nothing of the person from it, only the surroundings: page, device, address and the like.

``analytics.ecommerce`` has a call of its own for each event of Segment's e-commerce specification.

No call raises, blocks, or changes what it is given. Unlike in Segment's library, none returns anything.
"""

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from otel_segment._log import logger as _log
from otel_segment.emit import ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK, Outlet, Settings, emit, refused

if TYPE_CHECKING:
    from datetime import date

    from otel_segment import ecommerce

__all__ = [
    "alias",
    "debug",
    "ecommerce",
    "flush",
    "group",
    "gzip",
    "host",
    "identify",
    "on_error",
    "page",
    "refused",
    "screen",
    "send",
    "shutdown",
    "strict",
    "timeout",
    "track",
    "write_key",
]

write_key: str | None = None
"""The write key of the source. All of these settings are read at the first call, and not again."""

host: str | None = None
"""The base URL of the Tracking API; Segment's by default. The setting ``endpoint`` elsewhere."""

gzip: bool = False
"""Whether requests are compressed."""

send: bool = True
"""Whether anything is sent; if not, events are converted and checked all the same."""

timeout: float | None = None
"""Seconds for one request; 10 by default."""

on_error: Callable[[Any, Any], object] | None = None
"""Called with the reason and the messages, when messages are dropped. The setting ``on_dropped`` elsewhere."""

debug: bool = False
"""Whether the logger ``otel_segment`` lets through what it says at the level DEBUG."""

strict: bool = False
"""Whether wrong arguments and wrong settings raise ``ValueError``: for tests and development."""


def track(
    user_id: object = None,
    event: str | None = None,
    properties: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    anonymous_id: object = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say what somebody did.

    Args:
        user_id: Whom it is about, in the application's own terms: text, number or ``UUID``. Empty text is as absent,
            ``0`` is not.
        event: The name of what was done, as ``Order Completed``.
        properties: What else is to be said of it. Values may be of any type; see the table in the documentation.
        context: Fields of Segment's ``context``, laid over those that are derived and over the visitor's.
        timestamp: When it happened: a ``datetime`` or ISO 8601 text, in UTC where it has no offset. By default now;
            of no other type, and not before 1970.
        anonymous_id: Whom it is about, where the user is not known; as ``user_id``.
        integrations: Destination to whether, or how, the event goes there.
        message_id: What makes the event unique; by default 32 random hexadecimal digits.

    Raises:
        ValueError: An argument is missing or wrong, and ``strict`` is on. If it is not, the call is counted in
            :func:`refused`, said once in the log, and otherwise left undone.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, TRACK, event, (user_id, anonymous_id), properties, rest)


def page(
    user_id: object = None,
    category: str | None = None,
    name: str | None = None,
    properties: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    anonymous_id: object = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say that somebody saw a page.

    Args:
        user_id: As in :func:`track`, like all arguments that are not described here.
        category: The kind of page.
        name: The name of the page.
        properties: As in :func:`track`; ``url``, ``path``, ``title``, ``referrer`` and ``search`` have a meaning.
        context: See :func:`track`.
        timestamp: See :func:`track`.
        anonymous_id: See :func:`track`.
        integrations: See :func:`track`.
        message_id: See :func:`track`.

    Raises:
        ValueError: As in :func:`track`.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, PAGE, "page", (user_id, anonymous_id), properties, rest, (category, name))


def screen(
    user_id: object = None,
    category: str | None = None,
    name: str | None = None,
    properties: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    anonymous_id: object = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say that somebody saw a screen of an application; the arguments are those of :func:`page`.

    Raises:
        ValueError: As in :func:`track`.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, SCREEN, "screen", (user_id, anonymous_id), properties, rest, (category, name))


def identify(
    user_id: object = None,
    traits: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    anonymous_id: object = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say who somebody is.

    Args:
        user_id: As in :func:`track`, like all arguments that are not described here.
        traits: What is known of the person. Where it is given, the visitor's traits are left out as a whole.
        context: See :func:`track`.
        timestamp: See :func:`track`.
        anonymous_id: See :func:`track`.
        integrations: See :func:`track`.
        message_id: See :func:`track`.

    Raises:
        ValueError: As in :func:`track`.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, IDENTIFY, "identify", (user_id, anonymous_id), traits, rest)


def group(
    user_id: object = None,
    group_id: object = None,
    traits: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    anonymous_id: object = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say what group somebody belongs to.

    Args:
        user_id: As in :func:`track`, like all arguments that are not described here.
        group_id: The account, company or team: text, number or ``UUID``; by default the visitor's.
        traits: What is known of the group.
        context: See :func:`track`.
        timestamp: See :func:`track`.
        anonymous_id: See :func:`track`.
        integrations: See :func:`track`.
        message_id: See :func:`track`.

    Raises:
        ValueError: As in :func:`track`.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, GROUP, "group", (user_id, anonymous_id), traits, rest, (group_id,))


def alias(
    previous_id: object = None,
    user_id: object = None,
    context: Mapping[str, object] | None = None,
    timestamp: "date | str | None" = None,
    integrations: Mapping[str, object] | None = None,
    message_id: object = None,
) -> None:
    """Say that two ids are one person.

    Args:
        previous_id: The id that was used until now: text, number or ``UUID``.
        user_id: The id from now on; by default the visitor's.
        context: See :func:`track`, here and below.
        timestamp: See :func:`track`.
        integrations: See :func:`track`.
        message_id: See :func:`track`.

    Raises:
        ValueError: As in :func:`track`.
    """
    rest = (context, timestamp, integrations, message_id)
    emit(outlet, strict, ALIAS, "alias", (user_id, None), None, rest, (previous_id,))


def flush(timeout: float | None = None) -> bool:
    """Wait until all that was emitted is settled.

    Args:
        timeout: Seconds to wait at most; by default as long as ``otel_segment.flush()`` does.

    Returns:
        Whether all is settled; ``True`` where nothing was ever set up.
    """
    return outlet.flush(timeout)


def shutdown(timeout: float | None = None) -> bool:
    """Deliver what can be delivered in the time, and stop.

    Args:
        timeout: Seconds that it may take; by default the setting ``shutdown_timeout``.

    Returns:
        Whether all is settled; ``True`` where nothing was ever set up.
    """
    return outlet.shutdown(timeout)


# Hidden from type checkers, which would take any name for granted then.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name != "ecommerce":
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = module = import_module("otel_segment.ecommerce")
        return module


def _settings() -> Settings:
    if debug:
        _log.setLevel(logging.DEBUG)
    settings = {
        "write_key": write_key,
        "endpoint": host,
        "compression": "gzip" if gzip else None,
        "disabled": None if send else True,
        "timeout": timeout,
        "on_dropped": on_error,
    }
    return {name: value for name, value in settings.items() if value is not None}


outlet = Outlet(_settings)
