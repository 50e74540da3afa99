"""How many reports one visitor may send."""

__all__ = ["ReportLimit"]

_WINDOW = 10
"""Seconds for which reports are counted."""
_MOST = 60
"""Reports of one visitor in that time: six pages a second, each reported once."""
_MOST_VISITORS = 4_096


class ReportLimit:
    """Counts the reports that one process gets, in a table that has an end; who comes when it is full is refused."""

    retry_after = _WINDOW

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[str, int] = {}

    def allows(self, visitor: str, now: float) -> bool:
        """Count a report, and tell whether it may be taken.

        Args:
            visitor: Whoever sends it.
            now: Seconds, of a clock that does not go back.
        """
        window = int(now // _WINDOW)
        if window != self._window:
            self._window, self._counts = window, {}
        counts = self._counts
        count = counts.get(visitor, 0)
        if count >= _MOST or (not count and len(counts) >= _MOST_VISITORS):
            return False
        counts[visitor] = count + 1
        return True
