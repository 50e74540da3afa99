"""Who the visitor of one request is."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from otel_segment._log import say_once
from otel_segment.emit import Visitor, id_text, plain_map
from otel_segment.instrumentation import _segment_cookies, _visitor_cookie
from otel_segment.instrumentation._browser import language_of
from otel_segment.instrumentation._callbacks import call, call_async
from otel_segment.instrumentation._framework import Framework
from otel_segment.instrumentation._location import full_url
from otel_segment.instrumentation._privacy_signals import objects
from otel_segment.instrumentation._pseudonym import pseudonym
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._trust import Seen
from otel_segment.instrumentation._user import User, user_of
from otel_segment.instrumentation._web import Web

__all__ = ["Who"]

_LONGEST_URL = 4_096
_NOBODY = Visitor()
_UNASKED: Any = object()


class Who:
    """Finds the visitor of a request when somebody asks, and again when somebody else has signed in.

    Args:
        request: The request.
        web: The settings, made ready.
        framework: Knows who is signed in.
        handed_on: Whom a trusted caller says it to be, which counts before all else: nobody at all, without ids.
    """

    def __init__(self, request: Request, web: Web, framework: Framework, handed_on: Visitor | None = None) -> None:
        self.request = request
        self._handed_on = handed_on
        self.framework = framework
        self._web = web
        self._answer: Any = _UNASKED
        self._consent: Any = _UNASKED
        self._surroundings: Visitor | None = None
        self._anonymous_id: str | None = _UNASKED
        self._visitor: Visitor | None = None
        self._signed_in: object = None
        self._new_cookie: str | None = None
        self._takes_no_cookie = False
        self._has_told = False
        self._client: Seen | None = None

    def visitor(self) -> Visitor:
        """Return the visitor as of now; the same one as long as nothing has changed. Never raises."""
        try:
            signed_in = self._user()
            if self._visitor is None or signed_in != self._signed_in:
                self._visitor, self._signed_in = self._find(signed_in), signed_in
        except Exception as error:  # noqa: BLE001 - frameworks and requests are foreign
            say_once("web visitor", logging.ERROR, "the visitor of a request is not known: %s", type(error).__name__)
            return self._visitor or _NOBODY
        return self._visitor

    def visitor_of_event(self) -> Visitor:
        """Return the visitor for what the application emits, who goes by the same anonymous id from then on."""
        self._has_told = True
        return self.visitor()

    def objects(self, *, may_ask: bool = True) -> bool:
        """Tell whether the visitor asks not to be followed, and has not agreed to it all the same.

        Args:
            may_ask: Whether it is time to ask ``get_consent``. Nobody objects whom that would have to tell, and cannot.
        """
        settings, handed_on = self._web.settings, self._handed_on
        if handed_on is not None and handed_on.user_id is None and handed_on.anonymous_id is None:
            return True
        if not objects(self.request, dnt=settings.respect_dnt, gpc=settings.respect_gpc):
            return False
        if not may_ask and settings.get_consent is not None and self._consent is _UNASKED:
            return False
        return not self._agrees(unasked=False)

    @property
    def lacks_user(self) -> bool:
        """Whether ``get_user`` is yet to be asked."""
        return self._answer is _UNASKED and self._handed_on is None and self._web.settings.get_user is not None

    @property
    def is_https(self) -> bool:
        """Whether the person's connection is a secure one, as far as it is known."""
        return self.seen().scheme == "https"

    async def ask(self, threaded: Callable[..., Any] | None = None) -> None:
        """Ask ``get_user``, in this event loop, if nobody has yet.

        Args:
            threaded: Makes of a plain function one that can be awaited.
        """
        settings = self._web.settings
        callback = settings.get_user
        if callback is not None and self._answer is _UNASKED and self._handed_on is None:
            self._answer = None
            request = self.framework.request(self.request.native)
            function = callback if threaded is None or self._web.awaits_user else threaded(callback)
            self._answer = await call_async(function, "get_user", request, settings.get_user_timeout)

    def forgo_user(self) -> None:
        """Do without ``get_user``, for a request that the application never sees."""
        self._answer = None

    def cookie_change(self) -> str | None:
        """Return what the answer, which begins, has to do about the cookie.

        Returns:
            The id to set it to; the empty text to take it away, where the visitor has refused it; None for nothing.
        """
        if self._new_cookie is None:
            # Who is asked for when the headers are gone can be given none.
            self._takes_no_cookie = True
            return "" if self._has_refused_cookie() else None
        return self._new_cookie

    def forgo_cookie(self) -> bool:
        """Do without a new cookie, which the answer cannot carry: the visitor is who he is without.

        Returns:
            Whether that is so; not where events have the new id already, by which the visitor goes to the end.
        """
        if self._new_cookie is not None and not self._has_told:
            self._takes_no_cookie = True
            self._new_cookie = None
            self._anonymous_id = _UNASKED
            self._visitor = None
        return self._new_cookie is None

    def seen(self) -> Seen:
        """Return what the request looks like from in front of all trusted proxies."""
        if self._client is None:
            self._client = self._web.trust.client(self.request)
        return self._client

    def _call(self, name: str) -> Any:
        callback = getattr(self._web.settings, name)
        request = self.framework.request(self.request.native)
        return call(callback, name, request, self._web.settings.get_user_timeout)

    def _user(self) -> object:
        """Return who is signed in: an id, or a User."""
        if self._handed_on is not None:
            return None
        get_user = self._web.settings.get_user
        if get_user is None:
            found = self._signed_in_there()
            if found is None and self._web.reads_segment:
                return _segment_cookies.user_id(self.request.cookies)
            return found
        if self._answer is _UNASKED:
            # Whoever asks while the callback itself emits gets nobody.
            self._answer = None
            if not self.objects():
                self._answer = self._call("get_user")
        return self._answer

    def _signed_in_there(self) -> object:
        try:
            return self.framework.user_id(self.request.native)
        except Exception as error:  # noqa: BLE001 - what a user object does is the application's
            say_once("web user", logging.ERROR, "the framework's user has no id to give: %s", type(error).__name__)
            return None

    def _find(self, signed_in: object) -> Visitor:
        if self.objects():
            return _NOBODY
        if self._surroundings is None:
            self._surroundings = self._around()
        if self._handed_on is not None:
            # Where the request is from, and with what it was sent, is the calling service's.
            return self._handed_on._replace(consent=self._plain_consent(), page=self._surroundings.page)
        user = _read_user(signed_in)
        person: dict[str, Any] = {"anonymous_id": self._anonymous()}
        if user is not None:
            person["user_id"] = id_text(user.id)
            if user.traits:
                person["traits"] = plain_map(user.traits)
            if user.group_id is not None:
                person["group_id"] = id_text(user.group_id)
        if (session := self._session()) is not None:
            person["session_id"] = session
        if (consent := self._plain_consent()) is not None:
            person["consent"] = consent
        return self._surroundings._replace(**person)

    def _around(self) -> Visitor:
        request = self.request
        seen = self.seen()
        path, query = request.path, request.query
        page = {"path": path}
        if url := full_url(seen.scheme, seen.host, path, query):
            page["url"] = url[:_LONGEST_URL]
        if query:
            page["search"] = query
        if referrer := request.header("referer"):
            page["referrer"] = referrer[:2_048]
        return Visitor(
            page=page,  # type: ignore[arg-type]
            ip=seen.address or None,
            user_agent=request.header("user-agent")[:1_024] or None,
            locale=language_of(request.header("accept-language")),
        )

    def _anonymous(self) -> str | None:
        if self._anonymous_id is _UNASKED:
            self._anonymous_id = self._find_anonymous()
        return self._anonymous_id

    def _find_anonymous(self) -> str | None:
        settings = self._web.settings
        if settings.get_anonymous_id is not None and (found := id_text(self._call("get_anonymous_id"))) is not None:
            return found
        for source in settings.anonymous_id:
            if (found := self._from(source)) is not None:
                return found
        return None

    def _from(self, source: str) -> str | None:
        if source == "pseudonym":
            seen = self.seen()
            salt = self._web.salts.today(time.time())
            return pseudonym(salt, seen.address, self.request.header("user-agent"), seen.host)
        if source == "segment":
            return _segment_cookies.anonymous_id(self.request.cookies)
        if not self._agrees(unasked=True):
            return None
        known = self._web.cookie.read(self.request.cookies)
        if known is None and not self._takes_no_cookie:
            known = self._new_cookie = _visitor_cookie.new_id()
        return known

    def _has_refused_cookie(self) -> bool:
        web = self._web
        if not web.asks_consent or self._handed_on is not None or web.cookie.name not in self.request.header("cookie"):
            return False
        consent = self._given_consent() if web.cookie.name in self.request.cookies else None
        return consent is not None and consent.get(web.category) is False

    def _session(self) -> str | None:
        settings = self._web.settings
        if settings.get_session_id is not None:
            return id_text(self._call("get_session_id"))
        if settings.session_cookie is None:
            return None
        return self.request.cookies.get(settings.session_cookie, "")[:256] or None

    def _plain_consent(self) -> Any:
        consent = self._given_consent()
        return None if consent is None else plain_map(consent)

    def _given_consent(self) -> Mapping[str, object] | None:
        if self._consent is _UNASKED:
            self._consent = self._find_consent()
        found: Mapping[str, object] | None = self._consent
        return found

    def _find_consent(self) -> Mapping[str, object] | None:
        if self._handed_on is not None and self._handed_on.consent is not None:
            return self._handed_on.consent
        settings = self._web.settings
        if settings.get_consent is not None:
            given = self._call("get_consent")
            if given is None or isinstance(given, Mapping):
                return given
            say_once("web consent", logging.ERROR, "get_consent returned a %s; return a map", type(given).__name__)
            return None
        return None if settings.consent_cookie is None else settings.consent_cookie(self.request.cookies)

    def _agrees(self, *, unasked: bool) -> bool:
        """Tell whether the visitor has agreed; ``unasked`` where the application asks nobody."""
        if not self._web.asks_consent:
            return unasked
        consent = self._given_consent()
        return consent is not None and consent.get(self._web.category) is True


def _read_user(answer: object) -> User | None:
    try:
        return user_of(answer)
    except TypeError as error:
        say_once("web user", logging.ERROR, "%s", error)
        return None
