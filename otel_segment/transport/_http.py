"""The one HTTP client."""

import gzip
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.util import Timeout

from otel_segment._version import __version__
from otel_segment.settings import Settings, scrubbed
from otel_segment.transport._base import Reply
from otel_segment.transport._deadline import DeadlineAdapter

__all__ = ["HttpTransport"]

_FOLLOWED = frozenset({307, 308})
_MOST_REDIRECTS = 3
_MOST_TEXT = 2_048
_MOST_DRAINED = 65_536
_GZIP_LEVEL = 6
_LEAST_TIMEOUT = 0.001


class HttpTransport:
    """Posts bodies with ``requests``; its connections are shared by all senders of a process.

    Args:
        settings: The settings; endpoint, authorization, headers, compression and certificate are used here.
    """

    def __init__(self, settings: Settings) -> None:
        self._compress = settings.compression == "gzip"
        # Looked up once: requests would read the environment and .netrc for each request, and a password from
        # there must not take the write key's place.
        with requests.Session() as session:
            found = session.merge_environment_settings(
                settings.url, {}, stream=True, verify=settings.certificate, cert=None
            )
        self._proxies, self._verify = found["proxies"], found["verify"] or True
        # The adapter alone: a session would look into redirects by itself, and keep cookies.
        self._adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=settings.concurrency, max_retries=0)
        self._url = settings.url
        self._headers = _headers(settings)
        authorization = self._headers["Authorization"].removeprefix("Basic ")
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
        url = self._url
        reply = self._post(url, body, headers, deadline)
        for _ in range(_MOST_REDIRECTS):
            if reply.status not in _FOLLOWED or not _may_follow(url, reply.text):
                break
            url = reply.text
            reply = self._post(url, body, headers, deadline)
        # What a login page is to come back to is in the query, and nobody's business.
        text = reply.text.partition("?")[0] if 300 <= reply.status < 400 else reply.text  # noqa: PLR2004
        return reply._replace(text=self._without_secrets(text))

    def close(self) -> None:
        """Close the connections that no request is using."""
        self._adapter.close()

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Reply:
        try:
            request = requests.PreparedRequest()
            request.prepare(method="POST", url=url, headers=headers, data=body)
            with self._adapter.send(
                request,
                timeout=Timeout(total=max(_LEAST_TIMEOUT, deadline - time.monotonic())),  # type: ignore[arg-type]
                proxies=self._proxies,
                verify=self._verify,
                stream=True,
            ) as answer:
                names = {name.lower(): value for name, value in answer.headers.items()}
                is_redirect = 300 <= answer.status_code < 400  # noqa: PLR2004
                text = _target(url, names.get("location", "")) if is_redirect else _read(answer, deadline)
                return Reply(answer.status_code, names, text)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong on the way: no answer came
            return Reply(0, {}, _explain(error), _error_type(error))

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
        "Authorization": "Basic " + b64encode(f"{settings.write_key}:".encode()).decode(),
    }
    if settings.auth == "header":
        headers["X-Write-Key"] = settings.write_key
    return headers


def _target(url: str, location: str) -> str:
    """Return the address that a redirect points to; empty where it names none."""
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return location


def _may_follow(url: str, target: str) -> bool:
    """Tell whether the same host asks for the request under another address; never over a less safe scheme."""
    try:
        here, there = urlsplit(url), urlsplit(target)
        if here.hostname != there.hostname or there.scheme not in {"http", "https"}:
            return False
    except ValueError:
        return False
    return there.scheme in {here.scheme, "https"}


def _read(answer: requests.Response, deadline: float) -> str:
    """Read an answer as far as it is of use: to its end where that comes soon, so that the connection lives on.

    The status is the answer; a body that breaks off or never ends changes nothing.
    """
    read = bytearray()
    try:
        for chunk in answer.iter_content(1_024):
            read += chunk
            if len(read) > _MOST_DRAINED or time.monotonic() > deadline:
                answer.close()
                break
    except (requests.RequestException, OSError):
        answer.close()
    return bytes(read[:_MOST_TEXT]).decode("utf-8", "replace")


def _error_type(error: Exception) -> str:
    return type(error).__qualname__


def _explain(error: Exception) -> str:
    """Return the innermost cause in words: the outer ones repeat the address and the objects' names."""
    cause: BaseException = error
    while True:
        inner = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__
        if not isinstance(inner, BaseException) or inner is cause:
            break
        cause = inner
    text = str(cause) or type(cause).__qualname__
    return text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT]
