"""Requests to one address: the connections, and the answers as values."""

import time
from collections.abc import Mapping
from urllib.parse import urljoin

import requests
from urllib3.util import Timeout

from otel_segment.transport._base import Reply
from otel_segment.transport._deadline import DeadlineAdapter

__all__ = ["MOST_TEXT", "Client"]

MOST_TEXT = 2_048
"""Bytes of an answer's body that a reply holds, unless it is asked for more."""
_MOST_DRAINED = 65_536
_LEAST_TIMEOUT = 0.001


class Client:
    """Posts with ``requests`` over connections of its own, through the proxy that the environment names.

    Args:
        url: The address that decides which proxy is used.
        certificate: A file or folder of certificate authorities; ``None`` for the system's.
        connections: How many are kept open.
        most_text: Bytes of an answer's body that a reply holds.
    """

    def __init__(self, url: str, certificate: str | None, connections: int, most_text: int = MOST_TEXT) -> None:
        # Looked up once: requests would read the environment and .netrc for each request, and a password from
        # there must not take the place of the authorization that a request has.
        with requests.Session() as session:
            found = session.merge_environment_settings(url, {}, stream=True, verify=certificate, cert=None)
        self._proxies, self._verify = found["proxies"], found["verify"] or True
        # The adapter alone: a session would look into redirects by itself, and keep cookies.
        self._adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        self._most_text = most_text

    def post(self, url: str, body: bytes, headers: Mapping[str, str], deadline: float) -> Reply:
        """Post a body; the text of a redirect's reply is the address that it points to.

        Args:
            url: Where to.
            body: The body as it is sent.
            headers: The headers.
            deadline: When the answer has to be there, on the monotonic clock.
        """
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
                text = _target(url, names.get("location", "")) if is_redirect else self._read(answer, deadline)
                return Reply(answer.status_code, names, text)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong on the way: no answer came
            return Reply(0, {}, _explain(error), _error_type(error))

    def close(self) -> None:
        """Close the connections that no request is using."""
        self._adapter.close()

    def _read(self, answer: requests.Response, deadline: float) -> str:
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
        return bytes(read[: self._most_text]).decode("utf-8", "replace")


def _target(url: str, location: str) -> str:
    """Return the address that a redirect points to; empty where it names none."""
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return location


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
    return text if len(text) <= MOST_TEXT else text[:MOST_TEXT]
