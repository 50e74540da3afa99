"""The way of what is not to be sent."""

from otel_segment.transport import Reply

__all__ = ["Nowhere"]


class Nowhere:
    """Stands where nothing is sent: it has no connections, and loads nothing that could make one."""

    def send(self, body: bytes, retries: int, timeout: float) -> Reply:  # noqa: ARG002
        """Send nothing."""
        return Reply(0, {}, "nothing is to be sent", "Disabled")

    def close(self) -> None:
        """Do nothing: nothing is open."""
