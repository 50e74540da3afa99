"""Who is at the other end, where proxies stand between: what of their headers is believed.

A proxy appends what it saw to the headers, so that they are true from the right as far as trusted proxies wrote them;
whatever is to the left of that, anybody may have made up.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, TypeAlias

from otel_segment.instrumentation._location import clean_host
from otel_segment.instrumentation._request import Request

__all__ = ["Seen", "Trust", "parse_trust"]

_Network: TypeAlias = IPv4Network | IPv6Network

_LONGEST_ADDRESS = 128
"""Characters up to which a text may be an address with its brackets, zone and port."""
_MOST_HOPS = 32
_MOST_REMEMBERED = 512
"""Characters that a request tells of its way up to which it is worth the memory to remember the verdict."""

_CURE = (
    f"write the number of proxies, 0 to {_MOST_HOPS}, or their networks, such as 10.0.0.0/8, 127.0.0.1, "
    "with private for all private ones and unix for a Unix socket"
)
_UNIX = "unix"
_PRIVATE = "private"
_PRIVATE_NETWORKS = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
    *("::1", "fc00::/7", "fe80::/10"),
)

# What servers give as the other end of a Unix socket.
_UNIX_PEERS = frozenset(("", "localhost"))
_SCHEMES = frozenset(("http", "https"))


class Seen(NamedTuple):
    """What a request looks like from in front of all trusted proxies.

    Attributes:
        address: The client's address: no port, brackets or zone, and IPv4 in its own form; empty where it is unknown.
        scheme: ``http`` or ``https``, as the client used it.
        host: The host that the client asked for, as :func:`clean_host` gives it; empty where it is none.
    """

    address: str
    scheme: str
    host: str


class _Claim(NamedTuple):
    """What a header says of the client.

    Attributes:
        address: Its address.
        hops: How many trusted proxies stand between.
        element: The part of ``Forwarded`` that says so.
    """

    address: str
    hops: int
    element: str = ""


class Trust:
    """Which proxies are believed; this one believes none, so that the client is who is connected."""

    def client(self, request: Request) -> Seen:
        """Return who sent a request, and how.

        ``Forwarded`` (RFC 7239) and ``X-Forwarded-For`` tell the address, ``Forwarded``, ``X-Forwarded-Proto`` and
        ``X-Forwarded-Host`` the rest. Two that contradict each other, and one that cannot be read where it matters,
        tell nothing.

        Args:
            request: The request.

        Returns:
            What trusted proxies say, else what the connection says.
        """
        return _connected(request.peer, request.scheme, request.host)

    def believes(self, peer: str) -> bool:  # noqa: ARG002
        """Say whether who is connected is one of them."""
        return False


class _Believing(Trust, ABC):
    """Believes some proxies; a subclass says which."""

    def __init__(self) -> None:
        self._judge_often = lru_cache(maxsize=2048)(self._judge)

    def client(self, request: Request) -> Seen:
        """Return who sent a request, and how."""
        peer = request.peer
        if not self.believes(peer):
            return super().client(request)
        header = request.header
        told = (
            *(peer, request.scheme, request.host, header("forwarded"), header("x-forwarded-for")),
            *(header("x-forwarded-proto"), header("x-forwarded-host")),
        )
        is_short = sum(map(len, told)) <= _MOST_REMEMBERED
        return self._judge_often(*told) if is_short else self._judge(*told)

    def _judge(
        self, peer: str, scheme: str, host: str, forwarded: str, forwarded_for: str, its_scheme: str, its_host: str
    ) -> Seen:
        elements, addresses = _split(forwarded), _split(forwarded_for)
        claim = self._claim(elements, addresses) if elements or addresses else _Claim(_bare(peer), 1)
        if claim is None:
            return _connected(peer, scheme, host)
        address, hops, element = claim
        said = (_parameter(element, "proto") or _item(its_scheme, hops)).lower()
        scheme = said if said in _SCHEMES else scheme
        said = _parameter(element, "host") or _item(its_host, hops)
        return Seen(address, scheme, clean_host(said, scheme) or clean_host(host, scheme))

    def _claim(self, elements: list[str], addresses: list[str]) -> _Claim | None:
        """Return what the headers say of the client; None where they contradict each other or cannot be read."""
        by_name = self._read([_parameter(element, "for") for element in elements])
        by_custom = self._read(addresses)
        # A proxy hands on a header that it does not know, so that of two that differ one may be the client's own.
        if elements and addresses and (by_name is None or by_custom is None or by_name.address != by_custom.address):
            return None
        if by_name is None:
            return by_custom
        return by_name._replace(element=elements[by_name.hops - 1])

    def _read(self, nodes: list[str]) -> _Claim | None:
        hops = self._position(nodes)
        address = _bare(nodes[hops - 1]) if hops else ""
        return _Claim(address, hops) if address else None

    @abstractmethod
    def _position(self, nodes: list[str]) -> int:
        """Return which of the nodes, nearest first, is the client, counted from one; zero for none."""


class _Hops(_Believing):
    """Believes a number of proxies, whoever they are."""

    def __init__(self, hops: int) -> None:
        super().__init__()
        self._hops = hops

    def believes(self, peer: str) -> bool:  # noqa: ARG002  # a number says nothing of who it is
        return True

    def _position(self, nodes: list[str]) -> int:
        # Too few came another way than the one that the number was given for.
        return self._hops if len(nodes) >= self._hops else 0


class _Networks(_Believing):
    """Believes the proxies in some networks."""

    def __init__(self, networks: Iterable[_Network], *, unix: bool) -> None:
        super().__init__()
        self._networks = tuple(networks)
        self._unix = unix
        self._is_inside = lru_cache(maxsize=1024)(self._look_up)

    def believes(self, peer: str) -> bool:
        if peer in _UNIX_PEERS:
            return self._unix
        address = _bare(peer)
        return address != "" and self._is_inside(address)

    def _position(self, nodes: list[str]) -> int:
        for position, node in enumerate(nodes, 1):
            address = _bare(node)
            if not address:
                return 0
            if not self._is_inside(address):
                return position
        return len(nodes)

    def _look_up(self, address: str) -> bool:
        number = ip_address(address)
        return any(number in network for network in self._networks)


def parse_trust(value: object) -> Trust:
    """Parse the setting ``trusted_proxies``.

    Args:
        value: None or 0 to believe nobody; a number of proxies, as a number or in digits; or networks and addresses,
            as a list of texts or in one text with commas between. The word ``private`` stands for all private,
            link-local and loopback networks, ``unix`` for whoever is connected by a Unix socket. With a number,
            a Unix socket is a connection like any other.

    Returns:
        What reads requests by it.

    Raises:
        ValueError: The value is none of these. The message does not quote it.
    """
    if value is None:
        return Trust()
    if isinstance(value, str):
        words = [word for item in value.split(",") if (word := item.strip())]
        if len(words) == 1 and words[0].isdecimal():
            return _parse_hops(int(words[0][:_LONGEST_ADDRESS]))
        return _parse_networks(words)
    if isinstance(value, int) and not isinstance(value, bool):
        return _parse_hops(value)
    if isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(item, str) for item in value):
        return _parse_networks([str(item).strip() for item in value])
    message = f"neither a number nor networks; {_CURE}"
    raise ValueError(message)


def _parse_hops(hops: int) -> Trust:
    if not 0 <= hops <= _MOST_HOPS:
        message = f"not a number of proxies that can be; {_CURE}"
        raise ValueError(message)
    return _Hops(hops) if hops else Trust()


def _parse_networks(words: list[str]) -> Trust:
    lower = [word.lower() for word in words]
    names = [name for word in lower for name in (_PRIVATE_NETWORKS if word == _PRIVATE else (word,)) if name != _UNIX]
    try:
        networks = [ip_network(name) for name in names]
    except ValueError:
        message = f"an item that is no network, or one with bits behind its mask; {_CURE}"
        raise ValueError(message) from None
    return _Networks(networks, unix=_UNIX in lower) if words else Trust()


def _connected(peer: str, scheme: str, host: str) -> Seen:
    """Return what the connection says."""
    is_short = len(peer) + len(scheme) + len(host) <= _MOST_REMEMBERED
    return _connected_often(peer, scheme, host) if is_short else Seen(_bare(peer), scheme, clean_host(host, scheme))


@lru_cache(maxsize=2048)
def _connected_often(peer: str, scheme: str, host: str) -> Seen:
    return Seen(_bare(peer), scheme, clean_host(host, scheme))


def _split(header: str) -> list[str]:
    """Split a header, nearest first.

    A comma inside of quotes parts, too: no address has one, and a quote that somebody forged on the left must not
    change how the right is read.
    """
    return header.rsplit(",", _MOST_HOPS)[: -_MOST_HOPS - 1 : -1] if header else []


def _item(header: str, hops: int) -> str:
    """Return what the outermost of some proxies wrote in a header, which may hold but one item of the nearest."""
    return header.rsplit(",", hops)[-hops:][0].strip() if header else ""


def _parameter(element: str, name: str) -> str:
    """Return a parameter of an element of ``Forwarded``, without its quotes; empty where there is none."""
    for pair in element.split(";") if element else ():
        key, _, value = pair.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""


def _bare(text: str) -> str:
    """Return an address without port, brackets and zone, and out of its IPv6 form; empty for what is no address."""
    return _bare_often(text) if 0 < len(text) <= _LONGEST_ADDRESS else ""


@lru_cache(maxsize=4096)
def _bare_often(text: str) -> str:
    text = text.strip()
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
    else:
        port = ""
    if port.strip(":0123456789"):
        return ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str((address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address)
