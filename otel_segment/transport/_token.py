"""Access tokens, and the signed assertion that one is given for (RFC 7523)."""

import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from otel_segment.settings import OAuth

__all__ = ["Token", "read_token", "signed_assertion", "token_request"]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BEFORE = 5
"""Seconds that an assertion counts back, for a clock of the server that is a little behind."""
_AFTER = 50
"""Seconds that an assertion counts: with those before, Segment wants them to be fewer than 60."""
_USUAL_LIFE = 120.0
"""Seconds that a token is taken to live where the answer does not say."""


@dataclass(slots=True, eq=False)
class Token:
    """An access token.

    Attributes:
        value: The token.
        began: When it was asked for, on the monotonic clock.
        life: Seconds that it is valid from then on.
        is_replacement: Whether it was fetched because the one before was refused.
        has_served: Whether the Tracking API has accepted it.
    """

    value: str = field(repr=False)
    began: float
    life: float
    is_replacement: bool = False
    has_served: bool = False

    @property
    def half_life(self) -> float:
        """When it is time for another, on the monotonic clock."""
        return self.began + self.life / 2

    @property
    def end(self) -> float:
        """When it is valid no more, on the monotonic clock."""
        return self.began + self.life


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


def signed_assertion(oauth: OAuth, now: float) -> str:
    """Return a JSON Web Token that says who we are, for one use.

    Args:
        oauth: The credentials.
        now: The authorization server's time, in seconds since 1970.
    """
    import jwt

    claims = {
        "iss": oauth.client_id,
        "sub": oauth.client_id,
        "aud": oauth.auth_server,
        "jti": str(uuid.uuid4()),
        "iat": int(now) - _BEFORE,
        "exp": int(now) + _AFTER,
    }
    return jwt.encode(claims, oauth.key, algorithm="RS256", headers={"kid": oauth.key_id})


def token_request(oauth: OAuth, assertion: str) -> bytes:
    """Return the body that asks for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": oauth.scope,
    }
    return urlencode(form).encode()


def read_token(text: str, began: float) -> Token | None:
    """Read the token in an answer; None where there is none that a header could hold."""
    try:
        answer = msgspec.json.decode(text, type=_Answer)
        life = _USUAL_LIFE if answer.expires_in is None else float(answer.expires_in)
    except (msgspec.MsgspecError, ValueError):
        return None
    if not re.fullmatch(r"[!-~]+", answer.access_token) or not life > 0:
        return None
    return Token(answer.access_token, began, life)
