"""The way of what is to be sent; who sends nothing does not load it."""

from otel_segment.settings import Settings
from otel_segment.transport import HttpTransport, Transport

__all__ = ["way_out"]


def way_out(settings: Settings) -> Transport:
    """Return the way to the endpoint."""
    return HttpTransport(settings)
