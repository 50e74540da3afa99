"""The application's last look at a message, before it is stored anywhere."""

from typing import Any, cast

from otel_segment._types import Drop, JsonObject, Payload
from otel_segment.mapping import MAX_ID_LENGTH, json_value
from otel_segment.reasons import DropReason
from otel_segment.settings import BeforeSend
from otel_segment.wire import decode_message, encode_message

__all__ = ["last_look"]

_REQUIRED = {
    "track": ("event",),
    "page": (),
    "screen": (),
    "identify": (),
    "group": ("groupId",),
    "alias": ("previousId", "userId"),
}
_MAPS = ("properties", "traits", "context", "integrations")


def last_look(before_send: BeforeSend, message: bytes) -> bytes | Drop:
    """Let the application edit a message or drop it.

    A message that its hook fails on, or makes into something that Segment would throw away, is not sent at all:
    the hook may be what removes private data.

    Args:
        before_send: The hook.
        message: The message.

    Returns:
        The message as the hook wants it, under the same ``messageId`` where the hook gives no other, or the drop.
    """
    given = decode_message(message)
    message_id = given["messageId"]
    detail = ""
    try:
        edited = before_send(given)
        if edited is not None:
            payload = cast("Payload", json_value(edited))
            detail = _flaw(payload)
            if not detail:
                return encode_message(_identified(payload, message_id), lambda: message)
    except Exception as error:  # noqa: BLE001 - the application's hook may do anything
        detail = f"the hook failed: {type(error).__qualname__}"
    return Drop(DropReason.BEFORE_SEND, decode_message(message), detail)


def _flaw(payload: Any) -> str:
    """Say why Segment would not keep what the hook returned; empty where it would."""
    if not isinstance(payload, dict):
        return f"the hook returned {type(payload).__qualname__}, not the message or None"
    kind = payload.get("type")
    required = _REQUIRED.get(kind) if isinstance(kind, str) else None
    if required is None:
        return "the hook made the type none of the six calls"
    missing = [field for field in required if not _is_id(payload.get(field))]
    if not missing and not (_is_id(payload.get("userId")) or _is_id(payload.get("anonymousId"))):
        missing = ["userId and anonymousId"]
    if missing:
        return f"the hook left no {missing[0]}"
    wrong = [field for field in _MAPS if not isinstance(payload.get(field, {}), dict)]
    return f"the hook made {wrong[0]} something else than a map" if wrong else ""


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _identified(payload: Payload, message_id: str) -> Payload:
    """See to it that a repeat can be told from another message."""
    kept: JsonObject = cast("JsonObject", payload)
    if not _is_id(kept.get("messageId")) or len(kept["messageId"]) > MAX_ID_LENGTH:
        kept["messageId"] = message_id
    return payload
