"""What analytics.js asks for before it sends: the settings of its source, which Segment's CDN has else."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

__all__ = ["METRICS_PATH", "source_settings"]

METRICS_PATH: Final = "/v1/m"
"""Where analytics.js tells Segment how it fares; what arrives there is no event."""

_SETTINGS_PATH: Final = re.compile(r"/v1/projects/([^/]+)/settings")
_HOST: Final = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


def source_settings(path: str, headers: Mapping[str, str], address: str) -> dict[str, Any] | None:
    """Give the settings that make analytics.js send its events to where it has asked, ``None`` for any other path.

    Args:
        path: The path of the request.
        headers: The headers, by lower-case names.
        address: Host and port of the server, for a request that does not name them.
    """
    found = _SETTINGS_PATH.fullmatch(path)
    if found is None:
        return None
    host = headers.get("host", "")
    segment = {
        "apiKey": unquote(found[1]),
        "apiHost": f"{host if _HOST.fullmatch(host) else address}/v1",
        "protocol": "https" if headers.get("x-forwarded-proto") == "https" else "http",
    }
    # Without a rate, it would tell Segment how it fares.
    return {"integrations": {"Segment.io": segment}, "metrics": {"sampleRate": 0}}
