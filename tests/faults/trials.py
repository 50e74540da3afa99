"""What the tests under faults share: an address whose endpoint comes and goes, programs, and the count of it all."""

import itertools
import json
import os
import random
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from running import Numbered, environment, run
from typing_extensions import Self

from otel_segment.inspector import Action, Behaviour, IncomingRequest, LocalEndpoint, Received, RequestFacts

__all__ = [
    "DOORS",
    "FAULT_SECONDS",
    "Ended",
    "Outcome",
    "Site",
    "Variant",
    "always",
    "arrived",
    "at_both_doors",
    "at_first",
    "deliver_the_rest",
    "free_url",
    "judge",
    "not_delivered",
    "note",
    "record",
    "run_program",
    "run_trial",
    "wait_until",
    "with_and_without_spool",
]

FAULT_SECONDS = float(os.environ.get("FAULT_SECONDS", "5"))
"""Seconds that the long faults last; the real figures are 20 and 30, with ``FAULT_SECONDS=30``."""

DOORS = ("processor", "exporter")
# Ports that no outgoing connection of the machine is given meanwhile.
_PORTS = (15_000, 32_000)
_QUEUE = {
    "OTEL_BLRP_MAX_QUEUE_SIZE": "65536",
    "OTEL_BLRP_SCHEDULE_DELAY": "100",
    "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.1",
}


class Variant(NamedTuple):
    """A way to run a program: by which door the events go, and whether there is a spool."""

    door: str
    has_spool: bool

    def variables(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that it takes."""
        spool = {"OTEL_EXPORTER_SEGMENT_SPOOL": str(folder / f"spool-{self.door}")} if self.has_spool else {}
        return {"DOOR": self.door} | _QUEUE | spool


with_and_without_spool = pytest.mark.parametrize("has_spool", [False, True], ids=["memory", "spool"])


def at_both_doors(attempt: Callable[[Variant], None], *, has_spool: bool) -> None:
    """Do something once for each door, at the same time: nearly all of it is waiting."""
    with ThreadPoolExecutor(len(DOORS)) as pool:
        list(pool.map(attempt, [Variant(door, has_spool) for door in DOORS]))


class Site:
    """An address whose endpoint comes and goes; between two endpoints, connections are refused.

    Args:
        behaviour: The faults of the first endpoint.
        is_open: Whether there is an endpoint from the beginning.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, is_open: bool = True) -> None:
        self._endpoints: list[LocalEndpoint] = []
        self._reserved, self.port = _reserve()
        self.url = f"http://127.0.0.1:{self.port}"
        if is_open:
            self.open(behaviour)

    def open(self, behaviour: Behaviour | None = None) -> LocalEndpoint:
        """Begin an endpoint."""
        endpoint = LocalEndpoint(port=self.port)
        endpoint.behave(behaviour)
        self._endpoints.append(endpoint)
        return endpoint

    def behave(self, behaviour: Behaviour | None) -> None:
        """Have faults from now on."""
        self._endpoints[-1].behave(behaviour)

    def close(self) -> None:
        """End the endpoint and all of its connections."""
        for endpoint in self._endpoints:
            endpoint.close()

    @property
    def requests(self) -> list[RequestFacts]:
        """All requests, in the order of their arrival."""
        return list(itertools.chain.from_iterable(endpoint.requests for endpoint in self._endpoints))

    @property
    def events(self) -> Iterator[tuple[Received, RequestFacts]]:
        """All events that were taken in, repeats included, with their requests."""
        for endpoint in self._endpoints:
            requests = {facts.number: facts for facts in endpoint.requests}
            for event in endpoint.received.after(0, 0):
                yield event, requests[event.request]

    @property
    def numbers(self) -> set[int]:
        """The numbers of the events that were taken in."""
        return {event.message["properties"]["number"] for event, _ in self.events}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
        self._reserved.close()


class Outcome(NamedTuple):
    """What became of the events that a program emitted.

    Attributes:
        accepted: Events that the receiver took in, repeats not counted.
        lost: Events whose ``emit()`` returned, and that did not arrive.
        doubled: Repeats that were taken in, by ``messageId``.
        uncalled_for: Those of the repeats that came though the first had been answered.
        requests: Requests that reached the receiver.
    """

    accepted: int
    lost: int
    doubled: int
    uncalled_for: int
    requests: int


class Ended(NamedTuple):
    """A program that has ended: what it said of itself."""

    returned: int
    settled: bool
    stats: dict[str, Any]
    errors: str


def run_program(url: str, folder: Path, variant: Variant, *arguments: str, **variables: str) -> Ended:
    """Run ``numbered.py`` to its end."""
    env = environment(url, **(variant.variables(folder) | variables))
    return _ended(run("numbered.py", *arguments, env=env, seconds=300))


def _ended(ended: "subprocess.CompletedProcess[str]") -> Ended:
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    return Ended(said["returned"], said["settled"], said["stats"], ended.stderr)


def run_trial(
    name: str, site: Site, folder: Path, variant: Variant, count: int, rate: float, **variables: str
) -> tuple[Ended, Outcome]:
    """Run a program that emits, count what has arrived from it, and note the figures."""
    ended = run_program(site.url, folder, variant, str(count), str(rate), **variables)
    outcome = judge(site, ended.returned)
    # What is in the dead letter is not lost.
    outcome = outcome._replace(lost=outcome.lost - ended.stats["dead_lettered"])
    record(name, variant, outcome, dead_lettered=ended.stats["dead_lettered"])
    return ended, outcome


def judge(site: Site, returned: int) -> Outcome:
    """Count what became of events numbered from zero."""
    times: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    numbers = set()
    for event, request in site.events:
        times[event.message_id] += 1
        answered[event.message_id] += request.status is not None
        numbers.add(event.message["properties"]["number"])
    return Outcome(
        accepted=len(times),
        lost=len(set(range(returned)) - numbers),
        doubled=times.total() - len(times),
        uncalled_for=sum(count - 1 for count in answered.values() if count > 1),
        requests=len(site.requests),
    )


def record(name: str, variant: Variant, outcome: Outcome, **more: object) -> None:
    """Note the figures of a trial."""
    note({"case": name, "door": variant.door, "spool": variant.has_spool, **outcome._asdict(), **more})


def note(line: dict[str, object]) -> None:
    """Add a line of figures to the file that the environment names."""
    if path := os.environ.get("FAULT_FIGURES"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def arrived(site: Site) -> Numbered:
    """Return the numbered events that have arrived, by where they are from, repeats included."""
    found = (event.message["properties"] for event, _ in site.events)
    return Counter((properties["from"], properties["number"]) for properties in found)


def not_delivered(text: str) -> int:
    """Return how many events processes said to have left undelivered."""
    return sum(map(int, re.findall(r"shut down with (\d+) event\(s\) not delivered", text)))


def deliver_the_rest(site: Site, folder: Path, variant: Variant, events: int) -> None:
    """Run a process that emits nothing, where there is a spool, until so many events have arrived."""
    expected = events - len(arrived(site))
    if variant.has_spool:
        run_program(site.url, folder, variant, "0", "0", SETTLE="20", EXPECT=str(max(0, expected)))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def at_first(actions: Iterable[Action]) -> Behaviour:
    """Return a behaviour that has these faults, one for each request, and none after them."""
    left = iter(actions)

    def behaviour(_: IncomingRequest) -> Action:
        return next(left, None)

    return behaviour


def always(action: Action) -> Behaviour:
    """Return a behaviour that does the same with every request."""
    return lambda _: action


@contextmanager
def free_url() -> Iterator[str]:
    """Give an address at which connections are refused, until the end of the block."""
    with Site(is_open=False) as site:
        yield site.url


def _reserve() -> tuple[socket.socket, int]:
    """Take a port without listening on it: connections are refused, and nobody else is given it."""
    while True:
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError), socket.socket() as alone:
            port = random.randrange(*_PORTS)
            # Without the option: fails where anybody has the port, another test's reservation included.
            alone.bind(("127.0.0.1", port))
            alone.close()
            taken.bind(("127.0.0.1", port))
            return taken, port
        taken.close()
