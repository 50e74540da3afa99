"""OAuth 2.0 client credentials, as a setting: given in one map, in variables, or part here and part there."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from otel_segment import _endpoint

__all__ = ["VARIABLES", "OAuth", "in_region", "join_oauth", "parse_oauth", "show_oauth"]

VARIABLES: Mapping[str, str] = {
    part: f"OTEL_EXPORTER_SEGMENT_OAUTH_{part.upper()}" for part in ("client_id", "key_id", "key_file", "auth_server")
}
"""The environment variable of each part that has one."""

_PARTS = ("client_id", "key_id", "key", "key_file", "auth_server", "scope")
_AUTH_SERVERS = {"us": "https://oauth2.segment.io", "eu": "https://oauth2.eu1.segmentapis.com"}
_SCOPE = "tracking_api:write"
_TOKEN_PATH = "/token"  # noqa: S105 - a path
_LEAST_BITS = 2_048
_MOST_KEY_BYTES = 65_536
_NOT_INSTALLED = "it needs PyJWT and cryptography, which are not installed; run pip install 'otel-segment[oauth]'"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OAuth:
    """Checked OAuth 2.0 client credentials.

    Attributes:
        client_id: The id of the OAuth application.
        key_id: The id of the public key that the authorization server has.
        key: The RSA private key, as PEM text.
        auth_server: The base URL of the authorization server, without a slash at its end.
        scope: What the access token is asked for.
    """

    client_id: str
    key_id: str
    key: str
    auth_server: str
    scope: str

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(client_id={self.client_id!r}, key_id={self.key_id!r}, key='***', "
            f"auth_server={self.auth_server!r}, scope={self.scope!r})"
        )


def join_oauth(argument: object, environ: Mapping[str, str]) -> object:
    """Add to the argument those parts that it does not give and the environment does."""
    if argument is not None and not isinstance(argument, Mapping):
        return argument
    parts = {name: content for name, content in (argument or {}).items() if content is not None and content != ""}
    for name, text in ((name, environ.get(variable, "").strip()) for name, variable in VARIABLES.items()):
        if text and not (name == "key_file" and "key" in parts):
            parts.setdefault(name, text)
    return parts


def parse_oauth(value: object) -> OAuth:
    """Parse the credentials, to the key itself; an authorization server that is not given stays empty."""
    if not isinstance(value, Mapping):
        message = "not a map; write a map with client_id, key_id, and key or key_file"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    for problem in _problems(value):
        raise ValueError(problem)
    return OAuth(
        client_id=_id(value, "client_id"),
        key_id=_id(value, "key_id"),
        key=_key(value["key"], "key") if "key" in value else _key(_content(value["key_file"]), "key_file"),
        auth_server=_auth_server(value["auth_server"]) if "auth_server" in value else "",
        scope=_scope(value.get("scope", _SCOPE)),
    )


def in_region(oauth: OAuth | None, region: str) -> OAuth | None:
    """Fill in the authorization server of the region where none was given."""
    if oauth is None or oauth.auth_server:
        return oauth
    return replace(oauth, auth_server=_AUTH_SERVERS[region])


def show_oauth(value: object) -> str:
    """Name the parts that there are, and show nothing of them."""
    if not isinstance(value, Mapping):
        return f"a value of type {type(value).__name__}, not shown"
    return f"a map with {_listed([part for part in _PARTS if part in value]) or 'nothing known'}"


def _problems(value: Mapping[object, object]) -> Iterator[str]:
    if set(value).difference(_PARTS):
        yield f"it has a name that is none of {', '.join(_PARTS)}; correct or remove that name"
    if "key" in value and "key_file" in value:
        yield "it has both key and key_file; give one of them"
    needed = {"client_id": "client_id", "key_id": "key_id", "key_file": "key or key_file"}
    has_key = "key" in value
    missing = [
        f"{text} ({VARIABLES[part]} in the environment)"
        for part, text in needed.items()
        if part not in value and not (part == "key_file" and has_key)
    ]
    if missing:
        yield f"without {_listed(missing)} there is no token to be had; give what is missing, or nothing of oauth"


def _listed(texts: list[str]) -> str:
    *first, last = texts or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _id(value: Mapping[object, object], part: str) -> str:
    text = value[part]
    if not isinstance(text, str) or not re.fullmatch(r"[!-~]+", text.strip()):
        message = f"{part} is not an id; copy it from the OAuth application in Segment, in quotes"
        raise ValueError(message)
    return text.strip()


def _scope(scope: object) -> str:
    if not isinstance(scope, str) or not re.fullmatch(r"[ -~]+", scope.strip()):
        message = f"scope is not a text; write scopes with a space between them, such as {_SCOPE}"
        raise ValueError(message)
    return scope.strip()


def _auth_server(url: object) -> str:
    cure = f"auth_server cannot be used; write the base URL of the authorization server, such as {_AUTH_SERVERS['us']}"
    if not isinstance(url, str):
        raise ValueError(cure)  # noqa: TRY004  # every parser fails with ValueError
    try:
        base, path = _endpoint.normalize(url, _TOKEN_PATH)
    except ValueError:
        raise ValueError(cure) from None
    return (base + path).removesuffix(_TOKEN_PATH)


def _content(place: object) -> str:
    """Read the key's file."""
    cure = "give the path of the private key, a PEM file that this process may read"
    if not isinstance(place, (str, os.PathLike)):
        message = f"key_file is not a path; {cure}"
        raise ValueError(message)  # noqa: TRY004  # every parser fails with ValueError
    try:
        with Path(place).expanduser().open("rb") as file:
            return file.read(_MOST_KEY_BYTES).decode("ascii", "replace")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        message = f"key_file cannot be read ({getattr(error, 'strerror', None) or 'not a path'}); {cure}"
    raise ValueError(message)


def _key(text: object, part: str) -> str:
    """Check that a text is a private key that can sign with RS256."""
    try:
        import jwt  # noqa: F401 - it is used where the token is fetched
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise ValueError(_NOT_INSTALLED) from None
    problem = f"{part} is no RSA private key in PEM form; give the private one of the two, from -----BEGIN to KEY-----"
    # In an environment file or in JSON a line break is often written out.
    pem = text.strip().replace("\\n", "\n") + "\n" if isinstance(text, str) else ""
    try:
        key = load_pem_private_key(pem.encode(), None)
        if isinstance(key, RSAPrivateKey):
            if key.key_size >= _LEAST_BITS:
                return pem
            problem = f"the key in {part} is shorter than {_LEAST_BITS} bits; make a longer one"
    except TypeError:
        problem = f"the key in {part} is locked with a password; give it without one: openssl rsa -in FILE -out FILE"
    except Exception:  # noqa: BLE001, S110 - there are as many errors as there are things that are no key
        pass
    raise ValueError(problem)
