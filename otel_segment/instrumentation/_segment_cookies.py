"""The cookies in which Segment's script for browsers, analytics.js, keeps its ids.

Newer versions write the id as it is, older ones as JSON, so a text stands in quotes and nobody is ``null``; either
way it is percent-encoded. They are read in all these forms.
"""

import json
from collections.abc import Mapping
from urllib.parse import unquote

__all__ = ["anonymous_id", "user_id"]

_ANONYMOUS = "ajs_anonymous_id"
_USER = "ajs_user_id"

_MOST_CHARACTERS = 256
_MOST_ENCODED = 4_096

_NOBODY = frozenset(("", "null", "undefined", "None"))


def anonymous_id(cookies: Mapping[str, str]) -> str | None:
    """Return the anonymous id that analytics.js gave the browser.

    Args:
        cookies: The cookies of the request by name.

    Returns:
        The id; None where there is none, or none that can be read.
    """
    return _id(cookies.get(_ANONYMOUS))


def user_id(cookies: Mapping[str, str]) -> str | None:
    """Return the id of the user whom analytics.js was told of with ``identify``.

    It is what the browser says: whoever sends the request can write any id there, so it proves nothing.

    Args:
        cookies: The cookies of the request by name.

    Returns:
        The id; None where there is none, or none that can be read.
    """
    return _id(cookies.get(_USER))


def _id(value: str | None) -> str | None:
    if not value or len(value) > _MOST_ENCODED:
        return None
    try:
        text = unquote(value, errors="strict").strip()
    except UnicodeDecodeError:
        return None
    if text.startswith('"'):
        text = _unquoted(text).strip()
    is_id = len(text) <= _MOST_CHARACTERS and text.isprintable() and text not in _NOBODY and text[0] not in "{["
    return text if is_id else None


def _unquoted(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    return found if isinstance(found, str) else text.strip('"')
