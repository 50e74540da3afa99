"""One request, from its beginning to the event that it makes."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, get_current_span, set_span_in_context

from otel_segment._log import say, say_once
from otel_segment.emit import Presence
from otel_segment.instrumentation import _page_view
from otel_segment.instrumentation._announcement import announce_page, announce_request
from otel_segment.instrumentation._answer import Answer
from otel_segment.instrumentation._bots import is_bot
from otel_segment.instrumentation._callers import take_over, without_ours
from otel_segment.instrumentation._framework import BARE, Framework
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._title import MOST_READ, title_of
from otel_segment.instrumentation._visitor_cookie import may_be_set
from otel_segment.instrumentation._web import Web
from otel_segment.instrumentation._who import Who
from otel_segment.semconv import ANALYTICS_PAGE_SENT

__all__ = ["KEY", "Visit"]

KEY = "otel_segment.visit"
"""Where a request's visit is kept, in its environment or scope: who finds one there leaves the request to it."""


class Visit:
    """What a middleware knows of one request.

    Nothing in here raises into the application.

    Args:
        request: The request.
        web: The settings, made ready.
        framework: The framework that serves it.

    Attributes:
        presence: What the application's code is to run in.
        naming: The header that names the page to its browser, once the answer has begun; mostly None.
    """

    def __init__(self, request: Request, web: Web, framework: Framework) -> None:
        self._request = request
        self._web = web
        handed_on, had_any = take_over(request, web.callers, web.trust.client)
        self._who = who = Who(request, web, framework, handed_on)
        self._started = time.perf_counter_ns()
        self.naming: tuple[str, str] | None = None
        self._page: Answer | None = None
        self._call: Answer | None = None
        self._span: Span | None = None
        self._answers = 0
        self.note_trace()
        self.presence = Presence(who.visitor_of_event, web.hosts, without_ours if had_any else None, who.withholds)

    def adopt(self, framework: Framework, native: Any) -> None:
        """Let a framework inside say what it knows of the request."""
        self._who.framework = framework
        self._request.native = native
        self.note_trace()

    @contextmanager
    def lent(self, framework: Framework, inner: Request) -> Iterator[None]:
        """Let a framework inside say what it knows, while it serves what it is asked.

        A framework may ask another one for something else on the way, with the variables of its own request. That is
        over when it has its answer, and then the request is its own again. Else the request stays with the inner one,
        whose answer may be passed on later.

        Args:
            framework: The inner framework.
            inner: What it is asked.
        """
        before, native, answers = self._who.framework, self._request.native, self._answers
        self.adopt(framework, inner.native)
        try:
            yield
        finally:
            if before is not BARE and self._answers == answers and inner.path != self._request.path:
                self.adopt(before, native)

    def note_trace(self) -> None:
        """Remember the server's span, if it is current and none is known: who traces may stand outside or inside.

        From here on the span says that it is for this code to make a page of the request, or none.
        """
        if self._span is None:
            span = get_current_span()
            # One that is not sampled says no kind; its trace goes on all the same.
            if span is not INVALID_SPAN and getattr(span, "kind", SpanKind.SERVER) is SpanKind.SERVER:
                self._span = span
                if span.is_recording():
                    span.set_attribute(ANALYTICS_PAGE_SENT, False)

    @property
    def takes_title(self) -> bool:
        """Whether the event waits for the beginning of the body."""
        return self._page is not None and self._page.takes_title

    @property
    def lacks_user(self) -> bool:
        """Whether ``get_user`` is yet to be asked, or may say something else by now."""
        return self._who.lacks_user

    @property
    def awaits(self) -> bool:
        """Whether there are callbacks that are yet to be awaited."""
        return self._who.awaits

    async def ask_user(self, threaded: Callable[..., Any] | None = None) -> None:
        """Ask the asynchronous callbacks in this event loop, once for a request; not where nothing is told of it.

        Args:
            threaded: Makes a plain ``get_user`` one that is awaited, and asked each time.
        """
        is_due = self.awaits or (threaded is not None and self.lacks_user)
        if is_due and not self._is_left_alone():
            await self._who.ask(threaded)

    def makes_event(self, status: int, headers: "list[tuple[str, str]]") -> bool:
        """Tell whether an answer that begins makes an event, if it turns out to be somebody's.

        Args:
            status: Its status.
            headers: Its headers.
        """
        web = self._web
        try:
            if web.is_api(self._request.path):
                return web.settings.track_api and not self._is_unwanted()
            return self._is_page(status, _telling(headers))
        except Exception as error:  # noqa: BLE001 - never the application's problem
            _say(error)
            return False

    def answered(self, status: int, headers: "list[tuple[str, str]]") -> str | None:
        """Take note of an answer that begins.

        Args:
            status: Its status.
            headers: Its headers.

        Returns:
            The ``Set-Cookie`` header to add; mostly None.
        """
        try:
            return self._answered(status, headers)
        except Exception as error:  # noqa: BLE001 - never the application's problem
            _say(error)
            return None

    def tell(self, body: bytes = b"") -> None:
        """Emit the event that the answer makes, if it makes one; a second time nothing.

        Args:
            body: The beginning of the body, where the title is to be taken from it.
        """
        page, called = self._page, self._call
        if page is None and called is None:
            return
        self._page = self._call = None
        try:
            if page is not None:
                title = title_of(bytes(body[:MOST_READ]), page.charset) if body and page.takes_title else None
                announce_page(self._who, self._web, page, title)
            elif called is not None:
                announce_request(self._who, called, time.perf_counter_ns() - self._started)
        except Exception as error:  # noqa: BLE001 - never the application's problem
            _say(error)

    def _answered(self, status: int, headers: "list[tuple[str, str]]") -> str | None:
        web, who = self._web, self._who
        self._answers += 1
        self.note_trace()
        self._note(status, headers)
        page = self._page
        if page is not None:
            page.visitor = who.visitor()
        elif web.makes_cookies and self._call is not None:
            who.visitor()
        change = who.cookie_change() if web.makes_cookies else None
        is_named = page is not None and web.browser is not None
        is_for_one = (change is not None or is_named) and may_be_set(headers, status)
        if page is not None and web.browser is not None:
            page.uid, self.naming = web.browser.name() if is_for_one else (None, None)
        if change is not None and is_for_one:
            return web.cookie.header_value(change, is_https=who.is_https)
        if change:
            self._do_without_cookie()
        return None

    def _note(self, status: int, headers: "list[tuple[str, str]]") -> None:
        """Take note of the event that an answer makes, if it makes one."""
        request, web = self._request, self._web
        self._page = self._call = self.naming = None
        if web.is_api(request.path):
            if web.settings.track_api and not self._is_unwanted():
                self._call = Answer(status, self._context(), self._route(), "API Called", "", takes_title=False)
            return
        said = _telling(headers)
        if not self._is_page(status, said):
            return
        route = self._route()
        name = route if route and web.settings.page_name == "route" else request.path
        takes_title = (
            web.settings.capture_title and "content-length" in said and not said.get("content-encoding", "").strip()
        )
        charset = said.get("content-type", "").partition("charset=")[2]
        self._page = Answer(status, self._context(), route, name, charset, takes_title=takes_title)
        if self._span is not None and self._span.is_recording():
            self._span.set_attribute(ANALYTICS_PAGE_SENT, True)

    def _do_without_cookie(self) -> None:
        """Find another id than the one that the answer cannot carry, unless an event has it already."""
        if not self._who.forgo_cookie():
            say_once("web cookie of events", logging.WARNING, _NO_COOKIE_OF_EVENTS)
            return
        visitor = self._who.visitor(is_asked=True)
        if self._page is not None:
            self._page.visitor = visitor
        if visitor.user_id is None and visitor.anonymous_id is None:
            say_once("web cookie", logging.WARNING, _NO_COOKIE, ",".join(self._web.settings.anonymous_id))

    def _is_page(self, status: int, said: "dict[str, str]") -> bool:
        kind, disposition = said.get("content-type", ""), said.get("content-disposition", "")
        return not (_page_view.refusal(self._request, status, kind, disposition) or self._is_unwanted())

    def _is_left_alone(self) -> bool:
        """Tell whether nothing is told of this request, as far as that is known before it is answered."""
        try:
            # Without a framework nobody has prepared yet what the application may go by to know of a consent.
            may_ask = self._who.framework is not BARE and "get_consent" not in self._web.awaited
            return self._is_excluded() or self._who.objects(may_ask=may_ask)
        except Exception as error:  # noqa: BLE001 - never the application's problem
            _say(error)
            return True

    def _is_excluded(self) -> bool:
        seen = self._who.seen()
        return self._web.is_excluded(f"{seen.scheme}://{seen.host}{self._request.path}")

    def _is_unwanted(self) -> bool:
        web, request = self._web, self._request
        return (
            self._is_excluded()
            or (web.settings.bots == "exclude" and is_bot(request.header("user-agent")))
            or self._who.objects()
        )

    def _context(self) -> Context:
        """Return the context of the event: the current one, with the server's span and not one of sending."""
        context = get_current()
        if self._span is None or self._span is get_current_span(context):
            return context
        return set_span_in_context(self._span, context)

    def _route(self) -> str | None:
        return self._who.framework.route(self._request.native)


def _telling(headers: "list[tuple[str, str]]") -> dict[str, str]:
    return {name.lower(): value for name, value in headers if name.lower() in _TELLING}


_NO_COOKIE = (
    "anonymous_id is %s, and an answer that caches may keep (ETag, Cache-Control) cannot carry the cookie: it has "
    "no visitor and makes no event. Set anonymous_id to cookie,pseudonym, or answer with Cache-Control: private"
)
_NO_COOKIE_OF_EVENTS = (
    "by anonymous_id, events of a request have the id of a new cookie, which its answer cannot carry, as caches may "
    "keep it (ETag, Cache-Control): the next one will have another id. Answer with Cache-Control: private there"
)
_TELLING = frozenset(("content-type", "content-disposition", "content-length", "content-encoding"))


def _say(error: Exception) -> None:
    say("web", logging.ERROR, "a request could not be made an event: %s", type(error).__name__)
