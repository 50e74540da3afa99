"""The hosts that visitors are handed on to."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from otel_segment.instrumentation._forms import words

__all__ = ["Hosts", "parse_hosts"]

_CURE = "write hosts with commas between, such as prices.example, *.internal.example or localhost:8080"
_LABEL = r"(?!-)[a-z0-9_*-]+"
_FORM = re.compile(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::([0-9]{{1,5}}))?", re.ASCII)
_LONGEST = 255


class Hosts:
    """Some hosts.

    Args:
        patterns: A host, with ``*`` for any characters of one label or, as a whole label in front, for any number of
            labels; and the port, or None for any.
    """

    def __init__(self, patterns: Iterable[tuple[str, int | None]]) -> None:
        self.patterns = tuple(patterns)
        self._compiled = [(re.compile(_expression(host)), port) for host, port in self.patterns]
        self.has = lru_cache(1_024)(self._has)
        """Tell whether a host is one of them: ``has(host, port)``, in any spelling."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hosts) and self.patterns == other.patterns

    def __hash__(self) -> int:
        return hash(self.patterns)

    def _has(self, host: str, port: int | None) -> bool:
        if len(host) > _LONGEST:
            return False
        name = _normal(host)
        return any(own in (None, port) and pattern.fullmatch(name) is not None for pattern, own in self._compiled)


def parse_hosts(value: object) -> Hosts:
    """Parse hosts: a list of texts, or a text with commas between them.

    Raises:
        ValueError: One of them is no host; the message does not quote it.
    """
    return Hosts(map(_parse, words(value)))


def _parse(text: str) -> tuple[str, int | None]:
    lower = text.lower()
    if not lower.isascii():
        try:
            lower = lower.encode("idna").decode()
        except UnicodeError:
            lower = ""
    found = _FORM.fullmatch(lower.rstrip("."))
    # A star at the end would match hosts of anybody's.
    if found is None or "*" in found[1].rpartition(".")[2]:
        message = f"an item that is no host, or one with a star in its last part; {_CURE}"
        raise ValueError(message)
    return _normal(found[1]), int(found[2]) if found[2] else None


def _normal(host: str) -> str:
    bare = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    if ":" not in bare:
        return bare
    try:
        return str(ip_address(bare.partition("%")[0]))
    except ValueError:
        return bare


def _expression(host: str) -> str:
    rest = host.removeprefix("*.")
    return ("(?:[^.]+[.])+" if rest != host else "") + re.escape(rest).replace(r"\*", "[^.]*")
