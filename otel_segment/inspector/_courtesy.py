"""What clients want of an endpoint besides: leave to send, settings for analytics.js, a place for its metrics."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from otel_segment.inspector._cors import cors_headers, preflight_headers
from otel_segment.inspector._intake import BATCH_PATHS, SINGLE_PATHS

__all__ = ["Courtesy", "courtesy", "meant_path"]

_EVENT_PATHS: Final = BATCH_PATHS | SINGLE_PATHS.keys()
# Where analytics.js says how it fares itself, unless its settings tell it not to.
_METRICS_PATH: Final = "/v1/m"
_SETTINGS_PATH: Final = re.compile(r"/v1/projects/([^/]+)/settings")
_HOST: Final = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_JSON: Final = {"Content-Type": "application/json"}


class Courtesy(NamedTuple):
    """An answer to what is no request with events.

    Attributes:
        status: The HTTP status.
        headers: The headers, those for pages of other sites included.
        body: The body.
    """

    status: int
    headers: dict[str, str]
    body: bytes


def courtesy(method: str, path: str, headers: Mapping[str, str]) -> Courtesy | None:
    """Answer what clients ask for before they send or beside it, ``None`` where it is something else.

    Args:
        method: The HTTP method.
        path: The path, without the query.
        headers: The headers, by lower-case names.
    """
    settings = _SETTINGS_PATH.fullmatch(path)
    if settings is None and path != _METRICS_PATH and path not in _EVENT_PATHS:
        return None
    own, answer = ("GET", "HEAD") if settings else ("POST",), None
    if method == "OPTIONS":
        return Courtesy(HTTPStatus.NO_CONTENT, preflight_headers(headers, ", ".join(own)), b"")
    if settings and method in own:
        answer = _source_settings(unquote(settings[1]), headers)
    elif path == _METRICS_PATH and method in own:
        answer = {"success": True}
    if answer is None:
        return None
    return Courtesy(HTTPStatus.OK, {**_JSON, **cors_headers(headers)}, json.dumps(answer).encode())


def meant_path(path: str) -> str:
    """Give the path that was probably meant by one that does not exist, ``""`` where there is no telling."""
    words = [word for word in path.lower().split("/") if word]
    meant = f"/v1/{words[-1]}" if words and words[-1] != "v1" else "/v1/batch"
    return meant if meant in _EVENT_PATHS else ""


def _source_settings(key: str, headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Make analytics.js send its events to where it has asked, and its metrics nowhere."""
    host = headers.get("host", "")
    if not _HOST.fullmatch(host):
        return None
    protocol = "https" if headers.get("x-forwarded-proto") == "https" else "http"
    segment = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": protocol}
    return {"integrations": {"Segment.io": segment}, "metrics": {"sampleRate": 0}}
