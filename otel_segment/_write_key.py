"""The write key, as a setting: what cannot be one, and how it is shown."""

import re

from otel_segment.settings import masked

__all__ = ["parse_write_key", "show_write_key"]

_NAME = re.compile(r"[$%<{ ]*[A-Z_]*WRITE_?KEY[A-Z_]*[}%> ]*")
_UNEXPANDED = re.compile(r"\$.*|\{\{.*|<.*>|%\w+%|(?i:your[-_ ].*key.*)", re.DOTALL)
_CURE = "copy the key from Segment: Connections > Sources > (your source) > Settings > API keys"


def parse_write_key(value: object) -> str:
    """Parse the write key: anything that can be one, without the white space around it."""
    key = value.strip() if isinstance(value, str) else None
    if key is None:
        problem = "not a text; put quotes around the key"
    elif not key:
        problem = f"empty; {_CURE}"
    elif _NAME.fullmatch(key) or _UNEXPANDED.fullmatch(key):
        problem = f"a placeholder or a variable that nothing expanded, not a key; {_CURE}"
    elif not re.fullmatch(r"[!-~]+", key):
        problem = f"it has a space, a line break or another character that no key has; {_CURE}"
    elif key[0] in "\"'" or key[-1] in "\"'":
        problem = "it has quotes around it that became part of it; remove the quotes"
    else:
        return key
    raise ValueError(problem)


def show_write_key(value: object) -> str:
    """Show the end of a write key, or the whole of what only names one."""
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__}"
    return repr(value) if _NAME.fullmatch(value) else repr(masked(value.strip()))
