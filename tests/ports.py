"""Ports for servers that are told theirs."""

import random
import socket
from contextlib import suppress

__all__ = ["free_port"]

_RANGE = range(20_000, 32_000)
"""Below those that systems give out: a server in another test could be given one of these before it is used."""

_choose = random.SystemRandom().choice


def free_port() -> int:
    """Return a port on which nobody listens."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", _choose(_RANGE))) as free:
            return int(free.getsockname()[1])
