"""What a write key looks like, and what is often taken for one."""

import base64
import binascii
import re
from collections.abc import Iterator

from otel_segment.cli.doctor._endpoint import is_of_segment
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.settings import masked

__all__ = ["check_write_key"]

_USUAL_LENGTH = 32
_USUAL = re.compile(r"[A-Za-z0-9]{32}")
_CURE = "copy the write key from Segment: Connections > Sources > (your source) > Settings > API keys"

_OTHER_THINGS = (
    (re.compile(r"sgp_.+"), "a token of Segment's Public API"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), "a JSON Web Token, such as an access token"),
    (re.compile(r"(?i:basic|bearer)[ :=].*"), "a whole Authorization header"),
    (re.compile(r"https?://.*"), "an address"),
    (re.compile(r"[\w.+-]+@[\w-]+\.\w+"), "an e-mail address"),
)
_DOUBTFUL_THINGS = (
    (re.compile(r"[A-Za-z0-9]{20,22}"), "the id of a source or of a workspace, which stands in its address"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "a UUID"),
    (re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+"), "the name of a source or of a workspace"),
)


def check_write_key(setup: Setup) -> Iterator[Finding]:
    """Say whether the key can be one, as far as its form tells."""
    key, source = setup.reading("write_key").value, setup.source("write_key")
    if setup.reading("write_key").problem:
        yield unknown("it is wrong, see Settings", source)
        return
    if not key:
        yield unknown("there is no write key to look at", source)
        return
    shown = f"{masked(key)} ({len(key)} characters)"
    wrong = _first(key, _OTHER_THINGS) or ("the write key as Basic authorization has it" if _is_encoded(key) else "")
    if wrong:
        yield broken(f"{shown} looks like {wrong}, not like a write key", _CURE, source)
    elif not is_of_segment(setup):
        yield fine(f"{shown}; what a key looks like there is the server's own affair", source)
    elif _USUAL.fullmatch(key):
        yield fine(f"{shown} has the form of a write key; whether there is such a source only Segment knows", source)
    else:
        doubtful = _first(key, _DOUBTFUL_THINGS)
        like = f" and looks like {doubtful}" if doubtful else ""
        yield warning(
            f"{shown} is not of the usual form ({_USUAL_LENGTH} letters and digits){like}; Segment answers 200 to a "
            "wrong key, and drops everything",
            _CURE,
            source,
        )


def _first(key: str, things: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    return next((name for pattern, name in things if pattern.fullmatch(key)), "")


def _is_encoded(key: str) -> bool:
    """Tell whether it is a key and a colon, in Base64."""
    try:
        return len(key) > _USUAL_LENGTH and base64.b64decode(key, validate=True).endswith(b":")
    except (binascii.Error, ValueError):
        return False
