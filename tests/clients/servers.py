"""The servers that clients send to: one interface over what each has to say of what arrived."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import pytest
import requests
from sent import Sent, plain, steady
from typing_extensions import Self

from otel_segment.inspector import IncomingRequest, LocalEndpoint

__all__ = ["Arrived", "Live", "Server", "Threaded"]

SECONDS = 30


class Arrived(NamedTuple):
    """An event as a server remembers it.

    Attributes:
        problems: What is wrong with it.
        event: The event, without what differs from run to run.
        path: The path that it came on.
        status: The status that it was answered with.
    """

    problems: list[str]
    event: dict[str, Any]
    path: str
    status: int | None


class Server(Protocol):
    """Where clients send to."""

    url: str
    sent: list[Sent] | None
    """The requests, where it can tell all that was in them."""

    def arrived(self, count: int) -> list[Arrived]:
        """Wait for so many events and return all, the oldest first."""


class Threaded:
    """A ``LocalEndpoint``, which also notes whole requests."""

    def __init__(self, endpoint: LocalEndpoint) -> None:
        self.url = endpoint.url
        self.sent: list[Sent] | None = []
        self._endpoint = endpoint
        endpoint.behave(self._note)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        """Start one."""
        with LocalEndpoint() as endpoint:
            yield cls(endpoint)

    def arrived(self, count: int) -> list[Arrived]:
        """Wait for so many events and return all, repeats included."""
        received = self._endpoint.received
        assert received.wait_for(
            lambda found: len(found) >= count and all(facts.status for facts in found.requests), SECONDS
        ), self.sent
        facts = {facts.number: facts for facts in received.requests}
        return [
            Arrived(
                [str(problem) for problem in event.problems],
                plain(event.message),
                facts[event.request].path,
                facts[event.request].status,
            )
            for event in received.after(0, 0)
        ]

    def _note(self, request: IncomingRequest) -> None:
        assert self.sent is not None
        self.sent.append(steady(request.path, request.headers, request.body))


class Live:
    """An inspector, asked as its page asks it."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self.sent: list[Sent] | None = None
        self._session = session

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Self]:
        """Start one."""
        for name in ("starlette", "uvicorn"):
            pytest.importorskip(name)
        from otel_segment.inspector.live import Inspector

        with Inspector() as inspector, requests.Session() as session:
            session.trust_env = False
            yield cls(inspector.url, session)

    def arrived(self, count: int) -> list[Arrived]:
        """Wait for so many events and return all, repeats included."""
        deadline = time.monotonic() + SECONDS
        while len(rows := self._ask("events")["events"]) < count:
            assert time.monotonic() < deadline, rows
            time.sleep(0.05)
        return [self._arrived(row["number"]) for row in reversed(rows)]

    def _arrived(self, number: int) -> Arrived:
        event = self._ask(f"events/{number}")
        message, request = json.loads(event["raw"]), event["request"]
        return Arrived(event["problems"], plain(message), request["path"], request["status"])

    def _ask(self, path: str) -> Any:
        answer = self._session.get(f"{self.url}/api/{path}", timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()
