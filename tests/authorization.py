"""A real authorization server for tests: it checks what Segment's would, and misbehaves on command."""

import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from typing_extensions import Self

from otel_segment.inspector import Action, Answer, IncomingRequest

__all__ = ["AuthorizationServer", "bearer_required", "private_key", "public_key"]

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "tracking_api:write"
_LONGEST = 60

Fault = tuple[int, Mapping[str, str], str]


@cache
def private_key(number: int = 0) -> str:
    """Return an RSA private key as PEM text, one for each number."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_key(private: str) -> str:
    """Return the public one of a pair."""
    key = load_pem_private_key(private.encode(), None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class AuthorizationServer:
    """Gives tokens for signed assertions whose every claim is right, each assertion once.

    Args:
        life: Seconds that its tokens live.
        ahead: Seconds that its clock is ahead of the machine's.
        port: Where it listens; 0 takes any free port.
    """

    def __init__(self, *, life: float = 3_600, ahead: float = 0, port: int = 0) -> None:
        self.client_id = f"client-{uuid.uuid4().hex}"
        self.key_id = f"kid-{uuid.uuid4().hex}"
        self.life = life
        self.ahead = ahead
        self.asked: list[float] = []
        """When each request came, on the monotonic clock."""
        self.refused: list[str] = []
        """Why assertions were refused."""
        self.assertions: list[str] = []
        self.given: list[str] = []
        """All tokens that were given, in their order."""
        self.fault: Callable[[], Fault | None] = lambda: None
        """What to answer instead, to requests as they come."""
        self._valid: dict[str, float] = {}
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self._public = public_key(private_key())
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, headers, body = server._answer(self.path, dict(self.headers), form)
                # Not send_response(): it would name the machine's own time.
                self.send_response_only(status)
                for name, value in {"Date": formatdate(time.time() + server.ahead, usegmt=True), **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def setting(self) -> dict[str, str]:
        """The setting ``oauth`` of a client that it knows."""
        return {
            "client_id": self.client_id,
            "key_id": self.key_id,
            "key": private_key(),
            "auth_server": self.url,
        }

    def speak_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.port}"

    def accepts(self, authorization: str) -> bool:
        """Tell whether a request with this header may pass."""
        end = self._valid.get(authorization.removeprefix("Bearer "))
        return authorization.startswith("Bearer ") and end is not None and time.monotonic() < end

    def revoke(self) -> None:
        """Let no token that was given be valid any more."""
        with self._lock:
            self._valid.clear()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self, path: str, headers: Mapping[str, str], text: str) -> Fault:
        with self._lock:
            self.asked.append(time.monotonic())
            form = {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}
            self.assertions.append(form.get("client_assertion", ""))
            if (fault := self.fault()) is not None:
                return fault
            if problem := self._problem(path, headers, form):
                self.refused.append(problem[1])
                return problem[2], {}, json.dumps({"error": problem[0], "error_description": problem[1]})
            token = f"at-{uuid.uuid4().hex}"
            self._valid[token] = time.monotonic() + self.life
            self.given.append(token)
        return 200, {}, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": self.life})

    def _problem(self, path: str, headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str, int] | None:
        wanted = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "scope": _SCOPE,
            "client_assertion": form.get("client_assertion"),
        }
        if path != "/token" or headers.get("Content-Type") != "application/x-www-form-urlencoded" or form != wanted:
            return "invalid_request", "not a request for a token", 400
        try:
            head = jwt.get_unverified_header(form["client_assertion"])
            claims = jwt.decode(
                form["client_assertion"],
                self._public,
                algorithms=["RS256"],
                audience=self.url,
                issuer=self.client_id,
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "require": ["iss", "sub", "aud", "exp", "iat", "jti"],
                },
            )
        except jwt.InvalidTokenError as error:
            return "invalid_client", f"the assertion is worth nothing: {error}", 401
        if head.get("kid") != self.key_id or claims["sub"] != self.client_id:
            return "invalid_client", "unknown key or client", 401
        return self._timely(claims)

    def _timely(self, claims: Mapping[str, Any]) -> tuple[str, str, int] | None:
        now = time.time() + self.ahead
        if claims["exp"] <= now:
            return "invalid_request", "Token is expired", 400
        if claims["iat"] > now + 1:
            return "invalid_request", "Token used before issued", 400
        if claims["exp"] - claims["iat"] > _LONGEST or claims["exp"] > now + _LONGEST:
            return "invalid_request", "exp is too far away", 400
        if claims["jti"] in self._used:
            return "invalid_request", "jti was there before", 400
        self._used.add(claims["jti"])
        return None


def bearer_required(server: AuthorizationServer) -> Callable[[IncomingRequest], Action]:
    """Return the behaviour of an endpoint that lets nobody in without a valid token."""

    def behaviour(request: IncomingRequest) -> Action:
        if server.accepts(request.headers.get("authorization", "")):
            return None
        return Answer(401, body='{"success": false}')

    return behaviour
