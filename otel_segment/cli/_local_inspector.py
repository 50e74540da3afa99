"""Where the inspector of this machine is."""

from urllib.parse import urlsplit

from otel_segment._loopback import is_loopback

__all__ = ["INSPECTOR_PORT", "INSPECTOR_URL", "is_local"]

INSPECTOR_PORT = 8765
"""The port that ``otel-segment inspect`` listens on where none is given."""

INSPECTOR_URL = f"http://127.0.0.1:{INSPECTOR_PORT}"
"""Where other commands look for it."""


def is_local(url: str) -> bool:
    """Tell whether an address is this machine's own, seen from nowhere else."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return False
    return is_loopback(host)
