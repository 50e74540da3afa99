"""How many reports one visitor, and one address, may send."""

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address

__all__ = ["ReportLimit"]

_WINDOW = 10
"""Seconds for which reports are counted."""
_MOST_OF_VISITOR = 60
"""Reports of one visitor in that time: six pages a second, each reported once."""
_MOST_OF_ADDRESS = 600
"""Reports from one address, behind which there may be an office, or all visitors where a proxy is not told of."""
_MOST_WINDOWS = 4_096


class ReportLimit:
    """Counts the reports that one process gets, by visitor and by address.

    Who a visitor is, the client has a say in: a pseudonym is made of its user agent, too. Its address it has not.
    """

    retry_after = _WINDOW

    def __init__(self) -> None:
        self._visitors = _Windows(_MOST_OF_VISITOR)
        self._addresses = _Windows(_MOST_OF_ADDRESS)

    def allows(self, visitor: str, address: str, now: float) -> bool:
        """Count a report, and tell whether it may be taken; one that may not is not counted.

        Args:
            visitor: Whoever sends it.
            address: From where, as ``Trust`` has it; of IPv6 the first 64 bits count, as one client has all the rest.
            now: Seconds, of a clock that does not go back.
        """
        network = _network(address)
        if not (self._addresses.has_room(network, now) and self._visitors.has_room(visitor, now)):
            return False
        self._addresses.count(network)
        self._visitors.count(visitor)
        return True


class _Windows:
    """Counts by some key in a table that has an end: the oldest window is forgotten for a new one."""

    def __init__(self, most: int) -> None:
        self._most = most
        # The oldest first. Its steps need no lock, which a fork could leave locked.
        self._windows: OrderedDict[str, list[float]] = OrderedDict()

    def has_room(self, key: str, now: float) -> bool:
        window = self._windows.get(key)
        if window is not None:
            if now - window[0] < _WINDOW:
                return window[1] < self._most
            self._windows.pop(key, None)
        self._windows[key] = [now, 0]
        if len(self._windows) > _MOST_WINDOWS:
            self._windows.popitem(last=False)
        return True

    def count(self, key: str) -> None:
        # Another thread may just have made room.
        if (window := self._windows.get(key)) is not None:
            window[1] += 1


@lru_cache(maxsize=1_024)
def _network(address: str) -> str:
    return f"{int(IPv6Address(address)) >> 64:x}" if ":" in address else address
