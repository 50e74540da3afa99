"""The one HTTP client."""

import gzip
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

from otel_segment._version import __version__
from otel_segment.settings import Settings, scrubbed
from otel_segment.transport._base import Reply
from otel_segment.transport._client import Client
from otel_segment.transport._oauth import TokenSource, token_source
from otel_segment.transport._token import Token

__all__ = ["HttpTransport"]

_FOLLOWED = frozenset({307, 308})
_MOST_REDIRECTS = 3
_UNAUTHORIZED = 401
_GZIP_LEVEL = 6

_BESIDES = 2
"""Connections besides those of the senders: who drains the spool, and who waits at the end of the process."""


class HttpTransport:
    """Posts bodies with ``requests``; its connections are shared by all senders of a process.

    Args:
        settings: The settings; endpoint, authorization, headers, compression and certificate are used here.
    """

    def __init__(self, settings: Settings) -> None:
        self._compress = settings.compression == "gzip"
        self._client = Client(settings.url, settings.certificate, settings.concurrency + _BESIDES)
        self._url = settings.url
        self._tokens = None if settings.oauth is None else token_source(settings.oauth, settings.certificate)
        self._headers = _headers(settings)
        authorization = self._headers.get("Authorization", "").removeprefix("Basic ")
        self._secrets = (authorization, settings.write_key, *settings.headers.values())

    def send(self, body: bytes, retries: int, timeout: float) -> Reply:
        """Post a body; follow a redirect that keeps the method, the body and the host."""
        deadline = time.monotonic() + timeout
        headers = dict(self._headers)
        if retries:
            headers["X-Retry-Count"] = str(retries)
        if self._compress:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, _GZIP_LEVEL)
        if self._tokens is None:
            return self._post(body, headers, deadline)
        return self._post_with_token(self._tokens, body, headers, deadline)

    def close(self) -> None:
        """Close the connections that no request is using."""
        self._client.close()
        if self._tokens is not None:
            self._tokens.close()

    def _post_with_token(self, tokens: TokenSource, body: bytes, headers: dict[str, str], deadline: float) -> Reply:
        """Post a body with the access token; where that is refused, once more with another."""
        token = tokens.token(deadline)
        if not isinstance(token, Token):
            return token
        reply = self._post(body, headers | {"Authorization": f"Bearer {token.value}"}, deadline, token.value)
        if reply.status == _UNAUTHORIZED and tokens.replace(token):
            newer = tokens.token(deadline)
            if not isinstance(newer, Token):
                return newer
            token = newer
            reply = self._post(body, headers | {"Authorization": f"Bearer {token.value}"}, deadline, token.value)
        if 200 <= reply.status < 300:  # noqa: PLR2004
            token.has_served = True
        return reply

    def _post(self, body: bytes, headers: Mapping[str, str], deadline: float, token: str = "") -> Reply:
        url = self._url
        reply = self._client.post(url, body, headers, deadline)
        for _ in range(_MOST_REDIRECTS):
            if reply.status not in _FOLLOWED or not _may_follow(url, reply.text):
                break
            url = reply.text
            reply = self._client.post(url, body, headers, deadline)
        # What a login page is to come back to is in the query, and nobody's business.
        text = reply.text.partition("?")[0] if 300 <= reply.status < 400 else reply.text  # noqa: PLR2004
        return reply._replace(text=scrubbed(self._without_secrets(text), token))

    def _without_secrets(self, text: str) -> str:
        """Mask what is ours in what the endpoint says; some repeat the headers that they were sent."""
        for secret in self._secrets:
            text = scrubbed(text, secret)
        return text


def _headers(settings: Settings) -> dict[str, str]:
    headers = {
        **settings.headers,
        "Content-Type": "application/json",
        "User-Agent": f"otel-segment/{__version__}",
        "Accept-Encoding": "identity",
    }
    if settings.oauth is None:
        headers["Authorization"] = "Basic " + b64encode(f"{settings.write_key}:".encode()).decode()
    if settings.auth == "header":
        headers["X-Write-Key"] = settings.write_key
    return headers


def _may_follow(url: str, target: str) -> bool:
    """Tell whether the same host asks for the request under another address; never over a less safe scheme."""
    try:
        here, there = urlsplit(url), urlsplit(target)
        if here.hostname != there.hostname or there.scheme not in {"http", "https"}:
            return False
    except ValueError:
        return False
    return there.scheme in {here.scheme, "https"}
