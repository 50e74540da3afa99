"""The event that is sent to see whether one arrives, and where to look for it."""

import uuid
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from otel_segment._loopback import is_loopback
from otel_segment._version import __version__
from otel_segment.cli.doctor._endpoint import region_of
from otel_segment.mapping import iso_time
from otel_segment.settings import Settings
from otel_segment.wire import encode_body

__all__ = ["EVENT", "Probe", "body_of", "make_event", "where_to_look"]

EVENT = "otel-segment doctor"
"""The name of the event, by which it can be filtered."""

_APPS = {"us": "https://app.segment.com", "eu": "https://eu1.app.segment.com"}
_NANOSECONDS = 1_000_000_000


class Probe(NamedTuple):
    """An event of ours.

    Attributes:
        message_id: Its ``messageId``.
        message: The event, encoded.
    """

    message_id: str
    message: bytes


def make_event(user_id: str | None, now: float) -> Probe:
    """Make a track call that goes to no destination: Segment shows it in the source's debugger alone.

    Args:
        user_id: Whom it is about; without one it is about an anonymous visitor.
        now: Seconds since 1970.
    """
    message_id = f"otel-segment-doctor-{uuid.uuid4()}"
    person = {"userId": user_id} if user_id else {"anonymousId": "otel-segment-doctor"}
    event = {
        "messageId": message_id,
        "type": "track",
        "event": EVENT,
        **person,
        "timestamp": _moment(now),
        "properties": {"version": __version__, "test": True},
        "context": {"library": {"name": "otel-segment", "version": __version__}, "channel": "server"},
        "integrations": {"All": False},
    }
    return Probe(message_id, msgspec.json.encode(event))


def body_of(settings: Settings, event: Probe | None, now: float) -> bytes:
    """Return the body of a request with the event, or with none."""
    key = msgspec.json.encode(settings.write_key).decode() if settings.key_in_body else None
    return encode_body([] if event is None else [event.message], _moment(now), key)


def where_to_look(settings: Settings, event: Probe) -> str:
    """Say where an event can be seen that has arrived."""
    region = region_of(settings)
    if region:
        place = f"{_APPS[region]} under Connections > Sources > (your source) > Debugger"
    elif is_loopback(urlsplit(settings.endpoint).hostname or ""):
        place = f"{settings.endpoint}, where otel-segment inspect shows what it gets"
    else:
        place = f"what {settings.endpoint} shows of its events"
    return f'look for the event "{EVENT}" with the messageId {event.message_id} in {place}'


def _moment(now: float) -> str:
    return iso_time(int(now * 1_000) * (_NANOSECONDS // 1_000))
