"""Where requests get their access token from: OAuth 2.0 client credentials, one fetch at a time."""

import logging
import math
import os
import threading
import time
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from weakref import WeakValueDictionary

import msgspec

from otel_segment._log import say
from otel_segment._version import __version__
from otel_segment.settings import OAuth, scrubbed
from otel_segment.transport._base import Reply
from otel_segment.transport._client import Client
from otel_segment.transport._token import Token, read_token, signed_assertion, token_request
from otel_segment.wire import backoff, retry_after

__all__ = ["TokenSource", "token_source"]

_MOST_ANSWER = 65_536
_MOST_SAID = 120
_REFUSED = 401
_TOO_MANY = 429
_OFF_BY = 5.0
"""Seconds that the server's clock may differ from ours before we go by it."""
_UNASKED_WAIT = 5.0
"""Seconds to wait where a rate limit does not say how many."""
_TROUBLE_WAIT = 0.2
"""Seconds for which a failure is every request's: those that waited for the token, each of which backs off itself."""
_REPLACED_WITHIN = 60.0
"""Seconds for which a token that replaces a refused one, and is refused too, is not replaced in turn."""
_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"otel-segment/{__version__}",
}


class TokenSource:
    """The access token that all requests of a process share.

    Args:
        oauth: The credentials.
        client: The way to the authorization server.
    """

    def __init__(self, oauth: OAuth, client: Client) -> None:
        self._oauth = oauth
        self._client = client
        self._fetching = threading.Lock()
        self._token: Token | None = None
        self._is_refused = False
        self._refusals = 0
        self._failure = Reply(0, {}, "")
        self._asked_to_wait = False
        self._closed_until = -math.inf
        self._ahead = 0.0
        """Seconds that the server's clock is ahead of ours."""

    def token(self, deadline: float) -> Token | Reply:
        """Return the token, fetched where there is none and renewed from half of its life on.

        One request fetches it; the others wait for that, or go on with the old one while it is valid.

        Args:
            deadline: When the request has to be done, on the monotonic clock.

        Returns:
            The token, or what a request without one comes to.
        """
        now = time.monotonic()
        token = self._token
        if token is not None and now < token.half_life:
            return token
        old = token if token is not None and now < token.end else None
        patience = 0.0 if old else min(max(0.0, deadline - now), threading.TIMEOUT_MAX)
        if not self._fetching.acquire(timeout=patience):
            return old or self._trouble("no answer yet to the request of another sender", "TimeoutError")
        try:
            # While there is an old one, half of the time is for the request itself.
            is_new, outcome = self._renewed(deadline if old is None else now + (deadline - now) / 2)
        finally:
            self._fetching.release()
        if old is None or isinstance(outcome, Token):
            return outcome
        if is_new:
            say(
                f"access token {self._oauth.auth_server}",
                logging.WARNING,
                "%s; the old one is used while it is valid",
                outcome.text,
            )
        return old

    def replace(self, refused: Token) -> bool:
        """Let a token be replaced that the Tracking API has refused; False where another would do no better."""
        is_vain = refused.is_replacement and not refused.has_served
        if is_vain and time.monotonic() < refused.began + _REPLACED_WITHIN:
            return False
        if self._token is refused:
            self._token, self._is_refused = None, True
        return True

    def close(self) -> None:
        """Close the connections that no request is using."""
        self._client.close()

    def _renewed(self, deadline: float) -> tuple[bool, Token | Reply]:
        """Return a fresh token, or why there is none; and whether that is news."""
        token = self._token
        now = time.monotonic()
        if token is not None and now < token.half_life:
            return False, token
        if now < self._closed_until:
            return False, self._still_failing(now)
        return True, self._fetch(deadline)

    def _still_failing(self, now: float) -> Reply:
        if not self._asked_to_wait:
            return self._failure
        return self._failure._replace(headers={"retry-after": f"{self._closed_until - now:.3f}"})

    def _fetch(self, deadline: float) -> Token | Reply:
        began = time.monotonic()
        reply = self._ask(deadline)
        if self._clock_corrected(reply) and 400 <= reply.status < 500 and reply.status != _TOO_MANY:  # noqa: PLR2004
            reply = self._ask(deadline)
        token = read_token(reply.text, began) if 200 <= reply.status < 300 else None  # noqa: PLR2004
        if token is None:
            return self._failed(reply)
        token.is_replacement = self._is_refused
        self._token, self._is_refused, self._refusals = token, False, 0
        return token

    def _ask(self, deadline: float) -> Reply:
        assertion = signed_assertion(self._oauth, time.time() + self._ahead)
        url = f"{self._oauth.auth_server}/token"
        reply = self._client.post(url, token_request(self._oauth, assertion), _HEADERS, deadline)
        return reply._replace(text=scrubbed(reply.text, assertion))

    def _clock_corrected(self, reply: Reply) -> bool:
        """Go by the server's clock; tell whether that makes a difference."""
        date = _date(reply.headers)
        if date is None or abs(date - time.time() - self._ahead) <= _OFF_BY:
            return False
        self._ahead = date - time.time()
        return True

    def _failed(self, reply: Reply) -> Reply:
        """Remember what went wrong, and leave the server alone for a while."""
        failure = self._explained(reply)
        is_refused = failure.status == _REFUSED
        self._refusals = self._refusals + 1 if is_refused else 0
        asked = retry_after(reply.headers, time.time() + self._ahead)
        if reply.status == _TOO_MANY and asked is None:
            asked = _UNASKED_WAIT
        self._asked_to_wait = asked is not None
        if asked is None:
            # What was refused once will most likely be refused again.
            asked = backoff(self._refusals, 1.0) if is_refused else _TROUBLE_WAIT
        self._failure = failure
        now = time.monotonic()
        self._closed_until = now + asked
        return self._still_failing(now)

    def _explained(self, reply: Reply) -> Reply:
        """Return what the authorization server's answer means for a request that needs a token."""
        if not reply.status:
            return self._trouble(reply.text, reply.error)
        if 200 <= reply.status < 300:  # noqa: PLR2004
            # It may hold a secret, in whatever form.
            return self._trouble(f"answered {reply.status} with nothing that is a token", "NoAccessToken")
        said = f"answered {reply.status}" + (f": {said}" if (said := _said(reply)) else "")
        if reply.status == _TOO_MANY:
            return Reply(_TOO_MANY, {}, self._line(said))
        if reply.status >= 500 or reply.status == 408:  # noqa: PLR2004
            return self._trouble(said, "NoAccessToken")
        return Reply(_REFUSED, {}, self._line(said))

    def _trouble(self, what: str, error: str) -> Reply:
        return Reply(0, {}, self._line(what), error)

    def _line(self, what: str) -> str:
        return f"no access token from {self._oauth.auth_server}: {what}"


class _ErrorAnswer(msgspec.Struct):
    error: str
    error_description: str = ""


def _said(reply: Reply) -> str:
    """Return what an answer says of the error, in a line."""
    try:
        answer = msgspec.json.decode(reply.text, type=_ErrorAnswer)
        text = ": ".join(filter(None, (answer.error, answer.error_description)))
    except msgspec.MsgspecError:
        # A redirect's text is an address; its query is nobody's business.
        text = reply.text.partition("?")[0] if 300 <= reply.status < 400 else reply.text  # noqa: PLR2004
    return " ".join(text.split())[:_MOST_SAID]


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        date = parsedate_to_datetime(headers["date"])
        # The oldest form of HTTP dates names no time zone; all of them are in UTC.
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


_sources: "WeakValueDictionary[tuple[int, OAuth, str | None], TokenSource]" = WeakValueDictionary()


def token_source(oauth: OAuth, certificate: str | None) -> TokenSource:
    """Return the source of tokens for these credentials, the same for every exporter of the process."""
    key = (os.getpid(), oauth, certificate)
    return _sources.get(key) or _sources.setdefault(
        key, TokenSource(oauth, Client(oauth.auth_server, certificate, 1, _MOST_ANSWER))
    )
