"""The endpoint that browsers report to: it completes pages, and makes those that scripts have moved on to."""

import re
import time
from http import HTTPStatus
from typing import NamedTuple

from opentelemetry.context import get_current

from otel_segment.emit import Visitor
from otel_segment.instrumentation._announcement import announce_move
from otel_segment.instrumentation._answer import Answer
from otel_segment.instrumentation._bots import is_bot
from otel_segment.instrumentation._browser_part import BrowserPart
from otel_segment.instrumentation._browser_report import MOST_BYTES, Report, report_of
from otel_segment.instrumentation._browser_script import etag, script
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._same_origin import is_same_origin
from otel_segment.instrumentation._web import Web
from otel_segment.instrumentation._who import Who

__all__ = ["Reply", "asked", "refusal", "take"]

_LATE = 5
"""Seconds for which a report may be under way after the page's time is over; whoever is to take it may be late, too."""
_DAY = 86_400
_SMALL = re.compile("[0-9]{1,5}")


class Reply(NamedTuple):
    """What is answered."""

    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes = b""


def asked(request: Request, *, is_script: bool) -> Reply | None:
    """Answer a request by its method; None where it is a report."""
    if not is_script:
        return None if request.method == "POST" else _nothing(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "POST"))
    if request.method not in {"GET", "HEAD"}:
        return _nothing(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD"))
    headers = [
        ("Content-Type", "text/javascript; charset=utf-8"),
        ("Cache-Control", f"public, max-age={_DAY}"),
        ("ETag", etag()),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    if etag() in request.header("if-none-match"):
        return Reply(HTTPStatus.NOT_MODIFIED, headers[1:3])
    headers.append(("Content-Length", str(len(script()))))
    return Reply(HTTPStatus.OK, headers, b"" if request.method == "HEAD" else script())


def refusal(who: Who, web: Web, part: BrowserPart, length: object) -> Reply | None:
    """Return why a report is not even read.

    Args:
        who: Who sends it.
        web: The settings, made ready.
        part: The pages.
        length: Its length, as the request says it; empty where it does not.
    """
    request = who.request
    seen = web.trust.client(request)
    if not is_same_origin(request, seen):
        return _nothing(HTTPStatus.FORBIDDEN)
    if length and not (isinstance(length, str) and _SMALL.fullmatch(length) and int(length) <= MOST_BYTES):
        return _nothing(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    visitor = _visitor(who)
    name = visitor.user_id or visitor.anonymous_id or seen.address
    if not part.limit.allows(name, seen.address, time.monotonic()):
        return _nothing(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", str(part.limit.retry_after)))
    return None


def take(who: Who, web: Web, part: BrowserPart, body: bytes) -> Reply:
    """Take a report; what is wrong with it, or who objects, changes nothing of the answer.

    Args:
        who: Who sends it.
        web: The settings, made ready.
        part: The pages.
        body: Its body, of which one byte more than is allowed is enough.
    """
    if len(body) > MOST_BYTES:
        return _nothing(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    report = report_of(body)
    if report is not None and not _is_unwanted(who, web):
        if report.place is None:
            _complete(part, report, body)
        else:
            _move(who, web, part, report)
    return _nothing(HTTPStatus.NO_CONTENT)


def _complete(part: BrowserPart, report: Report, body: bytes) -> None:
    page = part.ids.read(report.page, time.time())
    if page is None or part.pages.complete(page.uid, report.attributes):
        return
    if page.age <= part.wait + _LATE:
        # Whether another process holds it or has sent it already is not known here.
        part.pages.hand_over(page.uid, body)


def _move(who: Who, web: Web, part: BrowserPart, report: Report) -> None:
    request = who.request
    place = report.place
    if place is None or web.is_api(place.path) or web.is_excluded(f"{request.scheme}://{request.host}{place.path}"):
        return
    page = part.ids.read(report.page, time.time())
    moved = Answer(0, get_current(), None, place.path, "", takes_title=False)
    announce_move(who, web, moved, report, None if page is None else page.uid)


def _visitor(who: Who) -> Visitor:
    who.visitor()
    # A cookie that is due is set with a page: it would be another one with each report.
    who.forgo_cookie()
    return who.visitor(is_asked=True)


def _is_unwanted(who: Who, web: Web) -> bool:
    return who.objects() or (web.settings.bots == "exclude" and is_bot(who.request.header("user-agent")))


def _nothing(status: HTTPStatus, *more: tuple[str, str]) -> Reply:
    length = [] if status is HTTPStatus.NO_CONTENT else [("Content-Length", "0")]
    return Reply(status, [("Cache-Control", "no-store"), *length, *more])
