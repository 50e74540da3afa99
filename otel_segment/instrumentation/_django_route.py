"""The template of a Django route, for people to read."""

import re
from functools import lru_cache

__all__ = ["template"]

_OF_EXPRESSIONS = re.compile(r"[\^$\\()]")
_PARTS = re.compile(
    r"""\(\?P<(?P<name>\w+)>       # a named group, to its end, which is counted out
      | (?P<aside>\(\?[:=!aiLmsux-]) # a group that gives no argument
      | (?P<group>\()              # one without a name
      | (?P<end>\))
      | \\(?P<escaped>.)
      | \[\^?\]?(?:\\.|[^\]\\])*\] # a set, in which brackets and anchors are but characters
      | [\^$]""",
    re.VERBOSE | re.DOTALL,
)
_ANCHORS = frozenset("AbBZz")


@lru_cache(1_024)
def template(route: str) -> str:
    """Return a route as it is written with ``path``, where parts of it are regular expressions.

    Args:
        route: What Django's resolver says, all included parts of it joined, such as
            ``shop/^archive/(?P<year>[0-9]{4})/$``.

    Returns:
        ``shop/archive/<year>/``. Groups without a name are ``<var>``; what is no group stays as it is.
    """
    if _OF_EXPRESSIONS.search(route) is None:
        return route
    pieces: list[str] = []
    at = depth = opened_at = 0
    for found in _PARTS.finditer(route):
        if opened_at == 0:
            pieces.append(route[at : found.start()])
        at = found.end()
        kind = found.lastgroup
        if kind in {"name", "group", "aside"}:
            depth += 1
            if kind != "aside" and opened_at == 0:
                opened_at = depth
                pieces.append(f"<{found['name'] or 'var'}>")
        elif kind == "end":
            if opened_at in {0, depth}:
                opened_at = 0
                at += route[at : at + 1] in {"?", "*", "+"}
            depth -= 1
        elif opened_at == 0:
            pieces.append(_literal(found))
    return "".join((*pieces, route[at:]))


def _literal(found: "re.Match[str]") -> str:
    if found.lastgroup == "escaped":
        escaped = found["escaped"]
        return "" if escaped in _ANCHORS else found[0] if escaped.isalnum() else escaped
    return found[0] if found[0].startswith("[") else ""
