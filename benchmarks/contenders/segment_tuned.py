"""segment-analytics-python with the settings that make it fastest against a slow endpoint."""

from segment.analytics.client import Client  # type: ignore[import-untyped]

from benchmarks.contender import Contender
from benchmarks.contenders import segment


def build(endpoint: str) -> Contender:
    """Set up a client that sends bodies of 1,000 events from 8 threads."""
    return segment.contender(Client("k", host=endpoint, upload_size=1000, thread=8))
