"""Which hosts are this machine, seen from nowhere else."""

import ipaddress

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone: an address of the loopback, or ``localhost`` and names below it.

    The names are those that RFC 6761 (section 6.3) keeps for it.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
