"""segment-analytics-python at its defaults."""

import logging

from segment.analytics.client import Client  # type: ignore[import-untyped]

from benchmarks.contender import Contender
from benchmarks.event import EVENT


def build(endpoint: str) -> Contender:
    """Set up a client that sends to the sink."""
    return contender(Client("k", host=endpoint))


def contender(client: Client) -> Contender:
    """Make a contender of any client of this library."""
    # It has a line for each event that it refuses, thousands where it is not fed with care.
    logging.getLogger("segment").addHandler(logging.NullHandler())
    return Contender(
        emit=lambda user, properties: client.track(user, EVENT, properties),
        settle=client.flush,
        full=client.queue.full,
    )
