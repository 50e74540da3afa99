"""The script that pages include, as it is sent."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = ["etag", "script"]


@cache
def script() -> bytes:
    """Return the script without comments, indentation and empty lines."""
    source = files("otel_segment.instrumentation").joinpath("browser.js").read_text("utf-8")
    lines = map(str.strip, source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


@cache
def etag() -> str:
    """Return the validator of the script."""
    return f'"{sha256(script()).hexdigest()[:16]}"'
