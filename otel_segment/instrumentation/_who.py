"""Who the visitor of one request is."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from otel_segment._log import say_once
from otel_segment.emit import Visitor, id_text, plain_map
from otel_segment.instrumentation import _segment_cookies, _visitor_cookie
from otel_segment.instrumentation._asked import Asked
from otel_segment.instrumentation._framework import BARE, Framework
from otel_segment.instrumentation._privacy_signals import objects
from otel_segment.instrumentation._pseudonym import pseudonym
from otel_segment.instrumentation._request import Request
from otel_segment.instrumentation._surroundings import surroundings_of
from otel_segment.instrumentation._trust import Seen
from otel_segment.instrumentation._user import User, user_of
from otel_segment.instrumentation._web import CALLBACKS, Web

__all__ = ["Who"]

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
        self._asked = Asked(request, web)
        self._consent: Any = _UNASKED
        self._surroundings: Visitor | None = None
        self._anonymous_id: str | None = _UNASKED
        self._visitor: Visitor | None = None
        self._signed_in: object = None
        self._new_cookie: str | None = None
        self._takes_no_cookie = False
        self._has_told = False
        self._client: Seen | None = None

    def visitor(self, *, is_asked: bool = False) -> Visitor:
        """Return the visitor as of now; the same one as long as nothing has changed. Never raises.

        Args:
            is_asked: Whether somebody has asked just now, so that the user is known.
        """
        try:
            signed_in = self._signed_in if is_asked else self._user()
            if self._visitor is None or signed_in != self._signed_in or not self._asked.is_complete:
                self._asked.is_complete = True
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
        if not may_ask and settings.get_consent is not None and not self._asked.has("get_consent"):
            return False
        return not self._agrees(unasked=False)

    @property
    def lacks_user(self) -> bool:
        """Whether ``get_user`` is yet to be asked, or may say something else by now."""
        return self._web.settings.get_user is not None and self._handed_on is None and not self._asked.has("get_user")

    @property
    def awaits(self) -> bool:
        """Whether there are callbacks that are yet to be awaited."""
        return any(not self._asked.has(name) for name in self._web.awaited)

    def withholds(self) -> bool:
        """Tell whether it is the visitor's wish that there is no id. Never raises."""
        try:
            return self.objects() or not self._agrees(unasked=True)
        except Exception:  # noqa: BLE001 - requests are foreign
            return False

    @property
    def is_https(self) -> bool:
        """Whether the person's connection is a secure one, as far as it is known."""
        return self.seen().scheme == "https"

    async def ask(self, threaded: Callable[..., Any] | None = None) -> None:
        """Ask the callbacks that have to be awaited, in this event loop.

        Args:
            threaded: Makes of a plain ``get_user`` one that is awaited.
        """
        asked, web = self._asked, self._web
        for name in CALLBACKS:
            is_threaded = threaded is not None and name == "get_user" and web.settings.get_user is not None
            if asked.has(name) or not (is_threaded or name in web.awaited):
                continue
            if name != "get_consent" and (
                self._handed_on is not None or self.objects(may_ask=self.framework is not BARE)
            ):
                asked.forgo(name)
                continue
            await asked.wait(name, self.framework, threaded if is_threaded else None)
        asked.is_complete = False

    def forgo_user(self) -> None:
        """Do without ``get_user``, for a request that the application never sees."""
        self._asked.forgo("get_user")

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
        return None if self.objects() else self._asked.now("get_user", self.framework)

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
            self._surroundings = surroundings_of(self.request, self.seen())
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

    def _anonymous(self) -> str | None:
        found = self._anonymous_id
        if found is _UNASKED:
            found = self._find_anonymous()
            if self._asked.is_complete or self._new_cookie is not None:
                self._anonymous_id = found
        return found

    def _find_anonymous(self) -> str | None:
        settings = self._web.settings
        if settings.get_anonymous_id is not None and (found := self._said("get_anonymous_id")) is not None:
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

    def _said(self, name: str) -> str | None:
        return id_text(self._asked.now(name, self.framework))

    def _has_refused_cookie(self) -> bool:
        web = self._web
        if not web.asks_consent or self._handed_on is not None or web.cookie.name not in self.request.header("cookie"):
            return False
        consent = self._given_consent() if web.cookie.name in self.request.cookies else None
        return consent is not None and consent.get(web.category) is False

    def _session(self) -> str | None:
        settings = self._web.settings
        if settings.get_session_id is not None:
            return self._said("get_session_id")
        if settings.session_cookie is None:
            return None
        return self.request.cookies.get(settings.session_cookie, "")[:256] or None

    def _plain_consent(self) -> Any:
        consent = self._given_consent()
        return None if consent is None else plain_map(consent)

    def _given_consent(self) -> Mapping[str, object] | None:
        found: Mapping[str, object] | None = self._consent
        if found is _UNASKED:
            found = self._find_consent()
            if self._web.settings.get_consent is None or self._asked.has("get_consent"):
                self._consent = found
        return found

    def _find_consent(self) -> Mapping[str, object] | None:
        if self._handed_on is not None and self._handed_on.consent is not None:
            return self._handed_on.consent
        settings = self._web.settings
        if settings.get_consent is not None:
            given = self._asked.now("get_consent", self.framework)
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
