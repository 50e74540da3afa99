"""One call as one OpenTelemetry log record."""

from collections.abc import Callable, Mapping
from enum import Enum
from time import time_ns
from typing import Any, NamedTuple, TypeAlias

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context, get_current

from otel_segment.emit._ids import id_text
from otel_segment.emit._lists import MIXED_LISTS_PASS, carried, is_mixed
from otel_segment.emit._moment import nanoseconds
from otel_segment.emit._plain import Plain, plain, plain_map, text
from otel_segment.emit._refusals import INVALID_ARGUMENT, INVALID_TIMESTAMP, WithheldError, WrongArgumentError
from otel_segment.emit._stay import current_stay, request_stay
from otel_segment.emit._uid import new_uid
from otel_segment.emit._visitor import Attributes, is_another
from otel_segment.reasons import DropReason
from otel_segment.semconv import (
    ANALYTICS_ANONYMOUS_ID,
    ANALYTICS_CATEGORY,
    ANALYTICS_CONTEXT,
    ANALYTICS_GROUP_ID,
    ANALYTICS_GROUP_TRAITS,
    ANALYTICS_INTEGRATIONS,
    ANALYTICS_NAME,
    ANALYTICS_PREVIOUS_ID,
    ANALYTICS_PROPERTIES,
    ANALYTICS_TRAITS,
    ANALYTICS_TYPE,
    LOG_RECORD_UID,
    USER_ID,
)

__all__ = ["ALIAS", "GROUP", "IDENTIFY", "PAGE", "SCREEN", "TRACK", "Kind", "record"]

_INFO = SeverityNumber.INFO
_AN_ID = "a text, a number or a UUID"


def _label(value: object) -> str | None:
    return None if value is None else text(plain(value)) or None


class Kind(NamedTuple):
    """What tells one of the six calls from the others.

    Attributes:
        name: The call; also the name of its event, where it has none of its own.
        payload: The argument that holds the payload.
        payload_attribute: The attribute that carries it.
        extras: What it takes besides: attribute, argument, and how the attribute is made of the argument.
        required: The attributes that it cannot do without, the argument, and the reason for which it is refused.
    """

    name: str
    payload: str
    payload_attribute: str
    extras: tuple[tuple[str, str, Callable[[object], str | None]], ...] = ()
    required: tuple[tuple[str, str, DropReason], ...] = ()


_OF_VISITOR = (USER_ID, ANALYTICS_GROUP_ID)
"""What a call may leave to the visitor, and cannot do without."""

_LABELS = ((ANALYTICS_CATEGORY, "category", _label), (ANALYTICS_NAME, "name", _label))

TRACK = Kind("track", "properties", ANALYTICS_PROPERTIES)
PAGE = Kind("page", "properties", ANALYTICS_PROPERTIES, _LABELS)
SCREEN = Kind("screen", "properties", ANALYTICS_PROPERTIES, _LABELS)
IDENTIFY = Kind("identify", "traits", ANALYTICS_TRAITS)
GROUP = Kind(
    "group",
    "traits",
    ANALYTICS_GROUP_TRAITS,
    extras=((ANALYTICS_GROUP_ID, "group_id", id_text),),
    required=((ANALYTICS_GROUP_ID, "group_id", DropReason.MISSING_GROUP_ID),),
)
ALIAS = Kind(
    "alias",
    "traits",
    ANALYTICS_TRAITS,
    extras=((ANALYTICS_PREVIOUS_ID, "previous_id", id_text),),
    required=(
        (ANALYTICS_PREVIOUS_ID, "previous_id", DropReason.MISSING_PREVIOUS_ID),
        (USER_ID, "user_id", DropReason.MISSING_USER_ID),
    ),
)

Who: TypeAlias = tuple[object, object]
"""The arguments ``user_id`` and ``anonymous_id``."""

Rest: TypeAlias = tuple[object, object, object, object]
"""The arguments ``context``, ``timestamp``, ``integrations`` and ``message_id``."""


def record(
    kind: Kind,
    event: object,
    who: Who,
    payload: object,
    rest: Rest,
    extras: tuple[object, ...],
    on_wrong: Callable[[WrongArgumentError], None],
) -> LogRecord:
    """Make the log record of one call, from its arguments and the current visitor.

    Args:
        kind: Which call.
        event: The name of the event.
        who: Whom it is about.
        payload: The properties or traits.
        rest: What every call takes.
        extras: The values for ``kind.extras``.
        on_wrong: Told of what is wrong, where the call can be made all the same.

    Raises:
        WithheldError: It is of a visitor who does not want to be known.
        WrongArgumentError: The call cannot be made.
    """
    name = event if type(event) is str and event else _name(kind, event)
    context, timestamp, integrations, message_id = rest
    here = get_current()
    now = time_ns()
    body: dict[str, Plain] | None = None

    content = None if payload is None else _map(kind, kind.payload, payload)
    attributes = _identified(kind, who, here, owns_traits=kind is IDENTIFY and content is not None)
    if extras:
        _add_extras(kind, extras, attributes)
    if content is not None:
        if MIXED_LISTS_PASS or not is_mixed(content):
            attributes[kind.payload_attribute] = content
        else:
            # A body that is a map says the same as the attribute, and OpenTelemetry leaves it as it is.
            body = content
    if context is not None and (fields := _map(kind, "context", context)) is not None:
        inherited: Any = attributes.get(ANALYTICS_CONTEXT, {})
        attributes[ANALYTICS_CONTEXT] = carried({**inherited, **fields})
    if integrations is not None and (choices := _map(kind, "integrations", integrations)) is not None:
        attributes[ANALYTICS_INTEGRATIONS] = carried(choices)
    if kind.required or (USER_ID not in attributes and ANALYTICS_ANONYMOUS_ID not in attributes):
        _require(kind, attributes, here)
    attributes[LOG_RECORD_UID] = new_uid() if message_id is None else text(message_id) or new_uid()
    return LogRecord(
        timestamp=now if timestamp is None else _moment(kind, timestamp, on_wrong) or now,
        observed_timestamp=now,
        context=here,
        severity_number=_INFO,
        event_name=name,
        body=body,
        attributes=attributes,
    )


def _name(kind: Kind, event: object) -> str:
    name = plain(event) if isinstance(event, (str, Enum)) else None
    if type(name) is str and name:
        return name
    wanted = "wanted: a text that is not empty"
    raise WrongArgumentError(DropReason.MISSING_EVENT.value, kind.name, "event", f"{_what(event)}, {wanted}")


def _identified(kind: Kind, who: Who, here: Context, *, owns_traits: bool) -> Attributes:
    """The attributes that say who acts and from where: the visitor's, under those of the call."""
    user_id = _converted(kind, "user_id", who[0], id_text)
    anonymous_id = _converted(kind, "anonymous_id", who[1], id_text)
    stay = current_stay(here)
    if stay is None:
        attributes: Attributes = {}
    else:
        # Once: the stay may ask who it is each time.
        theirs = stay.attributes
        if is_another(theirs.visitor, user_id, anonymous_id):
            attributes = theirs.surroundings.copy()
        elif owns_traits:
            attributes = theirs.without_traits.copy()
        else:
            attributes = (theirs.for_group if kind is GROUP else theirs.all).copy()
    attributes[ANALYTICS_TYPE] = kind.name
    if user_id is not None:
        attributes[USER_ID] = user_id
    if anonymous_id is not None:
        attributes[ANALYTICS_ANONYMOUS_ID] = anonymous_id
    return attributes


def _add_extras(kind: Kind, extras: tuple[object, ...], attributes: Attributes) -> None:
    for (attribute, argument, convert), value in zip(kind.extras, extras, strict=True):
        if (label := _converted(kind, argument, value, convert)) is not None:
            attributes[attribute] = label


def _require(kind: Kind, attributes: Attributes, here: Context) -> None:
    for attribute, argument, reason in kind.required:
        if attribute not in attributes:
            if attribute in _OF_VISITOR:
                _see_to_wish(here)
            raise WrongArgumentError(reason.value, kind.name, argument, f"was absent or empty, wanted: {_AN_ID}")
    if USER_ID not in attributes and ANALYTICS_ANONYMOUS_ID not in attributes:
        _see_to_wish(here)
        raise WrongArgumentError(
            DropReason.MISSING_IDENTITY.value,
            kind.name,
            "user_id and anonymous_id",
            "were both absent or empty: give one of them, or make the call inside use_visitor()",
        )


def _see_to_wish(here: Context) -> None:
    """Let no caller be at fault for what a request's visitor does not want to be known.

    Raises:
        WithheldError: That is so here.
    """
    request = request_stay(current_stay(here))
    if request is not None and request.withholds():
        raise WithheldError


def _converted(kind: Kind, argument: str, value: object, convert: Callable[[object], str | None]) -> str | None:
    try:
        return convert(value)
    except Exception as error:
        problem = f"{_what(value)}, wanted: {_AN_ID}"
        raise WrongArgumentError(INVALID_ARGUMENT, kind.name, argument, problem) from error


def _map(kind: Kind, argument: str, value: object) -> dict[str, Plain] | None:
    if type(value) is dict or isinstance(value, Mapping):
        return plain_map(value) or None
    if type(value) in (str, int, float, bool, list, tuple) and not value:
        return None
    raise WrongArgumentError(INVALID_ARGUMENT, kind.name, argument, f"{_what(value)}, wanted: a mapping")


def _moment(kind: Kind, value: object, on_wrong: Callable[[WrongArgumentError], None]) -> int | None:
    moment = nanoseconds(value)
    if moment is None:
        problem = f"{_what(value)} that is no time after 1970, wanted: a datetime or ISO 8601 text"
        on_wrong(WrongArgumentError(INVALID_TIMESTAMP, kind.name, "timestamp", problem))
    return moment


def _what(value: object) -> str:
    # Never the value itself: it may be personal, and this text is logged.
    if value is None:
        return "was absent"
    return "was empty" if type(value) is str and not value else f"was of the type {type(value).__name__}"
