"""The questions that the page asks, answered in JSON."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import msgspec
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from otel_segment.inspector._body import BodyError
from otel_segment.inspector._rules import Problem
from otel_segment.inspector.live._archive import Archive
from otel_segment.inspector.live._database import ArchiveError
from otel_segment.inspector.live._fault_text import FaultError
from otel_segment.inspector.live._faults import Faults
from otel_segment.inspector.live._feed import Feed, FullFeedError
from otel_segment.inspector.live._filter import STATES, Filter
from otel_segment.inspector.live._http import BodyReader
from otel_segment.inspector.live._links import LINKS
from otel_segment.inspector.live._reader import Found
from otel_segment.inspector.live._row import Row

__all__ = ["Api"]

_LIMIT: Final = 200
_MAX_LIMIT: Final = 500
_MAX_TEXT: Final = 1_000
_MAX_VALUES: Final = 50
_MAX_NUMBER: Final = 1 << 62
_NO_STORE: Final = {"Cache-Control": "no-store"}


class _WantedFaults(msgspec.Struct):
    faults: str


_decode_faults = msgspec.json.Decoder(_WantedFaults).decode


class BadQuestionError(Exception):
    """A question that cannot be answered; says why."""


class Api:
    """The paths under ``/api``."""

    def __init__(self, archive: Archive, feed: Feed, faults: Faults, summary: Callable[[], dict[str, Any]]) -> None:
        self._archive = archive
        self._faults = faults
        self._feed = feed
        self._summary = summary
        self._bodies = BodyReader()
        self.routes = [
            Route("/api/events", self._events, methods=["GET"]),
            Route("/api/events", self._clear, methods=["DELETE"]),
            Route("/api/events/{number}", self._event, methods=["GET"]),
            Route("/api/summary", self._summarise, methods=["GET"]),
            Route("/api/faults", self._switch_faults, methods=["PUT"]),
            Route("/api/live", self._live, methods=["GET"]),
            Route("/api/export.jsonl", self._export, methods=["GET"]),
        ]

    async def _events(self, request: Request) -> Response:
        try:
            wanted, limit = _filter(request), min(_number(request, "limit", _LIMIT) or 1, _MAX_LIMIT)
        except BadQuestionError as error:
            return _json({"message": str(error)}, 400)
        rows, more = await run_in_threadpool(self._archive.reader.page, wanted, limit)
        return _json({"events": rows, "more": more})

    async def _clear(self, _: Request) -> Response:
        try:
            await run_in_threadpool(self._archive.clear)
        except ArchiveError as error:
            return _json({"message": str(error)}, 503)
        return Response(status_code=204)

    async def _event(self, request: Request) -> Response:
        digits = request.path_params["number"]
        found = await run_in_threadpool(self._archive.reader.event, _bounded(digits)) if _is_number(digits) else None
        return _json(_details(found)) if found else _json({"message": "There is no such event any more."}, 404)

    async def _summarise(self, _: Request) -> Response:
        return _json(self._summary())

    async def _switch_faults(self, request: Request) -> Response:
        try:
            body = await self._bodies.read(request.receive, request.headers)
            self._faults.switch(_decode_faults(body or b"").faults)
        except BodyError as error:
            return _json({"message": error.sentence}, error.status)
        except FaultError as error:
            return _json({"message": str(error)}, 400)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return _json({"message": 'The body has to be like {"faults": "status=503,share=0.1"}.'}, 400)
        return _json(self._summary())

    async def _live(self, request: Request) -> Response:
        try:
            after = _number(request, "after", None)
        except BadQuestionError as error:
            return _json({"message": str(error)}, 400)
        resumed = request.headers.get("last-event-id", "")
        if _is_number(resumed):
            after = _bounded(resumed)
        frames = self._feed.follow(lambda: self._catch_up(after))
        try:
            first = await anext(frames)
        except FullFeedError:
            return _json({"message": "There are as many viewers as can be."}, 503)
        return StreamingResponse(_chain(first, frames), media_type="text/event-stream", headers=_NO_STORE)

    async def _export(self, request: Request) -> Response:
        try:
            wanted = _filter(request)
        except BadQuestionError as error:
            return _json({"message": str(error)}, 400)
        lines = iterate_in_threadpool(_lines(self._archive, wanted))
        headers = {"Content-Disposition": 'attachment; filename="events.jsonl"', **_NO_STORE}
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)

    def _catch_up(self, after: int | None) -> tuple[list[Row], int, int]:
        last = self._archive.last
        if after is None or after >= last:
            return [], 0, last
        rows, _ = self._archive.reader.page(Filter(after=after, before=last + 1), _MAX_LIMIT)
        first = rows[-1].number if rows else last + 1
        return rows[::-1], first - after - 1, last


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in rest:
        yield each


def _details(found: Found) -> dict[str, Any]:
    problems = [each for each in Problem if str(each) in found.row.problems]
    return {
        **msgspec.structs.asdict(found.row),
        "raw": found.raw,
        "request": found.request,
        "details": [
            {"code": str(each), "outcome": each.outcome.value, "sentence": each.sentence, "link": LINKS[each]}
            for each in problems
        ],
        "forwarded": {"status": found.forwarded[0], "body": found.forwarded[1]} if found.forwarded else None,
    }


def _lines(archive: Archive, wanted: Filter) -> Iterator[bytes]:
    for raws in archive.reader.raws(wanted):
        yield b"".join(_line(raw) for raw in raws)


def _line(raw: str) -> bytes:
    text = raw.encode()
    # Between its texts, JSON may have line breaks.
    return (msgspec.json.format(text, indent=-1) if b"\n" in text or b"\r" in text else text) + b"\n"


def _filter(request: Request) -> Filter:
    query = request.query_params
    states = tuple(dict.fromkeys(query.getlist("state")))
    unknown = set(states) - set(STATES)
    if unknown:
        msg = f"state={min(unknown)}: the states are {', '.join(STATES)}"
        raise BadQuestionError(msg)
    return Filter(
        types=tuple(dict.fromkeys(query.getlist("type")))[:_MAX_VALUES],
        states=states,
        name=query.get("name", "")[:_MAX_TEXT],
        person=query.get("person", ""),
        text=query.get("q", "")[:_MAX_TEXT],
        before=_number(request, "before", 0) or 0,
        after=_number(request, "after", 0) or 0,
    )


def _number(request: Request, name: str, default: int | None) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not _is_number(text):
        msg = f"{name}={text}: a number is needed"
        raise BadQuestionError(msg)
    return _bounded(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _bounded(digits: str) -> int:
    return min(int(digits[:20]), _MAX_NUMBER)


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json", headers=_NO_STORE)
