"""The HTTP side of the endpoint: requests in, answers out."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from otel_segment.inspector._behaviour import Action, Answer, Behaviour, Cut, IncomingRequest, Reset, Wait
from otel_segment.inspector._body import BodyError, read_body, unpack_body
from otel_segment.inspector._cors import cors_headers
from otel_segment.inspector._courtesy import courtesy, meant_path
from otel_segment.inspector._intake import BATCH_PATHS, SINGLE_PATHS, Judgement, judge
from otel_segment.inspector._received import ReceivedStore, RequestFacts
from otel_segment.inspector._replies import RESET_ON_CLOSE, SUCCESS, failure

__all__ = ["EndpointHandler", "EndpointState"]

_PATHS: Final = BATCH_PATHS | SINGLE_PATHS.keys()
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-write-key"})
_JSON: Final = {"Content-Type": "application/json"}
_LINGER_SECONDS: Final = 1.0
_BODYLESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@dataclass(slots=True)
class EndpointState:
    """What the connections of one endpoint have in common.

    Attributes:
        store: Where everything that arrives is noted.
        write_key: The only key to let in; ``None`` lets in all.
        behaviour: The faults to have; ``None`` for none.
        closing: Set when the endpoint is about to end; it ends all waiting.
    """

    store: ReceivedStore
    write_key: str | None = None
    behaviour: Behaviour | None = None
    closing: threading.Event = field(default_factory=threading.Event)


class EndpointHandler(BaseHTTPRequestHandler):
    """Serves one connection, request after request."""

    protocol_version = "HTTP/1.1"
    server_version = "otel-segment"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 65_536
    timeout = 120

    def __init__(self, state: EndpointState, *connection: Any) -> None:
        self._state = state
        super().__init__(*connection)

    def do_POST(self) -> None:
        """Take in events."""
        path = self.path.partition("?")[0]
        headers = self._lower_headers()
        if path not in _PATHS:
            self._answer_others(path)
            return
        shown = {name: value for name, value in headers.items() if name not in _SECRET_HEADERS}
        facts = self._state.store.begin(path, shown)
        request = IncomingRequest(facts.number, path, headers, lambda: self._body(headers, facts))
        try:
            behaviour = self._state.behaviour
            self._act(behaviour(request) if behaviour else None, request, facts)
        except BodyError as error:
            self._reply(facts, error.status, _JSON, failure(error.sentence), close=True)

    def do_GET(self) -> None:
        """Say in a few lines of text what has arrived."""
        path = self.path.partition("?")[0]
        if path == "/":
            self._skip_body()
            self._answer(HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"}, self._summary().encode())
        else:
            self._answer_others(path)

    do_HEAD = do_GET  # noqa: N815

    def do_OPTIONS(self) -> None:
        """Let browsers send, and turn away every other method."""
        self._answer_others(self.path.partition("?")[0])

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the store knows everything."""

    def _act(self, action: Action, request: IncomingRequest, facts: RequestFacts) -> None:
        if action is None:
            self._handle(request, facts)
        elif isinstance(action, Answer):
            self._canned(action, request, facts)
        elif isinstance(action, Cut):
            self._take(self._judge(request, facts), facts, accept=action.accept)
            self.close_connection = True
        elif isinstance(action, Reset):
            self._reset()
        elif isinstance(action, Wait):
            self._wait(action, request, facts)
        else:
            self._wait(Wait(action), request, facts)

    def _handle(self, request: IncomingRequest, facts: RequestFacts) -> None:
        judgement = self._judge(request, facts)
        self._take(judgement, facts, accept=True)
        body = failure(judgement.reason) if judgement.reason else SUCCESS
        self._reply(facts, judgement.status, _JSON, body)

    def _canned(self, answer: Answer, request: IncomingRequest, facts: RequestFacts) -> None:
        self._take(self._judge(request, facts), facts, accept=answer.accept)
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self._reply(facts, answer.status, answer.headers, body)

    def _wait(self, action: Wait, request: IncomingRequest, facts: RequestFacts) -> None:
        if self._state.closing.wait(action.seconds):
            self.close_connection = True
        else:
            self._act(action.then, request, facts)

    def _judge(self, request: IncomingRequest, facts: RequestFacts) -> Judgement:
        judgement = judge(request.path, request.headers, request.body, self._state.write_key)
        facts.events = len(judgement.events)
        facts.sent_at = judgement.sent_at
        facts.key = judgement.key
        facts.problems = judgement.problems
        return judgement

    def _take(self, judgement: Judgement, facts: RequestFacts, *, accept: bool) -> None:
        if judgement.reason:
            self._state.store.refuse(len(judgement.events))
        elif accept:
            self._state.store.accept(judgement.events, facts)

    def _body(self, headers: Mapping[str, str], facts: RequestFacts) -> bytes:
        raw = read_body(self.rfile, headers)
        facts.size = len(raw)
        return unpack_body(raw, headers.get("content-encoding", ""))

    def _lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _answer_others(self, path: str) -> None:
        polite = courtesy(self.command, path, self._lower_headers())
        if polite is None:
            self._turn_away(path)
        else:
            self._skip_body()
            self._answer(*polite)

    def _turn_away(self, path: str) -> None:
        self._skip_body()
        if path in _PATHS or path == "/":
            allowed = {"Allow": "POST, OPTIONS" if path in _PATHS else "GET, HEAD"}
            status, sentence = HTTPStatus.METHOD_NOT_ALLOWED, "This path does not take that method."
        else:
            allowed = {}
            meant = meant_path(path)
            hint = f"; was {meant} meant?" if meant else "."
            status, sentence = HTTPStatus.NOT_FOUND, f"There is nothing at this path{hint}"
        self._answer(status, {**_JSON, **allowed}, failure(sentence), close=True)

    def _skip_body(self) -> None:
        headers = self._lower_headers()
        if {"content-length", "transfer-encoding"} & headers.keys():
            try:
                read_body(self.rfile, headers)
            except BodyError:
                self.close_connection = True

    def _reply(
        self,
        facts: RequestFacts,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        close: bool = False,
    ) -> None:
        # Before the answer is on its way: whoever has it must find the status here.
        self._state.store.settle(facts, int(status))
        shared = cors_headers({"origin": self.headers.get("origin", "")})
        self._answer(status, {**shared, **headers}, body, close=close)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes, *, close: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in _BODYLESS:
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status not in _BODYLESS:
            self.wfile.write(body)
        if close:
            self._linger()

    def _linger(self) -> None:
        # Closing with bytes unread resets the connection, and the client may lose the answer.
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            while self.rfile.read1(65_536):
                pass

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        # The stream objects of this handler keep the socket open beyond its own close().
        socket.close(self.connection.detach())

    def _summary(self) -> str:
        store = self._state.store
        lines = ["A local endpoint that speaks Segment's HTTP Tracking API. POST events to /v1/batch.", ""]
        lines += [f"{kind or '(no type)'}: {count}" for kind, count in sorted(store.types().items())]
        lines += [f"events: {len(store)}", f"repeats: {store.duplicates}", f"refused: {store.refused}"]
        return "\n".join(lines) + "\n"
