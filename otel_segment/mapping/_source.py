"""What a resource says of the client and the application that it stands for."""

from collections.abc import Callable

from otel_segment import semconv
from otel_segment._types import JsonObject
from otel_segment._version import __version__
from otel_segment.mapping._record import Source

__all__ = ["LIBRARY", "describe_source"]

LIBRARY: JsonObject = {"name": "otel-segment", "version": __version__}

_MOBILE_SYSTEMS = frozenset({"android", "ios", "ipados"})
_APP_FIELDS = (
    ("name", semconv.SERVICE_NAME),
    ("version", semconv.SERVICE_VERSION),
    ("build", semconv.APP_BUILD_ID),
)


def describe_source(resource: JsonObject, clean: Callable[[JsonObject], JsonObject]) -> Source:
    """Work out what all records of a resource have in common.

    Args:
        resource: The resource's attributes.
        clean: Returns what may be told of them.
    """
    # Whose it is shows in attributes that may not be told.
    channel = _channel(resource)
    told = clean(resource)
    client = {} if channel == "server" else told
    context: JsonObject = {"channel": channel, "library": LIBRARY}
    if app := _app(told):
        context["app"] = app
    return Source(client, tuple(client), context, told)


def _channel(resource: JsonObject) -> str:
    """Tell whose resource it is: a server's ``os.*`` and ``device.*`` are not the person's.

    The semantic conventions reserve the resource attributes ``browser.*`` for browsers.
    """
    if any(name.startswith("browser.") for name in resource):
        return "browser"
    if str(resource.get(semconv.OS_NAME, "")).lower() in _MOBILE_SYSTEMS:
        return "mobile"
    return "server"


def _app(resource: JsonObject) -> JsonObject:
    app = {field: resource[name] for field, name in _APP_FIELDS if resource.get(name) not in (None, "")}
    # The SDK's own stand-in for a service that nobody named.
    if str(app.get("name", "")).startswith("unknown_service"):
        del app["name"]
    return app
