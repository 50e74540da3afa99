"""What is known of a visitor, and the attributes that say it."""

from typing import NamedTuple, TypeAlias

from otel_segment.emit._lists import carried
from otel_segment.emit._plain import Plain
from otel_segment.semconv import (
    ANALYTICS_ANONYMOUS_ID,
    ANALYTICS_CONSENT,
    ANALYTICS_CONTEXT,
    ANALYTICS_DEVICE,
    ANALYTICS_GROUP_ID,
    ANALYTICS_LOCALE,
    ANALYTICS_PAGE_REFERRER,
    ANALYTICS_PAGE_TITLE,
    ANALYTICS_TIMEZONE,
    ANALYTICS_TRAITS,
    CLIENT_ADDRESS,
    DEVICE_ID,
    DEVICE_MANUFACTURER,
    DEVICE_MODEL_IDENTIFIER,
    DEVICE_MODEL_NAME,
    SESSION_ID,
    URL_FRAGMENT,
    URL_FULL,
    URL_PATH,
    URL_QUERY,
    USER_AGENT_ORIGINAL,
    USER_EMAIL,
    USER_FULL_NAME,
    USER_ID,
    USER_NAME,
    USER_ROLES,
)

__all__ = ["Attributes", "Visitor", "VisitorAttributes", "attributes_of", "inherit", "is_another"]

Attributes: TypeAlias = dict[str, Plain]
Map: TypeAlias = dict[str, Plain]

_OF_TRAITS = {"email": USER_EMAIL, "name": USER_FULL_NAME, "username": USER_NAME, "roles": USER_ROLES}
_OF_PAGE = {
    "title": ANALYTICS_PAGE_TITLE,
    "referrer": ANALYTICS_PAGE_REFERRER,
    "url": URL_FULL,
    "path": URL_PATH,
    "search": URL_QUERY,
    "hash": URL_FRAGMENT,
}
_OF_DEVICE = {
    "id": DEVICE_ID,
    "manufacturer": DEVICE_MANUFACTURER,
    "model": DEVICE_MODEL_IDENTIFIER,
    "name": DEVICE_MODEL_NAME,
}
# OpenTelemetry's query and fragment come without the character that leads them in.
_LEADING = {URL_QUERY: "?", URL_FRAGMENT: "#"}


class Visitor(NamedTuple):
    """Who is acting, from where and with what. What is ``None`` is not known."""

    user_id: str | None = None
    anonymous_id: str | None = None
    traits: Map | None = None
    group_id: str | None = None
    consent: Map | None = None
    session_id: str | None = None
    page: Map | None = None
    device: Map | None = None
    context: Map | None = None
    ip: str | None = None
    user_agent: str | None = None
    locale: str | None = None
    timezone: str | None = None


_OF_THE_PERSON = ("user_id", "anonymous_id", "traits", "group_id", "consent", "session_id")
_NOBODY = dict.fromkeys(_OF_THE_PERSON)


def is_another(visitor: Visitor, user_id: str | None, anonymous_id: str | None) -> bool:
    """Whether these ids are those of somebody else than the visitor.

    A user id where the visitor has none is a log-in, and an anonymous id besides the same user id another device:
    both are the same person.
    """
    if user_id is not None:
        return visitor.user_id is not None and visitor.user_id != user_id
    return anonymous_id is not None and visitor.anonymous_id is not None and visitor.anonymous_id != anonymous_id


def inherit(outer: Visitor | None, inner: Visitor) -> Visitor:
    """The inner visitor, with what it does not say taken from the outer one.

    Of somebody else only the surroundings are taken: page, device, context, address, agent, locale, time zone.
    """
    if outer is None:
        return inner
    if is_another(outer, inner.user_id, inner.anonymous_id):
        outer = outer._replace(**_NOBODY)
    return Visitor._make(theirs if own is None else own for own, theirs in zip(inner, outer, strict=True))


class VisitorAttributes:
    """The attributes of a visitor, laid out once for every event that will carry them.

    Attributes:
        visitor: The visitor.
        all: All of them.
        surroundings: Those that hold for whoever acts there.
        without_traits: All but the traits, for a call that brings its own.
        for_group: All but ``analytics.traits``, which on a group call would be the group's.
    """

    __slots__ = ("all", "for_group", "surroundings", "visitor", "without_traits")

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        described, traits = _described(visitor)
        self.surroundings: Attributes = {}
        _add_surroundings(visitor, self.surroundings)
        self.without_traits = self.surroundings.copy()
        _add_person(visitor, self.without_traits)
        self.for_group = {**self.without_traits, **described}
        self.all = {**self.for_group, **traits}


def attributes_of(visitor: Visitor) -> Attributes:
    """All attributes of a visitor, for one event alone: a map of its own."""
    attributes: Attributes = {}
    _add_surroundings(visitor, attributes)
    _add_person(visitor, attributes)
    if visitor.traits:
        for each in _described(visitor):
            attributes.update(each)
    return attributes


def _add_person(visitor: Visitor, attributes: Attributes) -> None:
    if visitor.user_id:
        attributes[USER_ID] = visitor.user_id
    if visitor.anonymous_id:
        attributes[ANALYTICS_ANONYMOUS_ID] = visitor.anonymous_id
    if visitor.group_id:
        attributes[ANALYTICS_GROUP_ID] = visitor.group_id
    if visitor.session_id:
        attributes[SESSION_ID] = visitor.session_id
    if visitor.consent is not None:
        attributes[ANALYTICS_CONSENT] = carried(visitor.consent)


def _described(visitor: Visitor) -> tuple[Attributes, Attributes]:
    named: Attributes = {}
    rest = _split(visitor.traits or {}, _OF_TRAITS, named)
    return named, {ANALYTICS_TRAITS: carried(rest)} if rest else {}


def _add_surroundings(visitor: Visitor, attributes: Attributes) -> None:
    if visitor.ip:
        attributes[CLIENT_ADDRESS] = visitor.ip
    if visitor.user_agent:
        attributes[USER_AGENT_ORIGINAL] = visitor.user_agent
    if visitor.locale:
        attributes[ANALYTICS_LOCALE] = visitor.locale
    if visitor.timezone:
        attributes[ANALYTICS_TIMEZONE] = visitor.timezone
    context: Map = {}
    if visitor.page and (rest_of_page := _split(visitor.page, _OF_PAGE, attributes)):
        context["page"] = rest_of_page
    if visitor.device and (rest_of_device := _split(visitor.device, _OF_DEVICE, attributes)):
        attributes[ANALYTICS_DEVICE] = carried(rest_of_device)
    if visitor.context:
        context.update(visitor.context)
    if context:
        attributes[ANALYTICS_CONTEXT] = carried(context)


def _split(values: Map, names: dict[str, str], named: Attributes) -> Map:
    """Add those that a convention has a name for, under that name, and give the others."""
    rest: Map = {}
    for key, value in values.items():
        name = names.get(key)
        if name is None or not _fits(name, value):
            rest[key] = value
        elif value:
            leading = _LEADING.get(name)
            named[name] = value.removeprefix(leading) if leading and isinstance(value, str) else value
    return rest


def _fits(name: str, value: Plain) -> bool:
    if name == USER_ROLES:
        return isinstance(value, list) and all(type(item) is str for item in value)
    return type(value) is str
