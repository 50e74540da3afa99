"""The rest of Segment's context, and the table of its parts.

A part is a function that reads what it needs and adds its fields; the table says which attributes call for it, so
that an event pays only for what it carries.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment.mapping import _agent, _page
from otel_segment.mapping._address import bare_address
from otel_segment.mapping._identity import identifier
from otel_segment.mapping._record import Record, merge_map
from otel_segment.mapping._source import LIBRARY

__all__ = ["Part", "merge_given", "parts_for"]

Part: TypeAlias = Callable[[Record, JsonObject], None]

_IP_NAMES = (
    semconv.CLIENT_ADDRESS,
    semconv.HTTP_CLIENT_IP,
    semconv.NETWORK_PEER_ADDRESS,
    semconv.NET_SOCK_PEER_ADDR,
    semconv.NET_PEER_IP,
)
_DEVICE_FIELDS = (
    ("manufacturer", semconv.DEVICE_MANUFACTURER),
    ("model", semconv.DEVICE_MODEL_IDENTIFIER),
    ("name", semconv.DEVICE_MODEL_NAME),
)
_APP_FIELDS = (
    ("name", semconv.SERVICE_NAME),
    ("version", semconv.SERVICE_VERSION),
    ("build", semconv.APP_BUILD_ID),
)
_LOCATION_FIELDS = (
    ("city", semconv.GEO_LOCALITY_NAME),
    ("region", semconv.GEO_REGION_ISO_CODE),
    ("country", semconv.GEO_COUNTRY_ISO_CODE),
    ("latitude", semconv.GEO_LOCATION_LAT),
    ("longitude", semconv.GEO_LOCATION_LON),
)
_DEVICE_TYPES = frozenset({"android", "ios"})


class _Row(NamedTuple):
    part: Part
    names: frozenset[str]
    """Attributes that call for the part."""
    prefix: str | None = None
    """Any attribute that begins so calls for it, too."""

    def wanted(self, names: frozenset[str]) -> bool:
        if not self.names.isdisjoint(names):
            return True
        return self.prefix is not None and any(name.startswith(self.prefix) for name in names)


def _add_ip(record: Record, context: JsonObject) -> None:
    for value in record.each(*_IP_NAMES):
        if isinstance(value, str) and (ip := bare_address(value)):
            context["ip"] = ip
            return


def _add_app(record: Record, context: JsonObject) -> None:
    app = {**context.get("app", {})}
    for field, name in _APP_FIELDS:
        if (value := record.attributes.get(name)) not in (None, ""):
            app[field] = value
    app.update(record.merged(semconv.ANALYTICS_APP))
    if app:
        context["app"] = app


def _add_device(record: Record, context: JsonObject) -> None:
    device: JsonObject = {}
    if (found := identifier(record.first(semconv.DEVICE_ID, semconv.APP_INSTALLATION_ID))) is not None:
        device["id"] = found
    for field, name in _DEVICE_FIELDS:
        if (value := record.first(name)) is not None:
            device[field] = value
    if (kind := str(record.first(semconv.OS_NAME) or "").lower()) in _DEVICE_TYPES:
        device["type"] = kind
    device.update(record.merged(semconv.ANALYTICS_DEVICE))
    if device:
        context["device"] = device


def _add_network(record: Record, context: JsonObject) -> None:
    network: JsonObject = {}
    if kind := record.text(semconv.NETWORK_CONNECTION_TYPE):
        network["wifi"] = kind == "wifi"
        network["cellular"] = kind == "cell"
    if carrier := record.text(semconv.NETWORK_CARRIER_NAME):
        network["carrier"] = carrier
    if isinstance(bluetooth := record.first(semconv.ANALYTICS_NETWORK_BLUETOOTH), bool):
        network["bluetooth"] = bluetooth
    if network:
        context["network"] = network


def _add_location(record: Record, context: JsonObject) -> None:
    found = {field: record.first(name) for field, name in _LOCATION_FIELDS}
    if location := {field: value for field, value in found.items() if value is not None}:
        context["location"] = location


def _add_screen(record: Record, context: JsonObject) -> None:
    if screen := record.merged(semconv.ANALYTICS_SCREEN):
        context["screen"] = screen


def _add_referrer(record: Record, context: JsonObject) -> None:
    if referrer := record.merged(semconv.ANALYTICS_REFERRER):
        context["referrer"] = referrer


def _add_session(record: Record, context: JsonObject) -> None:
    if session := identifier(record.first(semconv.SESSION_ID)):
        context["sessionId"] = session


def _add_timezone(record: Record, context: JsonObject) -> None:
    if zone := record.text(semconv.ANALYTICS_TIMEZONE):
        context["timezone"] = zone


def _add_channel(record: Record, context: JsonObject) -> None:
    if channel := record.text(semconv.ANALYTICS_CHANNEL):
        context["channel"] = channel


def _add_active(record: Record, context: JsonObject) -> None:
    if isinstance(active := record.first(semconv.ANALYTICS_ACTIVE), bool):
        context["active"] = active


def _add_consent(record: Record, context: JsonObject) -> None:
    """Add ``context.consent``: only a true is a yes.

    Without consent in the context Segment enforces none, so that whoever was asked and gave none is said to have.
    """
    given: JsonObject = {}
    for place in reversed(record.places):
        merge_map(given, place, semconv.ANALYTICS_CONSENT)
    if given or isinstance(record.first(semconv.ANALYTICS_CONSENT), dict):
        context["consent"] = {"categoryPreferences": {name: value is True for name, value in given.items()}}


def _row(part: Part, *names: str, prefix: str | None = None) -> _Row:
    return _Row(part, frozenset(names), prefix)


_ROWS = (
    _row(_add_app, *(name for _, name in _APP_FIELDS), semconv.ANALYTICS_APP, prefix="analytics.app."),
    _row(_page.add_page, *_page.PAGE_NAMES),
    _row(_page.add_queried_campaign, *_page.PAGE_NAMES),
    _row(
        _page.add_campaign,
        semconv.ANALYTICS_CAMPAIGN,
        prefix=semconv.ANALYTICS_CAMPAIGN + ".",
    ),
    _row(_add_ip, *_IP_NAMES),
    _row(_agent.add_user_agent, *_agent.USER_AGENT_NAMES),
    _row(_agent.add_user_agent_data, *_agent.DATA_NAMES),
    _row(_agent.add_client_hints, *_agent.HINT_NAMES),
    _row(_agent.add_os, *_agent.OS_NAMES),
    _row(_agent.add_hinted_os, *_agent.OS_HINT_NAMES),
    _row(_agent.add_locale, *_agent.LOCALE_NAMES),
    _row(_add_timezone, semconv.ANALYTICS_TIMEZONE),
    _row(
        _add_device,
        semconv.DEVICE_ID,
        semconv.APP_INSTALLATION_ID,
        semconv.OS_NAME,
        *(name for _, name in _DEVICE_FIELDS),
        semconv.ANALYTICS_DEVICE,
        prefix=semconv.ANALYTICS_DEVICE + ".",
    ),
    _row(
        _add_network,
        semconv.NETWORK_CONNECTION_TYPE,
        semconv.NETWORK_CARRIER_NAME,
        semconv.ANALYTICS_NETWORK_BLUETOOTH,
    ),
    _row(_add_location, *(name for _, name in _LOCATION_FIELDS)),
    _row(_add_screen, semconv.ANALYTICS_SCREEN, prefix=semconv.ANALYTICS_SCREEN + "."),
    _row(_add_referrer, semconv.ANALYTICS_REFERRER, prefix=semconv.ANALYTICS_REFERRER + "."),
    _row(_add_session, semconv.SESSION_ID),
    _row(_add_channel, semconv.ANALYTICS_CHANNEL),
    _row(_add_active, semconv.ANALYTICS_ACTIVE),
    _row(_add_consent, semconv.ANALYTICS_CONSENT, prefix=semconv.ANALYTICS_CONSENT + "."),
)


def parts_for(names: frozenset[str]) -> tuple[Part, ...]:
    """Return the parts of the context that these attributes call for, in their order."""
    return tuple(row.part for row in _ROWS if row.wanted(names))


def merge_given(context: JsonObject, given: Any) -> None:
    """Lay ``analytics.context`` over what was derived, deeply; the library stays ours, a null takes nothing away."""
    if not isinstance(given, dict):
        return
    _merge(context, given)
    context["library"] = LIBRARY


def _merge(target: JsonObject, given: JsonObject) -> None:
    for key, value in given.items():
        if isinstance(value, dict):
            inner = target.get(key)
            target[key] = inner = {**inner} if isinstance(inner, dict) else {}
            _merge(inner, value)
            if not inner:
                del target[key]
        elif value is not None:
            target[key] = value
