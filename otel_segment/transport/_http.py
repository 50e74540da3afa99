"""The one HTTP client."""

import gzip
import time
from base64 import b64encode
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from otel_segment._version import __version__
from otel_segment.settings import Settings
from otel_segment.transport._base import Reply

__all__ = ["HttpTransport"]

_FOLLOWED = frozenset({307, 308})
_MOST_REDIRECTS = 3
_MOST_TEXT = 2_048
_MOST_DRAINED = 65_536
_GZIP_LEVEL = 6


class HttpTransport:
    """Posts bodies with ``requests``; its connections are shared by all senders of a process.

    Args:
        settings: The settings; endpoint, authorization, headers, compression and certificate are used here.
    """

    def __init__(self, settings: Settings) -> None:
        self._compress = settings.compression == "gzip"
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.concurrency, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._url = settings.url
        # Looked up once: requests would read the environment and .netrc for each request, and a password from
        # there must not take the write key's place.
        found = self._session.merge_environment_settings(
            settings.url, {}, stream=True, verify=settings.certificate, cert=None
        )
        self._proxies, self._verify = found["proxies"], found["verify"]
        self._session.trust_env = False
        self._headers = _headers(settings)

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
            location = urljoin(url, reply.headers.get("location", ""))
            if reply.status not in _FOLLOWED or location == url or not _may_follow(url, location):
                break
            url = location
            reply = self._post(url, body, headers, deadline)
        if 300 <= reply.status < 400:  # noqa: PLR2004 - redirects
            return reply._replace(text=urljoin(url, reply.headers.get("location", "")))
        return reply

    def close(self) -> None:
        """Close the connections that no request is using."""
        self._session.close()

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Reply:
        request = requests.PreparedRequest()
        request.prepare(method="POST", url=url, headers=headers, data=body)
        timeout = max(0.001, deadline - time.monotonic())
        try:
            with self._session.send(
                request,
                timeout=timeout,
                proxies=self._proxies,
                verify=self._verify,
                stream=True,
                allow_redirects=False,
            ) as answer:
                return Reply(
                    answer.status_code,
                    {name.lower(): value for name, value in answer.headers.items()},
                    _read(answer, deadline),
                )
        except (requests.RequestException, OSError, ValueError) as error:
            return Reply(0, {}, _explain(error), _error_type(error))


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


def _may_follow(url: str, location: str) -> bool:
    """Tell whether the same host asks for the request under another address; never over a less safe scheme."""
    here, there = urlsplit(url), urlsplit(location)
    if there.scheme not in {"http", "https"} or here.hostname != there.hostname:
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
