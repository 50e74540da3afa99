"""The fixtures of the tests of delivery."""

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from doors import KEY, BlackHole, Door, MakeDoor, is_foreign

from otel_segment import _log
from otel_segment.delivery import _gate, _health
from otel_segment.inspector import LocalEndpoint


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine or of another test has a say."""
    for name in filter(is_foreign, list(os.environ)):
        monkeypatch.delenv(name)
    _log._last_said.clear()
    _log._unsaid.clear()
    # A port may be given out again, and whoever had it before may have asked for a long wait.
    _gate._gates.clear()
    _health._healths.clear()


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    """An endpoint that takes everything."""
    with LocalEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def black_hole() -> Iterator[BlackHole]:
    """An address that takes connections and never answers."""
    with closing(BlackHole()) as hole:
        yield hole


@pytest.fixture
def make_door(endpoint: LocalEndpoint) -> Iterator[MakeDoor]:
    """Makes doors that send to the endpoint, unless told otherwise."""
    doors: list[Door] = []

    def make(kind: str = "processor", **settings: Any) -> Door:
        usual = {"write_key": KEY, "endpoint": endpoint.url, "flush_interval": 30, "shutdown_timeout": 1}
        doors.append(Door(kind, **(usual | settings)))
        return doors[-1]

    yield make
    endpoint.close()
    for door in doors:
        door.close()
