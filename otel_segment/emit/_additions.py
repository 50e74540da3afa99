"""What a visitor adds to a log record that an application made itself."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.context import Context

from otel_segment.emit._ids import id_text
from otel_segment.emit._lists import carried
from otel_segment.emit._stay import current_stay
from otel_segment.emit._visitor import Attributes, is_another
from otel_segment.semconv import (
    ANALYTICS_ANONYMOUS_ID,
    ANALYTICS_CONSENT,
    ANALYTICS_CONTEXT,
    ANALYTICS_DEVICE,
    ANALYTICS_LOCALE,
    ANALYTICS_PAGE_REFERRER,
    ANALYTICS_PAGE_TITLE,
    ANALYTICS_TRAITS,
    ANALYTICS_TYPE,
    APP_INSTALLATION_ID,
    BROWSER_DOCUMENT_URL_FULL,
    BROWSER_LANGUAGE,
    CLIENT_ADDRESS,
    DEVICE_ID,
    DEVICE_MANUFACTURER,
    DEVICE_MODEL_IDENTIFIER,
    DEVICE_MODEL_NAME,
    ENDUSER_ID,
    ENDUSER_PSEUDO_ID,
    HTTP_CLIENT_IP,
    HTTP_TARGET,
    HTTP_URL,
    HTTP_USER_AGENT,
    URL_FRAGMENT,
    URL_FULL,
    URL_PATH,
    URL_QUERY,
    USER_AGENT_ORIGINAL,
    USER_ID,
)

__all__ = ["additions"]

_USER_IDS = (USER_ID, ENDUSER_ID)
_ANONYMOUS_IDS = (ANALYTICS_ANONYMOUS_ID, ENDUSER_PSEUDO_ID, APP_INSTALLATION_ID)

# Names that say the same thing, or parts of one thing: where a record has one of them, the visitor's would contradict.
_PAGE = (URL_FULL, URL_PATH, URL_QUERY, URL_FRAGMENT)
_SAYING_PAGE = (*_PAGE, HTTP_URL, HTTP_TARGET, BROWSER_DOCUMENT_URL_FULL)
_DEVICE = (DEVICE_ID, DEVICE_MANUFACTURER, DEVICE_MODEL_IDENTIFIER, DEVICE_MODEL_NAME)
_RIVALS: dict[str, tuple[str, ...]] = {
    USER_ID: _USER_IDS,
    ANALYTICS_ANONYMOUS_ID: _ANONYMOUS_IDS,
    CLIENT_ADDRESS: (HTTP_CLIENT_IP,),
    USER_AGENT_ORIGINAL: (HTTP_USER_AGENT,),
    ANALYTICS_LOCALE: (BROWSER_LANGUAGE,),
    **dict.fromkeys((*_PAGE, ANALYTICS_PAGE_TITLE, ANALYTICS_PAGE_REFERRER), _SAYING_PAGE),
    **dict.fromkeys((*_DEVICE, ANALYTICS_DEVICE), (*_DEVICE, ANALYTICS_DEVICE)),
}
_MAPS = (ANALYTICS_TRAITS, ANALYTICS_CONSENT, ANALYTICS_DEVICE)
"""Maps whose keys may stand alone."""


def additions(said: Mapping[str, Any], body: object, context: Context) -> Attributes:
    """Return the attributes that a record inherits of the visitor whose context it has.

    What the record says itself goes first. Where it names somebody else, it inherits the surroundings alone, as the
    six calls do.

    Args:
        said: The record's attributes.
        body: Its body.
        context: Its context.
    """
    stay = current_stay(context)
    if stay is None:
        return {}
    attributes, kind = stay.attributes, said.get(ANALYTICS_TYPE)
    # Not the stay's visitor, who may be somebody else when asked again.
    if is_another(attributes.visitor, _id(said, _USER_IDS), _id(said, _ANONYMOUS_IDS)):
        ours = attributes.surroundings
    elif kind == "identify" and isinstance(body, Mapping):
        ours = attributes.without_traits
    elif kind == "group":
        ours = attributes.for_group
    else:
        ours = attributes.all
    added = {name: value for name, value in ours.items() if name not in said and not _is_said(name, said)}
    own: Any = said.get(ANALYTICS_CONTEXT)
    inherited: Any = ours.get(ANALYTICS_CONTEXT)
    if inherited is not None and isinstance(own, Mapping):
        added[ANALYTICS_CONTEXT] = carried({**inherited, **own})
    if kind == "identify" and any(name.startswith(ANALYTICS_TRAITS) for name in said):
        # The traits that a person is introduced with are the event's own.
        return {name: value for name, value in added.items() if name in attributes.without_traits}
    return added


def _is_said(name: str, said: Mapping[str, Any]) -> bool:
    if any(rival in said for rival in _RIVALS.get(name, ())):
        return True
    return name in _MAPS and any(other.startswith(f"{name}.") for other in said)


def _id(said: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := _text(said.get(name))) is not None), None)


def _text(value: object) -> str | None:
    try:
        return id_text(value)
    except Exception:  # noqa: BLE001 - what is no id names nobody
        return None
