"""The mapping document: its parts as types, which check it, describe it to editors and make it in Python."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from otel_segment._types import Call, JsonObject

# msgspec looks for ValueForm, which the aliases name before it is there, in the module that they are used in.
from otel_segment.mapping._terms import Part, Properties, Test, Value, ValueForm, When  # noqa: F401

__all__ = [
    "SEVERITIES",
    "AliasCall",
    "AnonymousId",
    "Defaults",
    "GroupCall",
    "IdentifyCall",
    "Identity",
    "Mapping",
    "Match",
    "Privacy",
    "PropertyDefaults",
    "QueryKeys",
    "Rule",
    "Seen",
    "TraitDefaults",
    "ViewCall",
]

_Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
_Seconds: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]

SEVERITIES = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
"""The first of the four numbers of each (OpenTelemetry logs data model, field SeverityNumber)."""


class Match(Part, frozen=True):
    """The events that a rule is for. All that is said must hold."""

    event: str | list[str] | UnsetType = UNSET
    """Event names; ``*``, ``?`` and ``[…]`` stand for others, as in file names. Case counts."""
    scope: str | list[str] | UnsetType = UNSET
    """Names of instrumentation scopes, likewise."""
    resource: dict[str, Test] | UnsetType = UNSET
    """What resource attributes must be."""
    attributes: dict[str, Test] | UnsetType = UNSET
    """What values must be, by their names."""
    severity: Test | UnsetType = UNSET
    """What the severity number must be, 1 to 24; or one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL."""

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            message = "a match says at least one of event, scope, resource, attributes, severity"
            raise ValueError(message)
        if isinstance(self.severity, str) and self.severity.upper() not in SEVERITIES:
            message = f"a severity is a number, a condition, or one of {', '.join(SEVERITIES)}"
            raise ValueError(message)


class IdentifyCall(Part, frozen=True):
    """An identify call."""

    user_id: Value | UnsetType = UNSET
    """The user id, for this call alone; by default the event's."""
    traits: Properties = msgspec.field(default_factory=dict)


class GroupCall(Part, frozen=True):
    """A group call; there is none where the id is missing."""

    group_id: Value
    traits: Properties = msgspec.field(default_factory=dict)


class ViewCall(Part, frozen=True):
    """A page or a screen call."""

    name: Value | UnsetType = UNSET
    category: Value | UnsetType = UNSET
    properties: Properties = msgspec.field(default_factory=dict)
    """What there is besides the fields of the page, name and category."""


class AliasCall(Part, frozen=True):
    """An alias call; there is none where the id is missing."""

    previous_id: Value


class Rule(Part, frozen=True):
    """What to do with some events."""

    match: str | list[str] | Match
    """Event names or globs, or more than that."""
    when: When | UnsetType = UNSET
    """Where this does not hold, the rule is passed over."""
    ignore: bool = False
    """Drop them."""
    name: Value | UnsetType = UNSET
    """The name to give them: a text is that name itself, a form is a value."""
    type: Call | None = None
    """The call to make of those that do not say it themselves."""
    properties: Properties = True
    """Properties, or traits, of the event's own call."""
    identify: IdentifyCall | UnsetType = UNSET
    """A call each time, in place of the mapping's; likewise what follows."""
    group: GroupCall | UnsetType = UNSET
    page: bool | ViewCall = False
    screen: bool | ViewCall = False
    alias: AliasCall | UnsetType = UNSET
    skip: bool = False
    """Make no call of the event's own."""
    integrations: dict[str, bool | JsonObject] = msgspec.field(default_factory=dict)
    """Destination to whether, or how, the event goes there; over the mapping's, under the event's own."""
    context: dict[str, Value] = msgspec.field(default_factory=dict)
    """Fields of the context; over the mapping's, under the event's own."""
    sample: _Share | None = None
    """The share of people, 0 to 1, whose events are kept; one id is always in or always out."""

    def __post_init__(self) -> None:
        if self.name == "":
            message = "a name has at least one character"
            raise ValueError(message)


class AnonymousId(Part, frozen=True):
    """Where the anonymous id comes from, and what stands for it where nobody is known."""

    first: list[Value] | UnsetType = UNSET
    """The first hit counts; by default the built-in order."""
    fallback: Literal["trace", "session", "none"] = "none"
    """For an event without any identity: the trace id, the session id, or nothing, which drops it."""


class Identity(Part, frozen=True):
    """Where the ids of a person come from, in place of the built-in order; the first hit counts."""

    user_id: list[Value] | UnsetType = UNSET
    anonymous_id: list[Value] | AnonymousId | UnsetType = UNSET


class PropertyDefaults(Part, frozen=True):
    """Properties under those of the event and its rule."""

    properties: dict[str, Value] = msgspec.field(default_factory=dict)


class TraitDefaults(Part, frozen=True):
    """Traits under those of the event and its rule."""

    traits: dict[str, Value] = msgspec.field(default_factory=dict)


class Defaults(Part, frozen=True):
    """What all calls of a type have."""

    track: PropertyDefaults | UnsetType = UNSET
    page: PropertyDefaults | UnsetType = UNSET
    screen: PropertyDefaults | UnsetType = UNSET
    identify: TraitDefaults | UnsetType = UNSET
    group: TraitDefaults | UnsetType = UNSET


class QueryKeys(Part, frozen=True):
    """What of a query is kept."""

    allow: list[str]
    """Globs of keys."""


class Privacy(Part, frozen=True):
    """What never leaves, not even into the spool or the dead-letter file."""

    drop: list[str] = msgspec.field(default_factory=list)
    """Attributes to leave out, as globs of their names."""
    hash: list[str] = msgspec.field(default_factory=list)
    """Attributes to write as the hex SHA-256 of the setting ``privacy_salt`` and the value."""
    mask: list[str] = msgspec.field(default_factory=list)
    """Attributes of which only the domain of an e-mail, else the last four characters stay, after ``***``."""
    ip: Literal["keep", "truncate", "drop"] = "keep"
    """Addresses: as they are, to their network (IPv4 /24, IPv6 /48), or not at all."""
    query: Literal["keep", "drop"] | QueryKeys = "keep"
    """Queries of URLs and referrers."""
    user_agent: Literal["keep", "family", "drop"] = "keep"
    """The user agent: as it is, as the browser's name, or not at all."""
    deny_list: bool = True
    """Leave out what is named like a password, secret, token, cookie or authorization, and the numbers of cards."""


class Seen(Part, frozen=True):
    """How long it is remembered who was identified."""

    limit: _Count = 100_000
    """People."""
    time_to_live: _Seconds | None = None
    """Seconds after which a person counts as new; by default never."""


class Mapping(Part, frozen=True):
    """Which events leave, and as what."""

    select: Literal["marked", "named"] = "marked"
    """The events with ``analytics.type`` or a rule of their own, or all that have a name."""
    pages_from_spans: bool = False
    """Whether spans of kind SERVER that are page views make page calls; for the exporter of spans alone."""
    identity: Identity = msgspec.field(default_factory=Identity)
    identify: IdentifyCall | UnsetType = UNSET
    """An identify call before the event, when a user is first seen and when the traits change."""
    group: GroupCall | UnsetType = UNSET
    """A group call before the event, when a person's group or its traits are new."""
    on_sign_in: Literal["alias"] | None = None
    """What to do when an anonymous visitor is first seen with a user id."""
    seen: Seen = msgspec.field(default_factory=Seen)
    consent: dict[str, str] = msgspec.field(default_factory=dict)
    """The application's names of consents to Segment's categories."""
    require_consent: list[str] = msgspec.field(default_factory=list)
    """Consents, in the application's names, that must all be true for an event to leave."""
    strict_consent: bool = False
    """Whether the event that reports a change of consent needs that consent, too."""
    without_consent: Literal["drop", "anonymize"] = "drop"
    """What to do with an event that lacks it: drop it, or take out who it was; that needs ``privacy_salt``."""
    integrations: dict[str, bool | JsonObject] = msgspec.field(default_factory=dict)
    """Destination to whether, or how, events go there."""
    context: dict[str, Value] = msgspec.field(default_factory=dict)
    """Fields of the context, laid over what is derived."""
    privacy: Privacy = msgspec.field(default_factory=Privacy)
    defaults: Defaults = msgspec.field(default_factory=Defaults)
    nest: bool = False
    """Whether the dots in names of properties and traits make maps."""
    validate: Literal["ecommerce"] | None = None
    """Warn of events that lack what Segment's e-commerce specification requires of their name."""
    rules: list[Rule] = msgspec.field(default_factory=list)
    """The first rule that matches an event is the event's."""
