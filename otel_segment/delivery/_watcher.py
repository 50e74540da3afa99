"""Who is shown what is not sent."""

from typing import Protocol

from otel_segment._types import Drop

__all__ = ["Watcher"]


class Watcher(Protocol):
    """Sees what comes to a delivery that is ``disabled``. Must not raise."""

    def withheld(self, message: bytes) -> None:
        """See a message that would be sent, as it would be sent."""
        ...

    def dropped(self, drop: Drop) -> None:
        """See what is dropped."""
        ...
