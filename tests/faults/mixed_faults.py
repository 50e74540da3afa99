"""An endpoint on a bad day: all kinds of faults at random, and times at which nobody is there."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trials import Site

from otel_segment.inspector import Action, Answer, Behaviour, Cut, IncomingRequest, Reset, Wait

__all__ = ["REQUEST_SECONDS", "mixed", "outages"]

REQUEST_SECONDS = 2
"""The setting ``timeout`` of those who meet these faults: some requests get no answer at all."""

_FAULTS = (
    Answer(503),
    Answer(503, {"Retry-After": "1"}),
    Answer(500),
    Answer(429, {"Retry-After": "1"}),
    Answer(429),
    Reset(),
    Cut(accept=True),
    Cut(accept=False),
    Wait(0.2),
    Wait(1.0),
    Wait(1.5, Reset()),
    Wait(600),
    Answer(200, {}, b"\x00garbage", accept=True),
)


def mixed(chance: random.Random, share: float) -> Behaviour:
    """Return a behaviour that has one of all faults in a share of the requests."""
    lock = threading.Lock()

    def behaviour(_: IncomingRequest) -> Action:
        with lock:
            return chance.choice(_FAULTS) if chance.random() < share else None

    return behaviour


@contextmanager
def outages(site: Site, behaviour: Behaviour, chance: random.Random, up: float, down: float) -> Iterator[None]:
    """Close a site and open it again, time after time, until the end of the block, after which it is there.

    Args:
        site: The site, which is open.
        behaviour: Its faults while it is open.
        chance: Makes each time longer or shorter.
        up: Seconds, on average, for which it is open.
        down: Seconds for which it is not.
    """
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(up * chance.uniform(0.5, 1.5)):
            site.close()
            is_over.wait(down * chance.uniform(0.5, 1.5))
            site.open(behaviour)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
