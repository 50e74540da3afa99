"""segment-analytics-python at its defaults."""

from segment.analytics.client import Client  # type: ignore[import-untyped]

from benchmarks.contender import Contender
from benchmarks.event import EVENT


def build(endpoint: str) -> Contender:
    """Set up a client that sends to the sink."""
    return contender(Client("k", host=endpoint))


def contender(client: Client) -> Contender:
    """Make a contender of any client of this library."""
    return Contender(
        emit=lambda user, properties: client.track(user, EVENT, properties),
        settle=client.flush,
        full=client.queue.full,
    )
