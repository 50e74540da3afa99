"""An inspector, asked over HTTP."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from otel_segment.cli._command import UNUSABLE, CommandError

__all__ = ["Address", "Inspector", "News", "NotThereError", "address_of"]

_TIMEOUT = 10.0
_SILENCE = 45.0
"""Seconds after which a stream that says nothing is taken for broken; the inspector speaks every 15."""
_LONGEST_LINE = 64 * 2**20
_TOKEN = re.compile(r"[!-~]+")


class NotThereError(Exception):
    """The inspector does not answer, or not as one; it may yet."""


class Address(NamedTuple):
    """Where an inspector is."""

    scheme: str
    host: str
    port: int | None
    prefix: str
    token: str | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.prefix}"


class News(NamedTuple):
    """What the stream said: rows, oldest first, and how many before them it left out."""

    rows: Sequence[dict[str, Any]]
    skipped: int


def address_of(url: str, token: str | None) -> Address:
    """Read an address; the one that an inspector prints at its start brings the token with it.

    Raises:
        CommandError: It is none.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        msg = f"argument --url: {url!r} is no address; write it like http://127.0.0.1:8765"
        raise CommandError(msg, UNUSABLE)
    given = token or parse_qs(parts.query).get("token", [None])[0]
    if given and not _TOKEN.fullmatch(given):
        msg = "argument --token: an inspector's token is letters, digits and signs of ASCII, without spaces"
        raise CommandError(msg, UNUSABLE)
    return Address(parts.scheme, host, port, parts.path.rstrip("/"), given)


class Inspector:
    """Asks an inspector.

    Args:
        address: Where it is.
    """

    def __init__(self, address: Address) -> None:
        self._address = address

    def event(self, number: int) -> dict[str, Any] | None:
        """Return an event, or ``None`` where it is not there any more.

        Raises:
            NotThereError: The inspector does not answer.
            CommandError: It does not let this command in.
        """
        connection = self._connect(_TIMEOUT)
        with closing(connection):
            answer = self._get(connection, f"/api/events/{number}", {})
            if answer.status == HTTPStatus.NOT_FOUND:
                return None
            return self._parsed(answer)

    def events(self, question: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Return rows, newest first.

        Raises:
            NotThereError: The inspector does not answer.
            CommandError: It does not let this command in.
        """
        connection = self._connect(_TIMEOUT)
        with closing(connection):
            found = self._parsed(self._get(connection, f"/api/events?{urlencode(question)}", {})).get("events")
        return found if isinstance(found, list) else []

    def news(self, after: int) -> Iterator[News]:
        """Yield what arrives, as it does, until the connection ends.

        Args:
            after: The number of the last event that is known.

        Raises:
            NotThereError: The inspector does not answer.
            CommandError: It does not let this command in.
        """
        connection = self._connect(_SILENCE)
        with closing(connection):
            answer = self._get(connection, f"/api/live?after={after}", {"Accept": "text/event-stream"})
            self._check(answer)
            for name, data in _stream_events(answer):
                if name == "events":
                    found = _object(data)
                    yield News(found.get("events", []), found.get("skipped", 0))

    def _connect(self, timeout: float) -> HTTPConnection:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        return kind(self._address.host, self._address.port, timeout=timeout)

    def _get(self, connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> HTTPResponse:
        allowed = {"Authorization": f"Bearer {self._address.token}"} if self._address.token else {}
        try:
            connection.request("GET", self._address.prefix + path, headers={**headers, **allowed})
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            raise NotThereError(_why(error)) from error

    def _parsed(self, answer: HTTPResponse) -> dict[str, Any]:
        self._check(answer)
        try:
            return _object(answer.read())
        except (OSError, HTTPException) as error:
            raise NotThereError(_why(error)) from error

    def _check(self, answer: HTTPResponse) -> None:
        if answer.status == HTTPStatus.UNAUTHORIZED:
            which = "another" if self._address.token else "a"
            msg = f"{self._address} wants {which} token; give the one that the inspector was started with as --token"
            raise CommandError(msg)
        if answer.status != HTTPStatus.OK:
            msg = f"it answers {answer.status} {answer.reason}, as no inspector does"
            raise NotThereError(msg)


def _stream_events(answer: HTTPResponse) -> Iterator[tuple[str, bytes]]:
    """Yield the server-sent events of an answer."""
    name, data = "message", b""
    while line := _line(answer):
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode(errors="replace")
        elif field == b"data":
            data += value
        elif line in {b"\n", b"\r\n"}:
            yield name, data
            name, data = "message", b""


def _line(answer: HTTPResponse) -> bytes:
    try:
        return answer.readline(_LONGEST_LINE)
    except (OSError, HTTPException, ValueError):
        # However it ended, it has ended.
        return b""


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = "what it answers is not what an inspector does"
        raise NotThereError(msg)
    return found


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
