"""The Segment-compatible side of the server: requests in, judged, kept, answered."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from otel_segment.inspector._behaviour import Answer, Reset
from otel_segment.inspector._body import BodyError, unpack_body
from otel_segment.inspector._courtesy import courtesy, meant_path
from otel_segment.inspector._intake import BATCH_PATHS, SINGLE_PATHS, Event, Judgement, judge
from otel_segment.inspector._replies import SUCCESS, failure
from otel_segment.inspector._rules import Outcome, Problem
from otel_segment.inspector.live._archive import Archive
from otel_segment.inspector.live._database import ArchiveError
from otel_segment.inspector.live._faults import Faults
from otel_segment.inspector.live._forwarding import Forwarder
from otel_segment.inspector.live._http import BodyReader, Reply, kept
from otel_segment.inspector.live._protocol import CONNECTION, reset
from otel_segment.inspector.live._row import Request, shortened

__all__ = ["INTAKE_PATHS", "Intake"]

INTAKE_PATHS: Final = BATCH_PATHS | SINGLE_PATHS.keys()
"""The paths that take events."""

_LARGE_BYTES: Final = 262_144
_LARGE_PACKED_BYTES: Final = 32_768
_SHOWN_BYTES: Final = 65_536
_WRITE_KEY: Final = re.compile(rb'("writeKey"\s*:\s*")[^"]*')


class Intake:
    """Takes in what is posted; an ASGI application."""

    def __init__(
        self, archive: Archive, faults: Faults, forwarder: Forwarder | None = None, write_key: str | None = None
    ) -> None:
        """Make the application.

        Args:
            archive: Where everything goes.
            faults: What goes wrong on demand.
            forwarder: What passes on all that is accepted; ``None`` for nothing.
            write_key: The only key to let in; ``None`` lets in all.
        """
        self._archive = archive
        self._faults = faults
        self._forwarder = forwarder
        self._write_key = write_key
        self._bodies = BodyReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = _headers(scope)
        reply = Reply(receive, send, headers)
        polite = courtesy(scope["method"], scope["path"], headers)
        if polite:
            await reply(polite.status, polite.body, polite.headers)
        elif scope["path"] not in INTAKE_PATHS:
            meant = meant_path(scope["path"])
            hint = f"; was {meant} meant?" if meant else "."
            await reply(HTTPStatus.NOT_FOUND, failure(f"There is nothing at this path{hint}"), unread=True)
        elif scope["method"] != "POST":
            sentence = failure("This path takes POST alone.")
            await reply(HTTPStatus.METHOD_NOT_ALLOWED, sentence, {"Allow": "POST, OPTIONS"}, unread=True)
        else:
            await self._post(scope, _Posted(scope, headers), receive, reply)

    async def _post(self, scope: Scope, posted: "_Posted", receive: Receive, reply: Reply) -> None:
        plan = self._faults.plan()
        if plan.wait:
            await asyncio.sleep(plan.wait)
        if isinstance(plan.action, Reset):
            with suppress(ArchiveError):
                self._keep(posted, None, [], Judgement())
            await reset(scope[CONNECTION], receive)
            return
        try:
            body = await self._bodies.read(receive, posted.headers)
        except BodyError as error:
            await self._spoilt(posted, error, reply, unread=True)
            return
        if body is not None:
            posted.size, posted.arrived = len(body), time.time_ns() // 1_000_000
            await self._answer(posted, body, plan.action, reply)

    async def _answer(self, posted: "_Posted", body: bytes, instead: Answer | None, reply: Reply) -> None:
        encoding = posted.headers.get("content-encoding", "")
        try:
            # A large body would hold up everybody else, and a small one may be large unpacked.
            if encoding and len(body) > _LARGE_PACKED_BYTES:
                unpacked = await run_in_threadpool(unpack_body, body, encoding)
            else:
                unpacked = unpack_body(body, encoding)
            if len(unpacked) > _LARGE_BYTES:
                answer = await run_in_threadpool(self._take, posted, body, unpacked, instead)
            else:
                answer = self._take(posted, body, unpacked, instead)
        except BodyError as error:
            await self._spoilt(posted, error, reply)
        except ArchiveError as error:
            await reply(HTTPStatus.SERVICE_UNAVAILABLE, failure(str(error)))
        else:
            text = answer.body.encode() if isinstance(answer.body, str) else answer.body
            await reply(answer.status, text, answer.headers)

    def _take(self, posted: "_Posted", body: bytes, unpacked: bytes, instead: Answer | None) -> Answer:
        judgement = judge(posted.path, posted.headers, unpacked, self._write_key)
        events = judgement.events
        if not events and judgement.reason:
            events = [Event(_WRITE_KEY.sub(rb"\1***", unpacked[:_SHOWN_BYTES]), "", "", ())]
        own = Answer(judgement.status, {}, failure(judgement.reason) if judgement.reason else SUCCESS)
        answer = instead or own
        number = self._keep(posted, answer.status, events, judgement)
        if self._forwarder and answer is own and not judgement.reason:
            self._forwarder.submit(number, posted.path, posted.headers, body)
        return answer

    async def _spoilt(self, posted: "_Posted", error: BodyError, reply: Reply, *, unread: bool = False) -> None:
        judgement = Judgement(error.status, error.sentence, problems=(Problem.UNREADABLE_BODY,))
        with suppress(ArchiveError):
            self._keep(posted, error.status, [Event(b"", "", "", ())], judgement)
        await reply(error.status, failure(error.sentence), unread=unread)

    def _keep(self, posted: "_Posted", status: int | None, events: Sequence[Event], judgement: Judgement) -> int:
        request = Request(
            path=posted.path,
            headers=kept(posted.headers),
            size=posted.size,
            events=len(judgement.events),
            status=None if status is None else int(status),
            arrived=posted.arrived,
            sentAt=shortened(judgement.sent_at or "") or None,
            client=posted.client,
        )
        # What is wrong with a request as a whole, and is silent, its events were told already.
        loud = tuple(problem for problem in judgement.problems if problem.outcome is Outcome.REFUSED)
        return self._archive.take(request, events, loud)


class _Posted:
    """What is known of a request besides its body."""

    __slots__ = ("arrived", "client", "headers", "path", "size")

    def __init__(self, scope: Scope, headers: Mapping[str, str]) -> None:
        self.path: str = scope["path"]
        self.headers = headers
        self.client: str = scope["client"][0] if scope.get("client") else ""
        self.size = 0
        self.arrived = time.time_ns() // 1_000_000


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
