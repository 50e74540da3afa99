"""The way to the endpoint: one HTTP client."""

from otel_segment.transport._base import Reply, Transport
from otel_segment.transport._http import HttpTransport

__all__ = ["HttpTransport", "Reply", "Transport"]
