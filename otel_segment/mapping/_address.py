"""IP addresses, and the networks that stand for them."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

__all__ = ["bare_address", "networks"]

_LONGEST_ADDRESS = 128
"""Characters up to which a text may be an IP address with its zone and port."""
_IPV4_PREFIX = 24
_IPV6_PREFIX = 48

_BETWEEN = re.compile(r"[,;]")


def networks(text: str) -> str | None:
    """Return the networks of the addresses in a text, or in a header that lists them.

    Args:
        text: An address in any spelling, or the value of a header such as ``X-Forwarded-For`` or ``Forwarded``.

    Returns:
        IPv4 to its first 24 bits, IPv6 to its first 48; None where there is no address.
    """
    return ", ".join(filter(None, map(_network, _BETWEEN.split(text)))) or None


@lru_cache(maxsize=4096)
def bare_address(value: str) -> str | None:
    """Return an address without brackets, port and zone, an IPv4 address out of its IPv6 form; else None."""
    address = _parse(value)
    return None if address is None else str(address)


def _network(item: str) -> str | None:
    name, mark, value = item.strip().partition("=")
    if mark and name.lower() != "for":
        return None
    address = _parse((value if mark else name).strip().strip('"'))
    if address is None:
        return None
    width = address.max_prefixlen - (_IPV4_PREFIX if isinstance(address, IPv4Address) else _IPV6_PREFIX)
    return str(type(address)(int(address) >> width << width))


def _parse(value: str) -> IPv4Address | IPv6Address | None:
    if len(value) > _LONGEST_ADDRESS:
        return None
    if value.startswith("["):
        value = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        value = value.partition(":")[0]
    try:
        address = ip_address(value.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
